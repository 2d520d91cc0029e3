/** Silences and inhibition of the past, over stored history. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../../storage/testing.ts'
import { alertsConfig } from '../config.ts'
import { fingerprint } from '../labels.ts'
import { compileSilence, type Silence } from '../routing/silence.ts'
import { alertsHarness, latencyRules, minute, second, t0, type Harness } from '../testing/harness.ts'
import { parseRuleFile } from '../rule-file.ts'
import { heldBack, pastOf, type Past } from './held-back.ts'
import { backtest, type BacktestResult } from './index.ts'
import { pagingOf } from './paging.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage)
  // HighP95Latency of gpt-4o would fire from 1:30 to 7:00.
  await room.slowForTwoMinutes()
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

const silence = (model: string, from: number, to: number, more: Partial<Silence> = {}) => ({
  id: `${model} ${from}`,
  name: '',
  matchers: [{ name: 'model', value: model, is_regex: false, is_equal: true }],
  starts_at: t0 + from,
  ends_at: t0 + to,
  comment: 'known',
  created_by: 'ada',
  time_intervals: [],
  updated_at: t0,
  ...more,
})

const down = { alertname: 'Down', model: 'a', severity: 'page' }
const { inhibit_rules: inhibitRules } = alertsConfig.parse({
  inhibit_rules: [{ source_matchers: 'alertname="Down"', target_matchers: 'severity="page"', equal: ['model'] }],
})
const fired = (labels: Record<string, string>, start: number, end: number | null) => ({
  fingerprint: fingerprint(labels),
  labels,
  start: t0 + start,
  end: end === null ? null : t0 + end,
})

test.each<[string, Partial<Past>, string]>([
  ['nothing', {}, '.....'],
  ['a silence', { silences: [compileSilence(silence('a', 1, 3))] }, '.##..'],
  ['two silences', { silences: [silence('a', 0, 1), silence('a', 3, 4)].map(compileSilence) }, '#..#.'],
  ['a silence of others', { silences: [compileSilence(silence('b', 0, 9))] }, '.....'],
  ['an alert that inhibits it, twice', { fired: [fired(down, 0, 1), fired(down, 3, null)] }, '#..##'],
  ['an alert of another model', { fired: [fired({ ...down, model: 'b' }, 0, null)] }, '.....'],
  ['itself', { fired: [fired({ alertname: 'Slow', model: 'a', severity: 'page' }, 0, null)] }, '.....'],
  ['one and then the other', { silences: [compileSilence(silence('a', 0, 2))], fired: [fired(down, 1, 4)] }, '####.'],
])('held back by %s', (_, past, expected) => {
  const isHeld = heldBack({ silences: [], fired: [], inhibitRules, ...past })({
    alertname: 'Slow',
    model: 'a',
    severity: 'page',
  })
  expect([0, 1, 2, 3, 4].map((at) => (isHeld(t0 + at) ? '#' : '.')).join('')).toBe(expected)
})

const config = alertsConfig.parse({
  receivers: [{ name: 'on-call', notify: [{ type: 'webhook', url: 'https://a.example' }] }],
  route: { group_wait: '0s', group_interval: '1m', repeat_interval: '1h' },
  inhibit_rules: [{ source_matchers: 'alertname="Down"', target_matchers: 'severity="critical"', equal: ['model'] }],
})

async function backtested(): Promise<BacktestResult> {
  const { groups } = parseRuleFile(latencyRules, 'rules.yaml')
  const [group] = groups
  const rule = group?.rules.find(({ name }) => name === 'HighP95Latency')
  if (!group || !rule) throw new Error('no rule')
  const range = { from: t0, to: t0 + 30 * minute }
  const options = { rule, group, range, reader: storage.reader, paging: pagingOf(config), pagesPerWeek: 1_000_000 }
  const events = await Array.fromAsync(backtest({ ...options, signal: AbortSignal.timeout(60_000) }))
  const last = events.at(-1)
  if (last?.type !== 'result') throw new Error('no result')
  return last.result
}

test('a backtest says how many pages that leaves, and how many there were without', async () => {
  expect(await backtested()).toMatchObject({ firings: 1, pages: 1, unmuted_pages: 1 })

  const change = { rule: 'Down', group: 'g', fingerprint: 'd', labels: { alertname: 'Down', model: 'gpt-4o' } }
  await storage.db.insert('alert_events', [
    { ...change, timestamp: t0 * 1000, state: 'firing', previous_state: 'inactive' },
    { ...change, timestamp: (t0 + 3 * minute) * 1000, state: 'inactive', previous_state: 'firing' },
  ])
  const afterwards = await backtested()
  expect(afterwards).toMatchObject({ firings: 1, pages: 1, unmuted_pages: 1 })
  expect(afterwards.first_pages).toMatchObject([{ at: t0 + 3.5 * minute, receiver: 'on-call' }])

  const { matchers, time_intervals, ...row } = silence('gpt-4o', 0, 10 * minute)
  const times = { starts_at: new Date(row.starts_at), ends_at: new Date(row.ends_at), updated_at: new Date(t0) }
  const stored = {
    ...row,
    ...times,
    matchers: JSON.stringify(matchers),
    time_intervals: '',
    deleted: false,
    version: 1,
  }
  await storage.db.insert('silences', [stored])
  expect(time_intervals).toEqual([])
  expect(await backtested()).toMatchObject({ firings: 1, pages: 0, pages_per_week: 0, receivers: [], unmuted_pages: 1 })
})

test('of what fired, the rule that is asked about is no part', async () => {
  const range = { from: t0, to: t0 + 30 * second }
  const names = async (rule: string) =>
    (await pastOf(storage.reader, range, config.inhibit_rules, rule)).fired.map(({ labels }) => labels['alertname'])
  expect(await names('Slow')).toEqual(['Down'])
  expect(await names('Down')).toEqual([])
})
