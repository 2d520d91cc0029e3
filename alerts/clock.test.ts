import { expect, test } from 'vitest'
import { noticingSteps } from './clock.ts'
import { manualClock } from './testing/manual-clock.ts'

/** What is heard of the clock's steps, and which tasks run. */
function noticed() {
  const clock = manualClock(1_000_000)
  const heard: (number | string)[] = []
  const noticing = noticingSteps(clock, (byMs) => void heard.push(byMs))
  return { clock, noticing, heard }
}

test('a step is heard of once, before the new time is read', () => {
  const { clock, noticing, heard } = noticed()
  clock.step(-600_000)
  expect(noticing.now()).toBe(400_000)
  expect(noticing.now()).toBe(400_000)
  clock.step(5_000)
  noticing.now()
  expect(heard).toEqual([-600_000, 5_000])
})

test('time that goes by is no step, nor what clocks are off by; small steps add up', async () => {
  const { clock, noticing, heard } = noticed()
  await clock.advance(3_600_000)
  noticing.now()
  clock.step(-600)
  noticing.now()
  expect(heard).toEqual([])
  clock.step(-600)
  noticing.now()
  expect(heard).toEqual([-1_200])
})

test('a process that is held up while it reads the time sees no step', () => {
  const clock = manualClock(1_000_000)
  let held = 0
  const reads = [0, 0, 90_000]
  const heard: number[] = []
  const slow = { ...clock, elapsed: () => (held += reads.shift() ?? 0), now: () => 1_000_000 + held }
  noticingSteps(slow, (byMs) => void heard.push(byMs)).now()
  expect(heard).toEqual([])
})

test('a task hears of the step first, and may be cancelled by who did', async () => {
  const clock = manualClock(1_000_000)
  const ran: string[] = []
  let cancel = () => {}
  const noticing = noticingSteps(clock, () => {
    ran.push('step')
    cancel()
  })
  cancel = noticing.after(1_000, () => void ran.push('cancelled'))
  noticing.after(1_000, () => void ran.push('kept'))
  clock.step(-600_000)
  await clock.advance(1_000)
  expect(ran).toEqual(['step', 'kept'])
})
