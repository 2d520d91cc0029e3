import { expect, test } from 'vitest'
import { pagesOf } from './pages.ts'

const paging = { group_by: ['alertname'], group_wait_ms: 30, group_interval_ms: 300, repeat_interval_ms: 3_000 }
const firing = (fingerprint: string, start: number, end: number | null, alertname = 'A') => ({
  fingerprint,
  labels: { alertname, model: fingerprint },
  start,
  end,
})

test.each([
  ['one alert, once', [firing('a', 100, 500)], ['130 first']],
  ['over before its group was told: nobody hears of it', [firing('a', 100, 120)], []],
  ['two of a group at once', [firing('a', 100, 500), firing('b', 110, 500)], ['130 first']],
  [
    'a second one joins at the next flush',
    [firing('a', 100, 900), firing('b', 200, 900)],
    ['130 first', '430 new_alerts'],
  ],
  ['other groups by themselves', [firing('a', 100, 500), firing('b', 110, 500, 'B')], ['130 first', '140 first']],
  ['a group that is over begins anew', [firing('a', 100, 500), firing('a', 1_000, 1_500)], ['130 first', '1030 first']],
  ['again within the interval is no news', [firing('a', 100, 200), firing('a', 250, 700)], ['130 first']],
  ['a long one is repeated', [firing('a', 100, 8_000)], ['130 first', '3130 repeat', '6130 repeat']],
  ['still firing at the end', [firing('a', 9_900, null)], ['9930 first']],
  ['not told before the end', [firing('a', 9_980, null)], []],
])('%s', (_, firings, expected) => {
  expect(pagesOf(firings, paging, 10_000).map(({ at, reason }) => `${at} ${reason}`)).toEqual(expected)
})
