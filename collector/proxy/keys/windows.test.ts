/** Limits at their edges. */
import { describe, expect, test } from 'vitest'
import { keyLimits } from './config.ts'
import { exhausted, usedRatios, windowEnd, windowOf } from './windows.ts'

const at = (time: string) => Date.parse(time)
const none = { code: undefined, most: undefined, wait_s: undefined }
const nothing = { requests: 0, tokens: 0, usd: 0 }

test.each([
  ['minute', '2026-11-26T22:06:00.000Z', '2026-11-26T22:07:00.000Z'],
  ['minute', '2026-11-26T22:06:59.999Z', '2026-11-26T22:07:00.000Z'],
  ['day', '2026-11-26T00:00:00.000Z', '2026-11-27T00:00:00.000Z'],
  ['day', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z'],
  ['month', '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
  ['month', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z'],
  ['month', '2028-02-29T12:00:00.000Z', '2028-03-01T00:00:00.000Z'],
] as const)('the %s of %s ends at %s, where the next one begins', (window, time, end) => {
  expect(new Date(windowEnd(window, at(time))).toISOString()).toBe(end)
  expect(windowOf(window, at(end) - 1)).toBe(windowOf(window, at(time)))
  expect(windowOf(window, at(end))).toBe(windowOf(window, at(time)) + 1)
})

describe('limits', () => {
  const now = at('2026-11-26T22:06:18.250Z')
  test.each([
    [{ requests_per_minute: 3 }, { requests: 2 }, {}],
    [{ requests_per_minute: 3 }, { requests: 3 }, { code: 'requests_exhausted', most: 3, wait_s: 42 }],
    [{ tokens_per_day: 100 }, { tokens: 99 }, {}],
    [{ tokens_per_day: 100 }, { tokens: 100 }, { code: 'tokens_exhausted', most: 100, wait_s: 6_822 }],
    [{ usd_per_month: 1.5 }, { usd: 1.4999 }, {}],
    [{ usd_per_month: 1.5 }, { usd: 1.5 }, { code: 'usd_exhausted', most: 1.5, wait_s: 352_422 }],
    [{}, { requests: 1e9, tokens: 1e12, usd: 1e6 }, {}],
    // That which is closed for longest is told.
    [
      { requests_per_minute: 1, usd_per_month: 1 },
      { requests: 1, usd: 1 },
      { code: 'usd_exhausted', most: 1, wait_s: 352_422 },
    ],
  ])('%j with %j used: %j', (limits, used, refused) => {
    const refusal = exhausted('search', keyLimits.parse(limits), { ...nothing, ...used }, now)
    const { code, closed } = refusal ?? {}
    expect({ code, most: closed?.most, wait_s: closed?.wait_s }).toEqual({ ...none, ...refused })
  })

  test('in the last millisecond of a window there is a second to wait', () => {
    const late = at('2026-11-26T22:06:59.999Z')
    const refusal = exhausted('search', { requests_per_minute: 1 }, { ...nothing, requests: 1 }, late)
    expect(refusal?.closed).toEqual({ most: 1, opens_ms: late + 1, wait_s: 1 })
    expect(refusal?.message).toBe(
      'the key "search" has used its 1 request a minute; more from 2026-11-26T22:07:00.000Z on',
    )
  })
})

test('what is used of each limit', () => {
  expect(usedRatios({ usd_per_month: 4, requests_per_minute: 2 }, { requests: 3, tokens: 9, usd: 1 })).toEqual([
    ['usd_per_month', 0.25],
    ['requests_per_minute', 1.5],
  ])
})
