import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkRules, ruleWarnings } from './check.ts'
import { alertsConfig } from './config.ts'
import { kinds } from './kinds/index.ts'
import { loadRuleGroups, parseRuleFile } from './rule-file.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'inferwatch-rules-'))
  mkdirSync(join(directory, 'rules'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const write = (name: string, text: string) => writeFileSync(join(directory, name), text)
const config = (fields: object) => alertsConfig.parse({ shipped_rules: false, ...fields })
const names = kinds.map(({ name }) => name).join(', ')
const rule = (text: string) => parseRuleFile(`groups: [{ name: g, rules: [${text}] }]`, 'a.yaml')

test('the example of DESIGN.md', () => {
  const { groups, problems } = parseRuleFile(
    `
groups:
  - name: latency
    interval: 30s
    rules:
      - alert: HighP95Latency
        kind: latency
        quantile: 0.95
        window: 5m
        by: [model]
        where: { environment: production }
        above: 5s
        min_requests: 20
        for: 2m
        labels: { severity: page }
        annotations: { summary: "P95 of {{ labels.model }} is {{ value | duration }}" }
`,
    'rules/latency.yaml',
  )
  expect(problems).toEqual([])
  expect(groups).toMatchObject([
    {
      name: 'latency',
      interval_ms: 30_000,
      query_offset_ms: 0,
      rules: [
        {
          id: 'HighP95Latency',
          name: 'HighP95Latency',
          group: 'latency',
          kind: 'latency',
          unit: 'ms',
          for_ms: 120_000,
          keep_firing_for_ms: 0,
          window_ms: 300_000,
          threshold: { side: 'above', value: 5_000 },
          labels: { severity: 'page' },
        },
      ],
    },
  ])
})

test.each([
  ['{ alert: A, kind: latency, above: 1.5s }', 1_500],
  ['{ alert: A, kind: ttft, above: 800ms }', 800],
  ['{ alert: A, kind: error_ratio, above: 5% }', 0.05],
  ['{ alert: A, kind: error_ratio, above: 0.05 }', 0.05],
  ['{ alert: A, kind: spend_rate, above: $50 }', 50],
  ['{ alert: A, kind: spend_rate, above: $0.5/h }', 0.5],
  ['{ alert: A, kind: spend_rate, below: 7 }', 7],
  ['{ alert: A, sql: "select 1 as value", above: -3 }', -3],
])('threshold of %s', (text, value) => {
  const { groups, problems } = rule(text)
  expect(problems).toEqual([])
  expect(groups[0]?.rules[0]?.threshold?.value).toBe(value)
})

test.each([
  ['{ kind: latency, above: 1s }', 'a.yaml:1: groups.0.rules.0.alert: '],
  [
    '{ alert: A, kind: latency, above: 1s, quantil: 1 }',
    'groups.0.rules.0.quantil: unknown key; expected one of: alert, ',
  ],
  [
    '{ alert: A, kind: latency, above: 1s, where: { modell: x } }',
    'where.modell: unknown key; expected one of: model, ',
  ],
  ['{ alert: A, kind: latency, above: 5% }', 'above: expected a duration such as 800ms, 5s or 1m; found "5%"'],
  ['{ alert: A, kind: latency, above: 5 }', 'above: expected a duration such as 800ms, 5s or 1m; found 5'],
  ['{ alert: A, kind: latency, above: 1s, quantile: 95 }', 'quantile: '],
  [
    '{ alert: A, kind: latency, above: 1s, for: soon }',
    'for: expected a duration such as 30s, 5m, 2h or 1d; found "soon"',
  ],
  ['{ alert: A, kind: latency, above: 1s, window: 0s }', 'window: expected more than 0'],
  [
    '{ alert: A, kind: error_ratio, above: 5 }',
    'above: expected a percentage such as 5%, or a ratio from 0 to 1; found 5',
  ],
  ['{ alert: A, kind: latency }', 'expected `above` or `below`; found neither'],
  ['{ alert: A, kind: latency, above: 1s, below: 2s }', 'expected `above` or `below`; found both'],
  ['{ alert: A, kind: magic }', `expected one of ${names}; found "magic"`],
  ['{ alert: A }', `expected \`kind\` (${names}) or \`sql\`; found neither`],
  [
    '{ alert: A, sql: "select now() as value" }',
    'sql: expected {from:DateTime64(3)} and {to:DateTime64(3)} instead of now()',
  ],
  ['{ alert: A, kind: latency, above: 1s, labels: { alertname: B } }', 'labels.alertname: is always the alert'],
  ['{ alert: A, kind: latency, above: 1s, labels: { "a-b": c } }', 'labels.a-b: '],
  ['{ alert: A, kind: latency, above: 1s, labels: { v: "{{ value }}" } }', 'labels.v: a label with the value in it'],
  [
    '{ alert: A, kind: latency, above: 1s }, { alert: A, kind: latency, above: 2s }',
    'has alert "A" twice with the labels {}',
  ],
  ['just text', 'found neither'],
])('%s is refused', (text, why) => {
  const { problems } = rule(text)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(why)
})

test('every problem is told at once, with its line', () => {
  const { problems } = parseRuleFile(
    `groups:
  - name: g
    rules:
      - alert: A
        kind: latency
        above: 5%
      - alert: B
        kind: error_ratio
        above: 5%
        by: [nobody]
`,
    'a.yaml',
  )
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['a.yaml:6:', 'a.yaml:10:'])
})

test('two rules of one name are told apart by their labels', () => {
  const { groups, problems } = rule(
    '{ alert: A, kind: latency, above: 5s, labels: { severity: warning } }, { alert: A, kind: latency, above: 9s, labels: { severity: page } }',
  )
  expect(problems).toEqual([])
  expect(groups[0]?.rules.map(({ id, name }) => [id, name])).toEqual([
    ['A', 'A'],
    ['A#2', 'A'],
  ])
})

test('globs are relative to the configuration file; each file is read once', async () => {
  write('rules/a.yaml', 'groups: [{ name: a, rules: [{ alert: A, kind: latency, above: 1s }] }]')
  write('rules/b.yaml', 'groups: [{ name: b, rules: [] }]')
  write('rules/empty.yaml', '')
  const groups = await loadRuleGroups(config({ rules: ['rules/*.yaml', 'rules/a.yaml', 'none/*.yaml'] }), directory)
  expect(groups.map(({ name, file }) => [name, file])).toEqual([
    ['a', 'rules/a.yaml'],
    ['b', 'rules/b.yaml'],
  ])
  expect(await checkRules(config({ rules: ['rules/*.yaml'] }), directory)).toBe(1)
})

test.each([
  [{ rules: ['rules/missing.yaml'] }, /"rules\/missing.yaml" is not there/],
  [{ rules: ['rules/twice*.yaml'] }, /twice2.yaml: group "t" stands in rules\/twice1.yaml too/],
  [{ rules: ['rules/broken.yaml'] }, /rules\/broken.yaml:\d: not valid YAML/],
  [{ rules: ['rules/typo.yaml'] }, /rules\/typo.yaml:1: group: unknown key; expected one of: groups/],
  [
    { rules: ['rules/label.yaml'] },
    /rules\/label.yaml:1: .*\.labels\.a-b: expected a label name of letters, digits and underscores; found "a-b"/,
  ],
])('%j is refused', async (fields, why) => {
  write('rules/twice1.yaml', 'groups: [{ name: t }]')
  write('rules/twice2.yaml', 'groups: [{ name: t }]')
  write('rules/broken.yaml', 'groups:\n  - name: "x\n')
  write('rules/typo.yaml', 'group: []')
  write('rules/label.yaml', 'groups: [{ name: l, rules: [{ alert: A, kind: ttft, above: 1s, labels: { a-b: x } }] }]')
  await expect(loadRuleGroups(config(fields), directory)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(why),
  })
})

