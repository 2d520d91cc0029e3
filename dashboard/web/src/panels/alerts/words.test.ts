import { expect, test } from 'vitest'
import { labelText } from './words.ts'

test.each<[labels: Record<string, string>, text: string]>([
  [{ alertname: 'Slow', model: 'gpt-4o', severity: 'page' }, 'model=gpt-4o severity=page'],
  [{ team: '' }, 'no team'],
  [{}, ''],
])('%j: %s', (labels, text) => expect(labelText(labels)).toBe(text))
