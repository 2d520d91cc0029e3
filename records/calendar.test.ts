import { afterEach, expect, test, vi } from 'vitest'
import { isTimeZone, machineZone, periodAt, sameTimeBefore, startOfDayBefore } from './calendar.ts'

afterEach(() => vi.unstubAllEnvs())

const hours = (range: { from: number; to: number }) => (range.to - range.from) / 3_600_000
const iso = (at: number) => new Date(at).toISOString().replace(':00.000Z', 'Z')

test.each([
  ['day', '2026-11-27T03:00Z', 'UTC', '2026-11-27', '2026-11-27T00:00Z', 24],
  // Ends of days, in zones behind and ahead of UTC, also by half an hour.
  ['day', '2026-11-27T03:00Z', 'America/New_York', '2026-11-26', '2026-11-26T05:00Z', 24],
  ['day', '2026-11-27T19:00Z', 'Asia/Kolkata', '2026-11-28', '2026-11-27T18:30Z', 24],
  ['day', '2026-11-27T18:29Z', 'Asia/Kolkata', '2026-11-27', '2026-11-26T18:30Z', 24],
  // Clocks go forward and back: in Berlin at 2 and 3 o'clock, in Havana at midnight itself.
  ['day', '2026-03-29T12:00Z', 'Europe/Berlin', '2026-03-29', '2026-03-28T23:00Z', 23],
  ['day', '2026-10-25T12:00Z', 'Europe/Berlin', '2026-10-25', '2026-10-24T22:00Z', 25],
  ['day', '2026-03-08T12:00Z', 'America/Havana', '2026-03-08', '2026-03-08T05:00Z', 23],
  ['day', '2026-11-01T12:00Z', 'America/Havana', '2026-11-01', '2026-11-01T04:00Z', 25],
  ['week', '2026-11-27T03:00Z', 'UTC', '2026-W48', '2026-11-23T00:00Z', 168],
  ['week', '2026-11-23T00:00Z', 'UTC', '2026-W48', '2026-11-23T00:00Z', 168],
  ['week', '2026-11-22T23:59Z', 'UTC', '2026-W47', '2026-11-16T00:00Z', 168],
  ['week', '2027-01-01T12:00Z', 'UTC', '2026-W53', '2026-12-28T00:00Z', 168],
  ['week', '2027-01-04T12:00Z', 'UTC', '2027-W01', '2027-01-04T00:00Z', 168],
  ['week', '2026-03-29T12:00Z', 'Europe/Berlin', '2026-W13', '2026-03-22T23:00Z', 167],
  ['month', '2026-02-10T00:00Z', 'UTC', '2026-02', '2026-02-01T00:00Z', 28 * 24],
  ['month', '2028-02-10T00:00Z', 'UTC', '2028-02', '2028-02-01T00:00Z', 29 * 24],
  ['month', '2026-12-31T23:30Z', 'Europe/Berlin', '2027-01', '2026-12-31T23:00Z', 31 * 24],
  ['month', '2026-03-10T00:00Z', 'Europe/Berlin', '2026-03', '2026-02-28T23:00Z', 31 * 24 - 1],
  ['month', '2026-10-10T00:00Z', 'Europe/Berlin', '2026-10', '2026-09-30T22:00Z', 31 * 24 + 1],
  ['quarter', '2026-11-27T00:00Z', 'UTC', '2026-Q4', '2026-10-01T00:00Z', 92 * 24],
  ['quarter', '2026-02-27T00:00Z', 'Europe/Berlin', '2026-Q1', '2025-12-31T23:00Z', 90 * 24 - 1],
] as const)('%s of %s in %s', (period, at, zone, name, from, length) => {
  const found = periodAt(period, Date.parse(at), zone)
  expect([found.name, iso(found.from), hours(found)]).toEqual([name, from, length])
})

test.each(['day', 'week', 'month', 'quarter'] as const)('a %s follows the one before without a gap', (kind) => {
  for (const zone of ['UTC', 'Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe', 'Pacific/Apia']) {
    let period = periodAt(kind, Date.UTC(2010, 0, 5), zone)
    const names = new Set<string>()
    while (period.to < Date.UTC(2013, 0)) {
      const next = periodAt(kind, period.to, zone)
      expect(next.from).toBe(period.to)
      expect(periodAt(kind, period.to - 1, zone).name).toBe(period.name)
      expect(names.has(next.name)).toBe(false)
      names.add(next.name)
      period = next
    }
  }
})

test.each([
  ['2026-11-27T03:00Z', 0, 'UTC', '2026-11-27T00:00Z'],
  ['2026-11-27T03:00Z', 7, 'UTC', '2026-11-20T00:00Z'],
  ['2026-03-31T12:00Z', 7, 'Europe/Berlin', '2026-03-23T23:00Z'],
  ['2026-03-01T12:00Z', 1, 'Europe/Berlin', '2026-02-27T23:00Z'],
])('the day %s − %i d in %s began at %s', (at, days, zone, expected) => {
  expect(iso(startOfDayBefore(Date.parse(at), days, zone))).toBe(expected)
})

test.each([
  ['2026-11-27T03:20Z', 7, 'UTC', '2026-11-20T03:20Z'],
  // Nine in the morning, in summer and in winter.
  ['2026-10-26T08:00Z', 7, 'Europe/Berlin', '2026-10-19T07:00Z'],
  // 2:30 was skipped on that day: half an hour after two by the clock that was right until then.
  ['2026-03-30T00:30Z', 1, 'Europe/Berlin', '2026-03-29T01:30Z'],
])('%s − %i d in %s is %s', (at, days, zone, expected) => {
  expect(iso(sameTimeBefore(Date.parse(at), days, zone))).toBe(expected)
})

test('names of time zones', () => {
  expect(['UTC', 'Europe/Berlin', 'Asia/Kolkata'].filter(isTimeZone)).toHaveLength(3)
  expect(['', 'Berlin', 'Mars/Base'].filter(isTimeZone)).toEqual([])
})

test('an unknown time zone is an error', () => {
  expect(() => periodAt('month', 0, 'Mars/Base')).toThrow(RangeError)
})

test.each([
  ['America/New_York', 'America/New_York'],
  // As of a container whose variable is not set, and of a zone that nobody knows.
  ['', 'UTC'],
  ['Here/There', 'UTC'],
])('the zone of a machine whose TZ is "%s" is %s', (variable, zone) => {
  vi.stubEnv('TZ', variable)
  expect(machineZone()).toBe(zone)
})
