import { expect, test } from 'vitest'
import { compileIntervals } from './time-interval.ts'
import { occurrences } from './occurrences.ts'
import { noEnd, silenceOfWindow, weeklyIntervals, weeklyOf, windowInput, windowsOf, type Weekly } from './window.ts'

const hour = 3_600_000
/** A Friday. */
const now = Date.UTC(2026, 10, 27, 6, 30)
const weekly = (over: Partial<Weekly> = {}): Weekly => ({
  days: ['saturday'],
  from: '22:00',
  to: '06:00',
  time_zone: 'UTC',
  ...over,
})
const said = { name: 'Patches', matchers: 'team="infra"', comment: 'kernel', created_by: 'ada' }

test.each([
  [weekly(), ['2026-11-28T22:00Z 2026-11-29T06:00Z', '2026-12-05T22:00Z 2026-12-06T06:00Z']],
  [
    weekly({ from: '01:00', to: '02:30' }),
    ['2026-11-28T01:00Z 2026-11-28T02:30Z', '2026-12-05T01:00Z 2026-12-05T02:30Z'],
  ],
  [weekly({ to: '00:00' }), ['2026-11-28T22:00Z 2026-11-29T00:00Z', '2026-12-05T22:00Z 2026-12-06T00:00Z']],
  [
    weekly({ from: '09:00', to: '09:00', time_zone: 'Asia/Tokyo' }),
    ['2026-11-28T00:00Z 2026-11-29T00:00Z', '2026-12-05T00:00Z 2026-12-06T00:00Z'],
  ],
])('%o comes when it says', (window, expected) => {
  const found = occurrences(weeklyIntervals(window), { from: now, to: now + 14 * 24 * hour })
  const iso = (at: number) => new Date(at).toISOString().replace(':00.000Z', 'Z')
  expect(found.map(({ from, to }) => `${iso(from)} ${iso(to)}`)).toEqual(expected)
  expect(weeklyOf(weeklyIntervals(window))).toEqual(window)
})

test('every minute of an occurrence holds, and the one before and after does not; over a change of clocks too', () => {
  const intervals = weeklyIntervals(
    weekly({ days: ['saturday', 'sunday'], from: '01:30', to: '04:00', time_zone: 'Europe/Berlin' }),
  )
  const holds = compileIntervals(intervals)
  const from = Date.UTC(2026, 9, 20)
  const found = occurrences(intervals, { from, to: from + 14 * 24 * hour })
  expect(found.map((range) => (range.to - range.from) / hour)).toEqual([2.5, 3.5, 2.5, 2.5])
  for (const range of found)
    expect([range.from - 60_000, range.from, range.to - 60_000, range.to].map(holds)).toEqual([
      false,
      true,
      true,
      false,
    ])
})

test('one that runs now is shown from now on; one that ends before its time ends there', () => {
  const time_intervals = weeklyIntervals(weekly({ days: ['friday'], from: '06:00', to: '08:00' }))
  const silence = { starts_at: 0, ends_at: now + hour, time_intervals } as Parameters<typeof windowsOf>[0]
  expect(windowsOf(silence, { from: now, to: now + 14 * 24 * hour })).toEqual([{ from: now, to: now + hour }])
  expect(windowsOf({ ...silence, time_intervals: [] }, { from: now + 2 * hour, to: now + 3 * hour })).toEqual([])
})

test('intervals that no form makes are left alone', () => {
  expect(weeklyOf([])).toBeNull()
  expect(weeklyOf([{ days_of_month: ['1'] }])).toBeNull()
  expect(weeklyOf([{ times: [{ start_time: '09:00', end_time: '10:00' }], weekdays: ['monday:friday'] }])).toBeNull()
})

test('a window is kept as a silence', () => {
  const once = windowInput.parse({ ...said, repeats: 'once', starts_at: now, ends_at: now + hour })
  expect(silenceOfWindow(once)).toMatchObject({ name: 'Patches', starts_at: now, ends_at: now + hour })
  const again = windowInput.parse({ ...said, repeats: 'weekly', ...weekly() })
  expect(silenceOfWindow(again)).toMatchObject({
    ends_at: noEnd,
    time_intervals: [{ weekdays: ['saturday'] }, { weekdays: ['sunday'] }],
  })
})

test.each([
  [{ ...weekly(), days: [] }, 'days'],
  [{ ...weekly(), from: '25:00' }, 'from'],
  [{ ...weekly(), time_zone: 'Mars' }, 'time_zone'],
  [{ ...weekly(), matchers: 'model=~"("' }, 'matchers'],
  [{ ...weekly(), matchers: ' ' }, 'matchers'],
  [{ ...weekly(), name: '' }, 'name'],
])('%o is refused at its field', (over, field) => {
  const parsed = windowInput.safeParse({ ...said, repeats: 'weekly', ...over })
  expect(parsed.error?.issues.map(({ path }) => path[0])).toEqual([field])
})
