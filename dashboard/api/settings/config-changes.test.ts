import { expect, test } from 'vitest'
import { configChanges, reloadMark, ruleChanges } from './config-changes.ts'
import { parseConfig } from '../../../config.ts'

const of = (before: string, after: string) =>
  configChanges(parseConfig(before, 'before', {}), parseConfig(after, 'after', {}))

const endpoint = (more: string) => `endpoints: [{ name: chat, upstream: "http://a:1", kind: openai, ${more} }]`
const receivers = (address: string, key: string, word: string) => `alerts:
  receivers:
    - name: ops
      notify:
        - { type: webhook, url: "${address}" }
        - { type: pagerduty, routing_key: "${key}" }
        - { type: command, command: [notify, "${word}"], env: { PIN: "${word}" } }
  route: { receiver: ops }`

test.each<[before: string, after: string, lines: string[]]>([
  ['log_level: info', 'log_level: info', []],
  ['log_level: info', 'log_level: debug', ['log_level: info → debug']],
  ['scrape: { interval: 10s }', 'scrape: { interval: 1m }', ['scrape.interval: 10s → 1m']],
  [endpoint('gpu_hour_usd: 2.5'), endpoint('gpu_hour_usd: 3'), ['endpoints.[chat].gpu_hour_usd: 2.5 → 3']],
  ['{}', endpoint('gpu_hour_usd: 3'), ['endpoints.[chat]: added']],
  [endpoint('gpu_hour_usd: 3'), '{}', ['endpoints.[chat]: removed']],
])('from %j to %j', (before, after, lines) => {
  expect(of(before, after)).toEqual(lines.map((line) => line.replaceAll('.[', '[')))
})

test('what may be a secret is never told', () => {
  const lines = of(
    receivers('https://user:hunter2@a.example/x', 'a'.repeat(32), 'hunter'),
    receivers('https://user:hunter3@a.example/x', 'b'.repeat(32), 'gatherer'),
  )
  expect(lines).toEqual([
    'alerts.receivers[ops].notify[0].url: changed',
    'alerts.receivers[ops].notify[1].routing_key: changed',
    'alerts.receivers[ops].notify[2].command[1]: changed',
    'alerts.receivers[ops].notify[2].env.PIN: changed',
  ])
})

const rule = (id: string, yaml: string) => ({ group: 'latency', id, yaml })

test('rules that are new, gone or different', () => {
  expect(
    ruleChanges([rule('a', '1'), rule('b', '1'), rule('c', '1')], [rule('b', '2'), rule('c', '1'), rule('d', '1')]),
  ).toEqual(['rule latency/a: removed', 'rule latency/b: changed', 'rule latency/d: added'])
})

test('a mark names what changed, and is the same for all that read it within a minute', () => {
  const lines = ['log_level: info → debug', 'rule latency/a: added', 'rule latency/b: added']
  const mark = reloadMark(lines, 1_800_000_000_000)
  expect(mark).toMatchObject({
    kind: 'config',
    title: 'Configuration: log_level, rule latency/a and 1 more',
    text: lines.join('\n'),
  })
  expect(reloadMark(lines, 1_800_000_030_000)?.id).toBe(mark?.id)
  expect(reloadMark(lines, 1_800_000_060_000)?.id).not.toBe(mark?.id)
  expect(reloadMark([], 1)).toBeNull()
})