test('the shipped rules are on unless switched off, and are sound', async () => {
  const shipped = await loadRuleGroups(alertsConfig.parse({}), directory)
  const rules = shipped.flatMap((group) => group.rules)
  expect(rules.slice(0, 3).map(({ kind }) => kind)).toEqual(['latency', 'error_ratio', 'spend_rate'])
  const lacking = rules.filter(({ labels, annotations }) => !labels['severity'] || !annotations['summary'])
  expect(lacking).toEqual([])
  expect(await ruleWarnings(alertsConfig.parse({}), directory)).toEqual([])
  expect(await loadRuleGroups(config({}), directory)).toEqual([])
})

test('a text that can’t be rendered is a warning', async () => {
  write(
    'a.yaml',
    'groups: [{ name: g, rules: [{ alert: A, kind: latency, above: 1s, annotations: { summary: "{{ valu }}" } }] }]',
  )
  expect(await ruleWarnings(config({ rules: ['a.yaml'] }), directory)).toEqual([
    'a.yaml:1: g/A: summary: "valu" is not labels.<name>, details.<name>, value or threshold',
  ])
})

test.each([
  [
    { receivers: [{ name: 'a', notify: [{ type: 'slack', webhook_url: 'nonsense' }] }] },
    'receivers.0.notify.0.webhook_url',
  ],
  [{ receivers: [{ name: 'a', notify: [{ type: 'pager' }] }] }, 'receivers.0.notify.0'],
  [{ receivers: [{ name: 'a' }] }, 'receivers.0.notify'],
  [{ route: { receiver: 'nobody' } }, 'route.receiver'],
  [{ route: { group_wait: '5' } }, 'route.group_wait'],
  [{ route: { group_interval: '0s' } }, 'route.group_interval'],
  [{ route: { repeat_interval: 'often' } }, 'route.repeat_interval'],
  [{ external_url: 'nowhere' }, 'external_url'],
  [{ shipped: true }, ''],
])('configuration %j is refused', (fields, path) => {
  const result = alertsConfig.safeParse(fields)
  expect(result.success).toBe(false)
  expect(result.error?.issues[0]?.path.join('.')).toContain(path)
})
