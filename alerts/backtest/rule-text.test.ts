import { expect, test } from 'vitest'
import { parseWrittenRule } from './rule-text.ts'

const alone = `alert: Slow
kind: latency
above: 5s
annotations:
  summary: |
    P95 is
      {{ value | duration }}
`

test('a rule alone, and one of a file', () => {
  const { rule, group } = parseWrittenRule(alone)
  expect(rule).toMatchObject({ name: 'Slow', threshold: { value: 5_000 } })
  expect(rule.annotations).toEqual({ summary: 'P95 is\n  {{ value | duration }}\n' })
  expect(group.interval_ms).toBe(30_000)
  const file = `groups:
  - { name: a, interval: 1m, rules: [{ alert: A, sql: select 1 as value }, { alert: B, sql: select 2 as value }] }`
  expect(parseWrittenRule(file, 'B')).toMatchObject({ rule: { name: 'B' }, group: { name: 'a', interval_ms: 60_000 } })
  expect(() => parseWrittenRule(file)).toThrow('there are several rules; name one of: A, B')
  expect(() => parseWrittenRule(file, 'C')).toThrow('there is no rule C; known: A, B')
})

test.each([
  [alone.replace('5s', '5%'), 'rule:3: above: expected a duration such as 800ms, 5s or 1m; found "5%"'],
  [alone.replace('above: 5s', 'above: 5s\nwindwo: 1m'), 'rule:4: windwo: unknown key; expected one of: alert, above'],
  [alone.replace('above: 5s\n', ''), 'rule:1: expected `above` or `below`; found neither'],
  ['alert: "x', 'rule:1: not valid YAML'],
  ['', 'rule:1: expected `kind`'],
  ['groups: []', 'there is no rule'],
  [
    'groups:\n  - name: g\n    rules:\n      - alert: A\n        kind: slow',
    'rule:5: groups.0.rules.0.kind: expected one of ',
  ],
])('%j is refused', (text, why) => {
  expect(() => parseWrittenRule(text)).toThrow(why)
})
