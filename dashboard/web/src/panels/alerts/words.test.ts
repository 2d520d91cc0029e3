import { expect, test } from 'vitest'
import { infinite } from '../../../../../records/infinite.ts'
import { formatRatio } from '../../lib/format.ts'
import { exactly, formatValue, labelText } from './words.ts'

test.each<[labels: Record<string, string>, text: string]>([
  [{ alertname: 'Slow', model: 'gpt-4o', severity: 'page' }, 'model=gpt-4o severity=page'],
  [{ team: '' }, 'no team'],
  [{}, ''],
])('%j: %s', (labels, text) => expect(labelText(labels)).toBe(text))

test('a value without bounds has no unit', () => {
  expect([formatValue(infinite, 'ratio'), formatValue(-infinite, 'ms'), exactly(infinite)]).toEqual([
    'inf',
    '-inf',
    'inf',
  ])
  expect([formatValue(0.5, 'ratio'), exactly(0.5), exactly(null)]).toEqual([formatRatio(0.5), '0.5', null])
})
