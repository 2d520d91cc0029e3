/** Files of rule tests as a person writes them, run on a database of their own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testCommand, loadTestFiles, type TestFlags } from './command.ts'
import { junitReport, textReport } from './report.ts'
import { runTests, type TestResult } from './run.ts'
import { startScratch, type Scratch } from './scratch.ts'

const rules = `
groups:
  - name: requests
    rules:
      - alert: SlowModel
        kind: latency
        window: 5m
        by: [model]
        above: 5s
        min_requests: 3
        for: 2m
        labels: { severity: page }
        annotations: { summary: "P95 of {{ labels.model }} is {{ value | duration }}" }
      - { alert: Errors, kind: error_ratio, by: [model], above: 30%, keep_firing_for: 2m }
      - alert: Hot
        sql: "select gpu, max(temperature_celsius) as value from gpu_samples where timestamp >= {from:DateTime64(3)} group by gpu"
        window: 1m
        above: 90
      - alert: Queue
        sql: |
          select labels['instance'] as instance, avg(value) as value from metric_samples
          where name = 'vllm:num_requests_waiting' and timestamp >= {from:DateTime64(3)} and timestamp < {to:DateTime64(3)}
          group by instance
        window: 2m
        above: 10
      - { alert: Daily, sql: "select sum(requests) as value from requests_1m where timestamp < {to:DateTime64(3)}", above: 5 }
      - { alert: Silent, kind: error_ratio, window: 1m, above: 30%, no_data: { action: alert, for: 2m } }
      - { alert: Kept, kind: error_ratio, window: 1m, above: 30%, no_data: keep }
      - { alert: Broken, sql: "select nope as value from requests" }
`

let folder: string
let scratch: Scratch
const log = pino({ level: 'silent' })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-rule-tests-'))
  writeFileSync(join(folder, 'rules.yaml'), rules)
  scratch = await startScratch(log)
})
afterAll(async () => {
  await scratch.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function resultsOf(tests: string, head = ''): Promise<TestResult[]> {
  const path = join(folder, 'a.test.yaml')
  writeFileSync(path, `rule_files: [rules.yaml]\n${head}tests:\n${tests}`)
  return Array.fromAsync(runTests(await loadTestFiles([path]), scratch))
}

const failures = async (tests: string, head = '') => (await resultsOf(tests, head)).map(({ failure }) => failure)

const slow = `
      requests:
        - { at: 0m, every: 10s, count: 60, model: x, duration_ms: 9000 }
        - { at: 0m, every: 10s, count: 60, model: quick, duration_ms: 100 }`
const slowAlert = `
          - exp_labels: { severity: page, model: x }
            exp_annotations: { summary: "P95 of x is 9 s" }`

test('what a rule does without data, as served', async () => {
  expect(
    await failures(`
  - rows:
      requests:
        - { at: 0m, every: 1s, count: 50, duration_ms: 100, status: error }
    alert_rule_test:
      - { eval_time: 1m, alertname: Silent, exp_alerts: [{ exp_annotations: {} }] }
      - { eval_time: 2m, alertname: Kept, exp_alerts: [{}] }
      - { eval_time: 9m, alertname: Kept, exp_alerts: [{}] }
      - eval_time: 4m
        alertname: Silent
        exp_alerts: [{ exp_annotations: { reason: no data in the last 60 s } }]
  - alert_rule_test:
      - { eval_time: 1m, alertname: Silent, exp_alerts: [] }
      - eval_time: 2m
        alertname: Silent
        exp_alerts:
          - exp_annotations: { reason: no data in the last 60 s, summary: "Silent: no data in the last 60 s" }
      - { eval_time: 3m, alertname: Kept, exp_alerts: [] }
`),
  ).toEqual([[], []])
})

test('a request is there once it has ended; for, labels and annotations as served; then it resolves', async () => {
  // Three of them have ended at 0:29, so it holds from 1m on and fires at 3m; the last one began at 9:50.
  expect(
    await failures(`
  - rows: ${slow}
    alert_rule_test:
      - { eval_time: 2m59s, alertname: SlowModel, exp_alerts: [] }
      - eval_time: 3m
        alertname: SlowModel
        exp_alerts: ${slowAlert}
      - eval_time: 14m
        alertname: SlowModel
        exp_alerts: ${slowAlert}
      - { eval_time: 15m, alertname: SlowModel }
`),
  ).toEqual([[]])
})

test('what differs is told: missing, unexpected, other texts, pending ones', async () => {
  expect(
    await failures(`
  - rows: ${slow}
    alert_rule_test:
      - { eval_time: 2m, alertname: SlowModel, exp_alerts: [{ exp_labels: { severity: page, model: x } }] }
      - { eval_time: 3m, alertname: SlowModel, exp_alerts: [{ exp_labels: { severity: page, model: y } }] }
      - eval_time: 4m
        alertname: SlowModel
        exp_alerts: [{ exp_labels: { severity: page, model: x }, exp_annotations: { summary: slow, runbook: r } }]
`),
  ).toEqual([
    [
      'SlowModel at 2m:',
      '  - {alertname="SlowModel", model="x", severity="page"} does not fire (pending for 60 s)',
      'SlowModel at 3m:',
      '  - {alertname="SlowModel", model="y", severity="page"} does not fire',
      '  + {alertname="SlowModel", model="x", severity="page"} fires with the value 9000',
      '  +   summary: "P95 of x is 9 s"',
      'SlowModel at 4m:',
      '    {alertname="SlowModel", model="x", severity="page"}',
      '  -   runbook: "r"',
      '  -   summary: "slow"',
      '  +   summary: "P95 of x is 9 s"',
    ],
  ])
})

test('each test begins on empty tables; lists take turns; keep_firing_for; other tables and series', async () => {
  expect(
    await failures(
      `
  - name: a third fail
    rows:
      requests: [{ every: 2s, count: 30, model: m, duration_ms: 10, status: [ok, error, ok] }]
    alert_rule_test:
      - { eval_time: 60s, alertname: Errors, exp_alerts: [{ exp_labels: { model: m } }] }
      - { eval_time: 7m30s, alertname: Errors, exp_alerts: [{ exp_labels: { model: m } }] }
      - { eval_time: 8m, alertname: Errors }
  - name: nothing is left of it
    alert_rule_test: [{ eval_time: 1m, alertname: Errors }]
  - name: rows of the future are not there yet
    rows:
      gpu_samples: [{ at: 2m, gpu: 0, temperature_celsius: 95 }, { at: -1m, gpu: 1, temperature_celsius: 95 }]
    alert_rule_test:
      - { eval_time: 0m, alertname: Hot, exp_alerts: [{ exp_labels: { gpu: 1 } }] }
      - { eval_time: 1m30s, alertname: Hot }
      - { eval_time: 2m, alertname: Hot, exp_alerts: [{ exp_labels: { gpu: 0 } }] }
  - name: series
    interval: 30s
    start_timestamp: 2026-03-01T00:00:00Z
    input_series:
      - { series: 'vllm:num_requests_waiting{instance="a"}', values: '0x3 20x10 stale' }
      - { series: 'vllm:num_requests_waiting{instance="b"}', values: '5x14' }
    alert_rule_test:
      - { eval_time: 3m, alertname: Queue }
      - { eval_time: 4m, alertname: Queue, exp_alerts: [{ exp_labels: { instance: a } }] }
      - { eval_time: 10m, alertname: Queue }
  - name: rollups are up to date
    rows:
      requests: [{ at: -2h, every: 1s, count: 6, model: m }]
    alert_rule_test: [{ eval_time: 0m, alertname: Daily, exp_alerts: [{}] }]
`,
      'evaluation_interval: 30s\n',
    ),
  ).toEqual([[], [], [], [], []])
})

test('what only promtool makes use of may stand there', async () => {
  const test = `  - external_labels: { region: eu, shard: 1 }
    external_url: https://prometheus.example.com
    promql_expr_test: []
    alert_rule_test: [{ eval_time: 1m, alertname: Errors }]
`
  expect(await failures(test, 'group_eval_order: [requests]\nfuzzy_compare: true\n')).toEqual([[]])
})

test('a rule that cannot be evaluated fails its test, once', async () => {
  const [failure = []] = await failures('  - alert_rule_test: [{ eval_time: 5m, alertname: Broken }]')
  expect(failure).toHaveLength(1)
  expect(failure[0]).toMatch(/rules.yaml: requests\/Broken cannot be evaluated: .*nope/)
})

test.each([
  [
    '  - alert_rule_test: [{ eval_time: 1m, alertname: Slow }]',
    /a.test.yaml:3: tests.0.alert_rule_test.0: alertname: no rule is called "Slow"; expected one of: SlowModel, /,
  ],
  [
    '  - { rows: { request: [{}] }, alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }',
    /rows.request: no such table; expected one of: requests, /,
  ],
  [
    '  - { rows: { requests: [{ modle: x }] }, alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }',
    /a.test.yaml:3: tests.0.rows.requests.0: modle: requests has no such column; expected: timestamp, /,
  ],
  [
    '  - { rows: { requests: [{ duration_ms: x }] }, alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }',
    /rows of requests cannot be stored: /,
  ],
  [
    '  - { alert_rule_test: [{ eval_time: soon, alertname: Errors }] }',
    /alert_rule_test.0.eval_time: expected a time such as 0m, 4m30s or -7d; found "soon"/,
  ],
  [
    '  - { alert_rule_test: [{ eval_time: 1m, alert: Errors }] }',
    /alert: unknown key; expected one of: eval_time, alertname, exp_alerts/,
  ],
  [
    '  - { input_series: [{ series: up, values: 1y }], alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }',
    /input_series.0.values: expected values such as /,
  ],
  [
    '  - { promql_expr_test: [{ expr: up }], alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }',
    /promql_expr_test: expected no tests of expressions: these are in PromQL/,
  ],
  [
    '  - { promql: [], alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }',
    /promql: unknown key; expected one of: name, interval, /,
  ],
])('%s is refused', async (tests, why) => {
  await expect(failures(tests)).rejects.toMatchObject({ name: 'ConfigError', message: expect.stringMatching(why) })
})

test('the command: only what --run names, JUnit beside the text, progress', async () => {
  const path = join(folder, 'b.test.yaml')
  writeFileSync(
    path,
    `rule_files: ["*.yaml"]
tests:
  - { name: quiet, alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }
  - { name: 'wrong <&>', alert_rule_test: [{ eval_time: 1m, alertname: Errors, exp_alerts: [{}] }] }
  - { name: other, alert_rule_test: [{ eval_time: 1m, alertname: Errors }] }
`.replace('*.yaml', 'rule*.yaml'),
  )
  const lines: string[] = []
  const seen: number[] = []
  const progress = {
    start: (total: number | null) => void seen.push(total ?? -1),
    update: (done: number) => void seen.push(done),
    stop: () => {},
  }
  const command = (flags: TestFlags) =>
    testCommand([path], flags, { log, progress, print: (line) => void lines.push(line) })
  const junit = join(folder, 'junit.xml')
  expect(await command({ run: 'quiet|wrong', junit })).toBe(false)
  expect(seen).toEqual([2, 1, 2])
  expect(lines).toEqual([
    path,
    expect.stringMatching(/^ {2}ok {3}quiet \(2 evaluations, \d/),
    expect.stringMatching(/^ {2}FAIL wrong <&> \(2 evaluations/),
    '       Errors at 1m:',
    '         - {alertname="Errors"} does not fire',
    '1 passed, 1 failed',
  ])
  expect(readFileSync(junit, 'utf8')).toContain('name="wrong &lt;&amp;&gt;"')
  await expect(command({ run: 'none' })).rejects.toThrow(/--run: no test has a name that matches none/)
  await expect(command({ run: '(' })).rejects.toThrow(/is no regular expression/)
})

test('JUnit XML', () => {
  const base = { file: 'a.yaml', duration_ms: 1500, evaluations: 3 }
  const results = [
    { ...base, name: 'one', failure: [] },
    { ...base, name: 'two', failure: ['X at 1m:', '  - {alertname="X"}\u0007'] },
  ]
  expect(junitReport(results)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0" time="3.000">
  <testsuite name="a.yaml" tests="2" failures="1" errors="0" time="3.000">
    <testcase classname="a.yaml" name="one" time="1.500"/>
    <testcase classname="a.yaml" name="two" time="1.500">
      <failure message="X at 1m:">X at 1m:
  - {alertname=&quot;X&quot;}?</failure>
    </testcase>
  </testsuite>
</testsuites>
`)
  expect(textReport(results).at(-1)).toBe('1 passed, 1 failed')
})
