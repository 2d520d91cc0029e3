import { expect, test } from 'vitest'
import { brushed, stripAround } from './strip.ts'

const minute = 60_000
const hour = 60 * minute
const now = Date.UTC(2026, 10, 21, 12)

test('up to now, the strip ends with the range and is eight times as long', () => {
  const strip = stripAround({ from: now - hour, to: now }, now)
  expect(strip).toEqual({ from: now - 8 * hour, to: now })
})

test('a range that lies back has the strip around it, as far as now', () => {
  const back = now - 100 * hour
  expect(stripAround({ from: back - hour, to: back }, now)).toEqual({ from: back - 4.5 * hour, to: back + 3.5 * hour })
  const near = now - hour
  expect(stripAround({ from: near - hour, to: near }, now).to).toBe(now)
})

test('the strip stands still while the clock goes on a little, and the range is always within', () => {
  const strips = [1, 2, 3, 4, 5].map((seconds) => {
    const later = now + seconds * 1000
    const strip = stripAround({ from: later - hour, to: later }, later)
    expect(strip.from).toBeLessThan(later - hour)
    expect(strip.to).toBeGreaterThanOrEqual(later)
    return strip.to
  })
  expect(new Set(strips).size).toBe(1)
})

test('no longer than the API answers', () => {
  const { from, to } = stripAround({ from: now - 365 * 24 * hour, to: now }, now)
  expect(to - from).toBeLessThanOrEqual(731 * 24 * hour)
})

const strip = { from: 0, to: 800 }
test.each([
  ['both', 50, { from: 350, to: 450 }],
  ['both', 9999, { from: 700, to: 800 }],
  ['both', -9999, { from: 0, to: 100 }],
  ['from', 95, { from: 390, to: 400 }],
  ['from', -9999, { from: 0, to: 400 }],
  ['to', -200, { from: 300, to: 310 }],
  ['to', 9999, { from: 300, to: 800 }],
] as const)('%s by %s', (part, by, after) =>
  expect(brushed({ from: 300, to: 400 }, part, by, strip, 10)).toEqual(after),
)
