import { expect, test } from 'vitest'
import { alertsConfig } from '../config.ts'
import type { HeldBack } from './held-back.ts'
import { pagesOf } from './pages.ts'
import { pagingOf, type Paging } from './paging.ts'

const timings = { group_wait_ms: 30, group_interval_ms: 300, repeat_interval_ms: 3_000 }
const paging: Pick<Paging, 'groupsOf'> = {
  groupsOf: ({ alertname = '' }) => [
    { id: alertname, receiver: 'on-call', labels: { alertname }, timings, isMute: () => false },
  ],
}
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

/** Midnight of a Friday. */
const midnight = Date.UTC(2026, 10, 27)
const minute = 60_000
const hour = 60 * minute

const tree = pagingOf(
  alertsConfig.parse({
    receivers: [
      { name: 'log', notify: [] },
      { name: 'chat', notify: [{ type: 'webhook', url: 'https://a.example' }] },
      { name: 'phone', notify: [{ type: 'webhook', url: 'https://b.example' }] },
    ],
    time_intervals: [{ name: 'night', time_intervals: [{ times: [{ start_time: '00:00', end_time: '06:00' }] }] }],
    route: {
      receiver: 'chat',
      group_wait: '0s',
      group_interval: '5m',
      repeat_interval: '1h',
      routes: [
        { receiver: 'log', matchers: 'severity="info"' },
        { receiver: 'phone', matchers: 'severity="page"', group_by: ['model'], continue: true, repeat_interval: '4h' },
        { receiver: 'chat', matchers: 'severity="page"', mute_time_intervals: ['night'] },
      ],
    },
  }),
)
const routed = (severity: string, model: string, from: number, to: number | null) => ({
  fingerprint: model,
  labels: { alertname: 'A', severity, model },
  start: midnight + from,
  end: to === null ? null : midnight + to,
})

test('every receiver that the tree leads to is paged with the grouping and timings of its route', () => {
  const firings = [routed('page', 'a', 8 * hour, 10 * hour + minute), routed('page', 'b', 8 * hour, 8 * hour + minute)]
  const pages = pagesOf(firings, tree, midnight + 24 * hour)
  expect(
    pages.map(({ receiver, group, reason, at }) => [receiver, group['model'], reason, (at - midnight) / hour]),
  ).toEqual([
    ['phone', 'a', 'first', 8],
    ['chat', 'a', 'first', 8],
    ['phone', 'b', 'first', 8],
    ['chat', 'b', 'first', 8],
    ['chat', 'a', 'repeat', 9],
    ['chat', 'a', 'repeat', 10],
  ])
})

test('nobody is paged by a route that is mute then, nor by a receiver without channels', () => {
  const receivers = (from: number, to: number, severity = 'page') =>
    pagesOf([routed(severity, 'a', from, to)], tree, midnight + 24 * hour).map(({ receiver }) => receiver)
  expect(receivers(hour, 2 * hour)).toEqual(['phone'])
  expect(receivers(hour, 2 * hour, 'info')).toEqual([])
  // What fires still as the night ends is told then.
  expect(receivers(5 * hour, 6.5 * hour)).toEqual(['phone', 'chat'])
})

test.each<[string, number, number, string[]]>([
  ['all the time', 0, 10_000, []],
  ['as its group was to be told: told when that ends', 0, 400, ['430 first']],
  ['before it began', 0, 100, ['130 first']],
  ['after it was told: not repeated', 200, 10_000, ['130 first']],
])('an alert that is held back %s', (_, from, to, expected) => {
  const heldBack = () => (at: number) => from <= at && at < to
  const pages = pagesOf([firing('a', 100, 8_000)], paging, 3_000, heldBack)
  expect(pages.map(({ at, reason }) => `${at} ${reason}`)).toEqual(expected)
})

test('one alert that is held back keeps no other of its group from being told', () => {
  const heldBack: HeldBack =
    ({ model }) =>
    () =>
      model === 'a'
  const firings = [firing('a', 100, 900), firing('b', 200, 900)]
  expect(pagesOf(firings, paging, 10_000, heldBack).map(({ at, reason }) => `${at} ${reason}`)).toEqual(['430 first'])
})
