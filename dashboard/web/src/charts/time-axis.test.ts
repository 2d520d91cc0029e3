import { expect, test } from 'vitest'
import { labelAt, timeTicks } from './time-axis.ts'

const at = (text: string) => Date.parse(`2026-11-21T${text}`)

test('an hour has ticks at round minutes, in the zone of the reader', () => {
  const ticks = timeTicks(at('08:07:30'), at('09:07:30'), 6)
  expect(ticks.map((tick) => new Date(tick).toTimeString().slice(0, 5))).toEqual([
    '08:10',
    '08:20',
    '08:30',
    '08:40',
    '08:50',
    '09:00',
  ])
})

test.each([
  ['15 min', 15 * 60_000],
  ['6 h', 6 * 3_600_000],
  ['24 h', 86_400_000],
  ['30 d', 30 * 86_400_000],
  ['2 y', 730 * 86_400_000],
])('%s has between 2 and 6 ticks, all inside', (_name, span) => {
  const to = at('09:07:31')
  const ticks = timeTicks(to - span, to, 6)
  expect(ticks.length).toBeGreaterThanOrEqual(2)
  expect(ticks.length).toBeLessThanOrEqual(7)
  expect(ticks.every((tick) => tick >= to - span && tick <= to)).toBe(true)
})

test('a label near an end is within it, others are at their ticks', () => {
  const label = '26 Nov, 18:00'
  expect(labelAt(500, 1000, label)).toBe(500)
  expect(labelAt(0, 1000, label)).toBeGreaterThan(35)
  expect(labelAt(1000, 1000, label)).toBeLessThan(965)
  expect(labelAt(0, 1000, '18:00')).toBeLessThan(labelAt(0, 1000, label))
})
