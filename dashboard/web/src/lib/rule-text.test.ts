import { expect, test } from 'vitest'
import { parseRuleFile } from '../../../../alerts/rule-file.ts'
import { problemsOf, ruleFileOf, spanOfLine, withThreshold } from './rule-text.ts'

test('a copy is a rule file', () => {
  const text = ruleFileOf('alert: A\nkind: latency\n\nabove: 5s\nannotations:\n  summary: x\n', 30_000)
  expect(text).toBe(`groups:
  - name: my-rules
    interval: 30s
    rules:
      - alert: A
        kind: latency

        above: 5s
        annotations:
          summary: x
`)
  expect(parseRuleFile(text, 'a')).toMatchObject({ problems: [], groups: [{ interval_ms: 30_000 }] })
})

test('what the parser says, and where', () => {
  const text = ruleFileOf('alert: A\nkind: latency\nabove: 5%\nfr: 1m', 30_000)
  const { problems } = parseRuleFile(text, 'rule')
  expect(problemsOf(problems.join('\n'))).toEqual([
    { line: 7, message: expect.stringMatching(/^above: expected a duration/) as string },
    { line: 8, message: expect.stringMatching(/^fr: unknown key/) as string },
  ])
  const span = spanOfLine(text, 7)
  expect(text.slice(span?.from, span?.to)).toBe('above: 5%')
  expect(problemsOf('there is no rule')).toEqual([{ line: null, message: 'there is no rule' }])
  expect(spanOfLine(text, 99)).toBeNull()
})

test.each([
  ['  above: 5s # slow\n', '  above: 7200ms # slow\n'],
  ['{ alert: A, above: 5s, for: 1m }', '{ alert: A, above: 7200ms, for: 1m }'],
  [' below: $3}', ' below: 7200ms}'],
  ['alert: A', null],
  ['\nabove: 1\nabove: 2', null],
])('another threshold in %j', (text, expected) => expect(withThreshold(text, '7200ms')).toBe(expected))
