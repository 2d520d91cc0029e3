import { expect, test } from 'vitest'
import { compileIntervals, timeIntervalConfig, type TimeInterval } from './time-interval.ts'

const holds = (interval: TimeInterval, at: string) =>
  compileIntervals([timeIntervalConfig.parse(interval)])(Date.parse(at))

// 2026-11-21 is a Saturday; November has 30 days.
test.each<[TimeInterval, string, boolean]>([
  [{}, '2026-11-21T10:00:00Z', true],
  [{ times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-11-21T09:00:00Z', true],
  [{ times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-11-21T16:59:59Z', true],
  [{ times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-11-21T17:00:00Z', false],
  [{ times: [{ start_time: '22:00', end_time: '24:00' }] }, '2026-11-21T23:59:59Z', true],
  [{ weekdays: ['monday:friday'] }, '2026-11-20T23:59:59Z', true],
  [{ weekdays: ['monday:friday'] }, '2026-11-21T00:00:00Z', false],
  [{ weekdays: ['Saturday', 'sunday'] }, '2026-11-22T12:00:00Z', true],
  [{ days_of_month: ['-3:-1'] }, '2026-11-28T00:00:00Z', true],
  [{ days_of_month: ['-3:-1'] }, '2026-11-27T00:00:00Z', false],
  [{ days_of_month: ['29:31'] }, '2027-02-28T00:00:00Z', false],
  [{ days_of_month: ['28:31'] }, '2027-02-28T00:00:00Z', true],
  [{ days_of_month: ['20:-1'] }, '2026-11-30T00:00:00Z', true],
  [{ months: ['january:march', '11'] }, '2026-11-30T00:00:00Z', true],
  [{ months: ['january:march'] }, '2026-11-30T00:00:00Z', false],
  [{ years: ['2020:2025'] }, '2026-01-01T00:00:00Z', false],
  // Winter and summer time, and the day of the week there.
  [{ times: [{ start_time: '09:00', end_time: '10:00' }], location: 'Europe/Berlin' }, '2026-01-15T08:30:00Z', true],
  [{ times: [{ start_time: '09:00', end_time: '10:00' }], location: 'Europe/Berlin' }, '2026-07-15T07:30:00Z', true],
  [{ weekdays: ['monday'], location: 'Australia/Sydney' }, '2026-11-22T20:00:00Z', true],
  [{ times: [{ start_time: '00:00', end_time: '01:00' }], location: 'Asia/Kolkata' }, '2026-11-21T18:45:00Z', true],
])('%j at %s: %s', (interval, at, expected) => {
  expect(holds(interval, at)).toBe(expected)
})

test('any of several, each asked anew every minute', () => {
  const asked = compileIntervals([
    { times: [{ start_time: '10:00', end_time: '10:01' }] },
    { times: [{ start_time: '10:02', end_time: '10:03' }] },
  ])
  const at = (time: string) => asked(Date.parse(`2026-11-21T${time}Z`))
  expect(['09:59:59', '10:00:00', '10:01:00', '10:02:30', '10:03:00'].map(at)).toEqual([
    false,
    true,
    false,
    true,
    false,
  ])
})

test.each([
  [{ times: [{ start_time: '17:00', end_time: '09:00' }] }, 'a night is two intervals'],
  [{ times: [{ start_time: '9:00', end_time: '10:00' }] }, 'HH:MM'],
  [{ times: [{ start_time: '09:00', end_time: '24:01' }] }, '24:00 at most'],
  [{ weekdays: ['friday:monday'] }, 'the first before the last'],
  [{ weekdays: ['fri'] }, 'names such as monday'],
  [{ days_of_month: ['0'] }, 'days from 1 to 31'],
  [{ days_of_month: ['-3:2'] }, 'from the end of the month too'],
  [{ months: ['13'] }, 'names such as february'],
  [{ years: ['x'] }, 'numbers from 1'],
  [{ location: 'Mars/Olympus' }, 'time zone such as Europe/Berlin'],
])('%j is refused: %s', (interval, message) => {
  expect(timeIntervalConfig.safeParse(interval).error?.issues[0]?.message).toContain(message)
})
