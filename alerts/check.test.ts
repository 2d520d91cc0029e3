import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../storage/testing.ts'
import { checkCommand } from './check-command.ts'
import { alertsConfig } from './config.ts'
import { alertsHarness, latencyRules, minute, t0, type Harness } from './testing/harness.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let folder: string
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage)
  await room.slowForTwoMinutes()
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-check-'))
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function checked(rules: string, against = false): Promise<{ ok: boolean; lines: string[] }> {
  const file = join(folder, 'rules.yaml')
  writeFileSync(file, rules)
  const lines: string[] = []
  const print = (line: string) => void lines.push(line.replaceAll(file, 'rules.yaml'))
  const deps = { reader: against ? storage.reader : null, print, nowMs: t0 + 10 * minute }
  return { ok: await checkCommand([file], alertsConfig.parse({}), folder, deps), lines }
}

const group = (...rules: string[]) =>
  `groups:\n  - name: g\n    rules:\n${rules.map((rule) => `      - ${rule}\n`).join('')}`

test('sound rules', async () => {
  for (const against of [false, true])
    expect(await checked(latencyRules, against)).toEqual({ ok: true, lines: ['1 rule in 1 file: ok'] })
})

test.each([
  ['{ alert: A, kind: error_ratio, above: 100% }', 'never fires: no value is above that'],
  ['{ alert: A, kind: latency, below: 0s }', 'never fires: no value is below that'],
  [
    '{ alert: A, kind: latency, above: 1s, by: [model], labels: { model: x } }',
    'the label model hides the column model that tells its alerts apart; choose another name',
  ],
  [
    '{ alert: A, kind: absent, of: requests, above: 5m, where: { model: x } }',
    'where has one model: once gone for 6h it is forgotten; `by: []` misses it however long it is gone',
  ],
  [
    '{ alert: A, kind: latency, above: 1s, annotations: { summary: "{{ valu }}" } }',
    'summary: "valu" is not labels.<name>, details.<name>, value or threshold',
  ],
  [
    '{ alert: A, kind: latency, above: 1s, by: [model], labels: { s: x }, annotations: { summary: "{{ labels.modle }} {{ labels.model }} {{ labels.s }}" } }',
    'summary: its alerts have no label "modle"; they have alertname, model, s',
  ],
])('%s: a warning', async (rule, warning) => {
  expect(await checked(group(rule))).toEqual({
    ok: true,
    lines: [`warning: rules.yaml:4: g/A: ${warning}`, '1 rule in 1 file: ok'],
  })
})

test('rules of two groups whose alerts would be one', async () => {
  const other =
    '  - { name: h, rules: [{ alert: A, kind: ttft, above: 1s }, { alert: A, kind: ttft, above: 2s, labels: { s: x } }] }\n'
  const { lines } = await checked(group('{ alert: A, kind: latency, above: 1s }') + other)
  expect(lines).toEqual([
    'warning: rules.yaml:5: h/A: alerts of g/A (rules.yaml:4) may have the same labels; give them one that differs',
    '3 rules in 1 file: ok',
  ])
})

test.each([
  ['{ alert: A, sql: select nope as value from requests }', /^rules.yaml:4: g\/A: Unknown expression.* `nope`/],
  ['{ alert: A, sql: select 1 as n }', /: the query has no column `value`$/],
  ['{ alert: A, sql: "select model as value from requests" }', /: column `value` is .*String.*; expected a number$/],
  [
    '{ alert: A, sql: "select 1 as value, [1] as list" }',
    /: column `list` is Array\(UInt8\); labels are texts or numbers$/,
  ],
])('against a database, %s: a problem', async (rule, problem) => {
  const { ok, lines } = await checked(group(rule), true)
  expect(ok).toBe(false)
  expect(lines).toEqual([expect.stringMatching(problem), '1 rule in 1 file: 1 problem'])
})

test.each([
  [
    '{ alert: A, sql: "select timestamp, count() as value from requests group by 1" }',
    /column `timestamp` is DateTime64\(6, 'UTC'\): every value of it makes an alert of its own$/,
  ],
  [
    '{ alert: A, sql: "select model, count() as value from requests group by 1", labels: { model: x } }',
    /the label model hides the column model/,
  ],
  [
    '{ alert: A, kind: latency, above: 1s, where: { model: gpt-5 } }',
    /no request of the last 7 days is in its `where`$/,
  ],
])('against a database, %s: a warning', async (rule, warning) => {
  expect(await checked(group(rule), true)).toEqual({
    ok: true,
    lines: [expect.stringMatching(warning), '1 rule in 1 file: ok'],
  })
})

test('files that cannot be used: every problem, with its line', async () => {
  const file = group('{ alert: A, kind: latency, above: 5% }', '{ alert: B, kind: latency, above: 5s, by: [nobody] }')
  await expect(checked(file)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(/rules.yaml:4: .*above: expected a duration.*\n.*rules.yaml:5: .*by\.0/),
  })
})
