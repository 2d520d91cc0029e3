import { expect, test } from 'vitest'
import { formatSearch, parseSearch } from './search.ts'
import { moved, rangeOf, upToNow, zoomed } from './time-travel.ts'

const now = Date.UTC(2026, 10, 21, 12)
const iso = (text: string) =>
  new URLSearchParams({
    from: `2026-11-21T${text.split(' ')[0]}:00.000Z`,
    to: `2026-11-21T${text.split(' ')[1]}:00.000Z`,
  }).toString()

test.each([
  ['', -0.5, `?${iso('10:30 11:30')}`],
  [`?${iso('10:30 11:30')}`, 0.5, ''],
  [`?${iso('09:00 10:00')}`, 0.5, `?${iso('09:30 10:30')}`],
  [`?${iso('09:00 11:00')}&model=a`, 0.5, '?range=2h&model=a'],
])('%s moved by %s of its length is %s', (text, part, after) =>
  expect(formatSearch(moved(parseSearch(text), part, now))).toBe(after),
)

test.each([
  ['', 2, '?range=2h'],
  ['', 0.5, '?range=30m'],
  ['?range=24h', 2, '?range=2d'],
  [`?${iso('09:00 10:00')}`, 2, `?${iso('08:30 10:30')}`],
  [`?${iso('09:00 10:00')}`, 0.5, `?${iso('09:15 09:45')}`],
  [`?${iso('10:30 11:30')}`, 4, '?range=4h'],
])('%s zoomed by %s is %s', (text, factor, after) =>
  expect(formatSearch(zoomed(parseSearch(text), factor, now))).toBe(after),
)

test('neither shorter than a minute nor longer than the API answers', () => {
  expect(zoomed(parseSearch('?range=1m'), 0.5, now).range).toBe('1m')
  expect(zoomed(parseSearch('?range=700d'), 2, now).range).toBe('730d')
})

test('back to now keeps the length, and follows again', () => {
  expect(formatSearch(upToNow(parseSearch(`?${iso('09:00 09:45')}&live=off`)))).toBe('?range=45m')
  expect(rangeOf(parseSearch('?range=6h'), now)).toEqual({ from: now - 6 * 3_600_000, to: now })
})
