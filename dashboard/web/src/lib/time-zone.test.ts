import { afterEach, expect, test, vi } from 'vitest'
import { timeTicks } from '../charts/time-axis.ts'
import { formatDateTime, formatTime } from './format.ts'
import { isTimeZone, momentOf, offsetAt, showTimesIn, wallTimeOf } from './time-zone.ts'

afterEach(() => {
  showTimesIn(undefined)
  vi.unstubAllEnvs()
})

const at = (text: string) => Date.parse(text)
const hour = 3_600_000

test.each([
  ['UTC', '2026-07-01T12:00:00Z', 0],
  ['Europe/Berlin', '2026-07-01T12:00:00Z', 2 * hour],
  ['Europe/Berlin', '2026-12-01T12:00:00Z', hour],
  ['Asia/Kolkata', '2026-07-01T12:00:00Z', 5.5 * hour],
  ['America/New_York', '2026-07-01T00:30:00.250Z', -4 * hour],
])('%s at %s is %s ms ahead of UTC', (zone, text, offset) => expect(offsetAt(at(text), zone)).toBe(offset))

test.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York'])('%s: a wall time means its moment', (zone) => {
  for (const text of ['2026-07-01T12:34:56Z', '2026-10-25T03:30:00Z', '2026-03-29T00:30:00Z']) {
    expect(momentOf(wallTimeOf(at(text), zone), zone)).toBe(at(text))
  }
})

test('of a repeated hour the first is meant, of a skipped one the moment after', () => {
  expect(momentOf('2026-10-25T02:30:00', 'Europe/Berlin')).toBe(at('2026-10-25T00:30:00Z'))
  expect(momentOf('2026-03-29T02:30:00', 'Europe/Berlin')).toBe(at('2026-03-29T01:30:00Z'))
  expect(momentOf('')).toBeNaN()
})

test('times of pages are in the chosen zone', () => {
  const moment = at('2026-11-21T23:30:00Z')
  showTimesIn('Asia/Tokyo')
  expect(formatTime(moment, hour)).toBe('08:30')
  expect(formatDateTime(moment)).toBe('22 Nov 2026, 08:30:00')
  showTimesIn('UTC')
  expect(formatTime(moment, hour)).toBe('23:30')
})

test('ticks of a day are at midnight of the chosen zone', () => {
  showTimesIn('Asia/Kolkata')
  const [first = 0] = timeTicks(at('2026-11-01T00:00:00Z'), at('2026-11-06T00:00:00Z'), 6)
  expect(new Date(first).toISOString()).toBe('2026-11-01T18:30:00.000Z')
})

test('what is no zone is refused', () => {
  expect(['UTC', 'Europe/Berlin', 'Mars/Base', '', '<script>'].map(isTimeZone)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('a machine whose zone has no name goes by UTC', async () => {
  vi.stubEnv('TZ', '')
  // It is asked for once.
  vi.resetModules()
  const { browserZone } = await import('./time-zone.ts')
  expect(browserZone()).toBe('UTC')
})
