import { expect, test } from 'vitest'
import type { Labels } from '../labels.ts'
import { inhibitRuleConfig } from './config.ts'
import { Inhibitor } from './inhibit.ts'

const inhibitor = (...rules: object[]) => new Inhibitor(rules.map((rule) => inhibitRuleConfig.parse(rule)))
const alert = (labels: Labels, ends_at: number | null = null) => ({
  fingerprint: JSON.stringify(labels),
  labels,
  ends_at,
})

const hostDown = { source_matchers: 'alertname=HostDown', target_matchers: ['severity!=page'], equal: ['host'] }

test.each<[string, object, Labels, Labels, boolean]>([
  ['equal labels', hostDown, { alertname: 'HostDown', host: 'a' }, { alertname: 'X', host: 'a' }, true],
  ['another host', hostDown, { alertname: 'HostDown', host: 'a' }, { alertname: 'X', host: 'b' }, false],
  ['no target', hostDown, { alertname: 'HostDown', host: 'a' }, { host: 'a', severity: 'page' }, false],
  ['no source', hostDown, { alertname: 'Other', host: 'a' }, { alertname: 'X', host: 'a' }, false],
  ['a missing label equals an empty one', hostDown, { alertname: 'HostDown' }, { alertname: 'X', host: '' }, true],
  ['itself', hostDown, { alertname: 'HostDown', host: 'a' }, { alertname: 'HostDown', host: 'a' }, false],
  [
    'both on both sides',
    hostDown,
    { alertname: 'HostDown', host: 'a', n: '1' },
    { alertname: 'HostDown', host: 'a' },
    false,
  ],
  [
    'a source that is no target inhibits one that is both',
    hostDown,
    { alertname: 'HostDown', host: 'a', severity: 'page' },
    { alertname: 'HostDown', host: 'a' },
    true,
  ],
  ['older keys', { source_match: { a: '1' }, target_match_re: { b: '2|3' } }, { a: '1' }, { b: '3' }, true],
])('%s', (_, rule, source, target, expected) => {
  const one = inhibitor(rule)
  one.note(alert(source))
  expect(one.inhibitedBy(target)).toBe(expected ? JSON.stringify(source) : null)
})

test('ends with the last source', () => {
  const one = inhibitor({ source_match: { a: '1' }, target_match: { b: '1' } })
  one.note(alert({ a: '1', n: '1' }))
  one.note(alert({ a: '1', n: '2' }))
  one.note(alert({ a: '1', n: '1' }, 5))
  expect(one.inhibitedBy({ b: '1' })).toContain('"n":"2"')
  one.note(alert({ a: '1', n: '2' }, 5))
  expect(one.inhibitedBy({ b: '1' })).toBeNull()
})
