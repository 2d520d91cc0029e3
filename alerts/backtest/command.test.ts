import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../../storage/testing.ts'
import { alertsConfig } from '../config.ts'
import { alertsHarness, latencyRules, minute, t0, type Harness } from '../testing/harness.ts'
import { backtestCommand, type BacktestFlags } from './command.ts'
import type { BacktestResult } from './index.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let folder: string
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage)
  await room.slowForTwoMinutes()
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-backtest-'))
  writeFileSync(join(folder, 'rules.yaml'), latencyRules)
  writeFileSync(
    join(folder, 'other.yaml'),
    'groups: [{ name: o, rules: [{ alert: Other, sql: "select 1 as value" }] }]',
  )
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
  rmSync(folder, { recursive: true, force: true })
})

const from = '2026-11-21T10:00:00'

async function printed(flags: Partial<BacktestFlags>, files: string[] = []): Promise<string[]> {
  const lines: string[] = []
  const config = alertsConfig.parse({ rules: ['rules.yaml'], shipped_rules: false })
  const progress = { start: () => {}, update: () => {}, stop: () => {} }
  // However wide the columns are.
  const print = (line: string) => void lines.push(line.replaceAll(/(?<=\S) {2,}/g, ' | '))
  const deps = { reader: storage.reader, progress, print, nowMs: t0 + 30 * minute }
  await backtestCommand(files, { from, ...flags }, config, folder, deps)
  return lines
}

test('the rules of the configuration, as people read them', async () => {
  // As latencyRules says: holds from 0:30 on, fires at 1:30, resolves at 7:00. 30 minutes are 1/336 of a week.
  expect(await printed({ pagesPerWeek: '100' })).toEqual([
    'latency/HighP95Latency above 5000ms',
    '  fired 1 time, for 5m 30s, in 60 evaluations over 30m 00s: 1 page, 336 a week',
    '  start | end | duration | peak | requests | alert',
    '  2026-11-21T10:01:30Z | 2026-11-21T10:07:00Z | 5m 30s | 8 s | 12 | {alertname="HighP95Latency", model="gpt-4o", severity="critical"}',
    expect.stringMatching(/^ {2}requests of the longest: select timestamp, .*'gpt-4o'/),
    '  for as many pages as wished: above: 8000ms (0 a week)',
    '',
  ])
  expect(await printed({ to: '2026-11-21T10:00:30Z', step: '10s' })).toEqual([
    'latency/HighP95Latency above 5000ms',
    '  did not fire in 3 evaluations over 30 s',
    '',
  ])
})

test('what a silence of that time held back is said beside what would have been told', async () => {
  const matchers = JSON.stringify([{ name: 'model', value: 'gpt-4o', is_regex: false, is_equal: true }])
  const silence = { id: 'known', matchers, comment: 'known', created_by: 'ada', deleted: false }
  const at = (ms: number) => new Date(ms)
  const times = { starts_at: at(t0), ends_at: at(t0 + 10 * minute), updated_at: at(t0) }
  await storage.db.insert('silences', [{ ...silence, ...times, version: 1 }])
  const [, summary] = await printed({})
  // Ended as if it had never been.
  await storage.db.insert('silences', [{ ...silence, ...times, deleted: true, version: 2 }])
  expect(summary).toBe(
    '  fired 1 time, for 5m 30s, in 60 evaluations over 30m 00s: 0 pages, 0 a week; 1 page without the silences and the inhibition of that time',
  )
})

test('rules of files, as JSON', async () => {
  const [text = ''] = await printed({ json: true, to: '10m' }, [join(folder, 'other.yaml'), join(folder, 'rules.yaml')])
  const results = JSON.parse(text) as BacktestResult[]
  expect(results.map(({ rule, firings }) => [rule, firings])).toEqual([
    ['Other', 1],
    ['HighP95Latency', 1],
  ])
})

test.each([
  [{ rule: 'Nope' }, '--rule: there is no rule Nope; known: HighP95Latency'],
  [{ from: 'soon' }, '--from: "soon" is no time; expected 2026-11-01, '],
  [{ to: from }, '--from must be before --to'],
  [{ step: '1' }, '--step: expected a duration of 1s or more'],
  [{ pagesPerWeek: 'few' }, '--pages-per-week: expected a number'],
])('%j is refused', async (flags, why) => {
  await expect(printed(flags)).rejects.toThrow(why)
})
