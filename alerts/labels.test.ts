import { expect, test } from 'vitest'
import { commonLabels, fingerprint, formatLabels, pickLabels } from './labels.ts'

test('the fingerprint is Alertmanager’s', () => {
  // As a running Alertmanager gave it.
  expect(fingerprint({ severity: 'critical', endpoint: 'gpt', alertname: 'Down' })).toBe('be7cc22b7c600f22')
  // FNV-1a's offset basis.
  expect(fingerprint({})).toBe('cbf29ce484222325')
  // By a calculation with big integers.
  expect(fingerprint({ alertname: 'Größe', model: 'ü'.repeat(50) })).toBe('15ca0267bc8f9a50')
  expect(fingerprint({ a: 'bc' })).not.toBe(fingerprint({ ab: 'c' }))
})

test('labels print sorted, as in Alertmanager’s group keys', () => {
  expect(formatLabels({ endpoint: 'gpt', alertname: 'Down' })).toBe('{alertname="Down", endpoint="gpt"}')
  expect(formatLabels({ a: 'say "hi"\n' })).toBe('{a="say \\"hi\\"\\n"}')
})

test('common and picked labels', () => {
  const sets = [
    { alertname: 'A', model: 'x', team: 't' },
    { alertname: 'A', model: 'y', team: 't' },
  ]
  expect(commonLabels(sets)).toEqual({ alertname: 'A', team: 't' })
  expect(commonLabels([])).toEqual({})
  expect(pickLabels({ alertname: 'A', model: 'x' }, ['model', 'missing'])).toEqual({ model: 'x' })
  expect(pickLabels({ alertname: 'A', model: 'x' }, ['...'])).toEqual({ alertname: 'A', model: 'x' })
})
