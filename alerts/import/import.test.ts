import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseRuleFile } from '../rule-file.ts'
import { importCommand } from './command.ts'
import { translateTemplate } from './go-template.ts'
import { importText } from './index.ts'

const foreign = `groups:
  - name: models
    interval: 1m30s
    limit: 10
    partial_response_strategy: abort
    labels: { team: ml }
    rules:
      - alert: ManyErrors
        expr: |
          SELECT model, countIf(status = 'error') / count() AS value
          FROM requests WHERE timestamp > now() - INTERVAL 5 MINUTE -- not before now
          GROUP BY model HAVING value > 0.05;
        for: 1h30m
        keep_firing_for: 1w
        labels: { severity: page, value: "{{ $value }}" }
        annotations:
          summary: "{{ $labels.model }}: {{ $value | humanizePercentage }} fail"
          description: '{{ if gt $value 0.5 }}bad{{ end }}'
      - record: job:up:sum
        expr: sum(up) by (job)
      - alert: Down
        expr: up == 0
        for: 5m
      - { alert: Twice, expr: select 1 as value }
      - { alert: Twice, expr: select 2 as value }
`

test('what carries over, and a word on each thing that does not', () => {
  const { text, summary, notes } = importText(foreign, 'rules.yml')
  expect(summary).toBe('2 of 5 rules')
  expect(parse(text)).toEqual({
    groups: [
      {
        name: 'models',
        interval: '90s',
        rules: [
          {
            alert: 'ManyErrors',
            sql: `SELECT model, countIf(status = 'error') / count() AS value
FROM requests WHERE timestamp > {to:DateTime64(3)} - INTERVAL 5 MINUTE -- not before now
GROUP BY model HAVING value > 0.05`,
            for: '90m',
            keep_firing_for: '7d',
            labels: { team: 'ml', severity: 'page' },
            annotations: { summary: '{{ labels.model }}: {{ value | percent }} fail' },
            limit: 10,
          },
          { alert: 'Twice', sql: 'select 1 as value', labels: { team: 'ml' }, limit: 10 },
        ],
      },
    ],
  })
  expect(notes).toEqual([
    'rules.yml:5: partial_response_strategy has no counterpart: left out',
    expect.stringMatching(/^rules.yml:9: the time of the evaluation/),
    expect.stringMatching(/^rules.yml:15: value: not carried over: a label with the value/),
    expect.stringMatching(/^rules.yml:18: description: \{\{ if gt \$value 0.5 \}\} branches or loops/),
    expect.stringMatching(/^rules.yml:18: description: \{\{ end \}\} branches/),
    'rules.yml:18: description: not carried over',
    expect.stringMatching(/^rules.yml:19: recording rule job:up:sum: .*: not carried over$/),
    expect.stringMatching(/^rules.yml:22: Down: PromQL cannot be carried over/),
    expect.stringMatching(/^rules.yml:25: Twice: not carried over: a rule above has the same name and labels/),
  ])
  expect(parseRuleFile(text, 'ours.yaml').problems).toEqual([])
})

test('a rule that ours would refuse is not carried over', () => {
  const { summary, notes } = importText(
    'groups: [{ name: g, rules: [{ alert: A, expr: select 1 as value, labels: { "a-b": c } }] }]',
    'r.yml',
  )
  expect(summary).toBe('0 of 1 rules')
  expect(notes).toEqual([expect.stringMatching(/^r.yml:1: A: not carried over: labels.a-b: /)])
})

test.each([
  ['{{ $labels.model }} of {{ .Labels.team }}', '{{ labels.model }} of {{ labels.team }}', []],
  ['{{ index $labels "a.b" }}', '{{ labels["a.b"] }}', []],
  ['{{ $value | humanize }}', '{{ value | number }}', [/^humanize became number/]],
  ['{{ humanizePercentage $value }}', '{{ value | percent }}', []],
  ['{{ $value | humanizeDuration }}', '{{ value | number }} s', [/reads milliseconds/]],
  ['{{ printf "%.2f" $value }} req', '{{ value | number }} req', [/^printf/]],
  ['{{ $value | printf "%.1f%%" }}', '{{ value | number }}%', [/^printf/]],
  ['{{ printf "<%s>" $labels.a }}', '<{{ labels.a }}>', []],
  ['{{ $labels.a | toUpper }}', '{{ labels.a }}', [/^toUpper is left out/]],
  ['{{ $labels.a | reverse }}', '{{ labels.a }}', [/^reverse is not known/]],
  ['a  {{- $labels.b -}}  c {{/* why */}}d', 'a{{ labels.b }}c d', []],
  ['{{ range query "up" }}x{{ end }}', null, [/branches or loops/, /branches/]],
  ['{{ query "up" | first | value }}', null, [/asks or computes/]],
  ['{{ $x := $value }}', null, [/asks or computes/]],
  ['{{ $externalURL }}', null, [/neither a label nor the value/]],
  ['{{ printf "%s %s" $labels.a $labels.b }}', null, [/no counterpart/]],
  ['plain', 'plain', []],
])('%j', (template, text, notes) => {
  const translated = translateTemplate(template)
  expect(translated.text).toBe(text)
  expect(translated.notes).toEqual(notes.map((pattern) => expect.stringMatching(pattern)))
})

test('files of neither kind', () => {
  expect(() => importText('global: {}', 'x.yml')).toThrow(/^x.yml: expected `groups:` .*; found global$/)
  expect(() => importText('groups: [{ rules: [] }]', 'x.yml')).toThrow(/^x.yml:1: groups.0.name: /)
})

test('the command writes no file over another, and says what it did', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-import-'))
  const source = join(folder, 'rules.yml')
  const output = join(folder, 'ours.yaml')
  writeFileSync(source, foreign)
  const said: string[] = []
  const printed: string[] = []
  const run = (flags: { output?: string }) =>
    importCommand(
      source,
      flags,
      (text) => void printed.push(text),
      (line) => void said.push(line),
    )
  await run({ output })
  expect(said.at(-1)).toBe(`2 of 5 rules written to ${output}; 9 notes`)
  await run({})
  expect(printed).toEqual([readFileSync(output, 'utf8')])
  await expect(run({ output })).rejects.toThrow(/ours.yaml: cannot be written \(EEXIST\)/)
  await expect(importCommand(join(folder, 'none'), {}, String, String)).rejects.toThrow(/cannot be read \(ENOENT\)/)
  rmSync(folder, { recursive: true })
})
