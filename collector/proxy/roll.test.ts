import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Entry, Roll } from './roll.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

test('who was added is there until it left, in whatever order', () => {
  const roll = new Roll<Entry & { name: string }>()
  const [a, b, c] = [
    { place: -1, name: 'a' },
    { place: -1, name: 'b' },
    { place: -1, name: 'c' },
  ] as const
  const names = () => roll.all().map(({ name }) => name)
  expect(roll.delete(a)).toBe(false)
  for (const member of [a, b, c]) roll.add(member)
  expect(names()).toEqual(['a', 'b', 'c'])
  expect([roll.delete(a), roll.delete(a)]).toEqual([true, false])
  expect(names().toSorted()).toEqual(['b', 'c'])
  roll.add(a)
  for (const member of [b, c]) expect(roll.delete(member)).toBe(true)
  expect(names()).toEqual(['a'])
  expect(roll.delete(a)).toBe(true)
  expect(roll.size).toBe(0)
})

test('those who left do not wait for a full collection', () => {
  const roll = new Roll<Entry & { ballast: number[] }>()
  const present: (Entry & { ballast: number[] })[] = []
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 4_000; i++) {
    const member = { place: -1, ballast: Array.from({ length: 500 }, () => i) }
    roll.add(member)
    present.push(member)
    const first = present.length > 32 ? present.shift() : undefined
    if (first) roll.delete(first)
    // What survives twice is old.
    for (let times = i === 100 ? 2 : i % 50 === 0 ? 1 : 0; times > 0; times--) collect({ type: 'minor' })
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 * 2 ** 20)
})
