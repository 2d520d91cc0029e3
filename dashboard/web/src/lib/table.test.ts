import { expect, test } from 'vitest'
import { csvOf } from './table.ts'

test('quotes, commas and lines are quoted; unknown is empty; formulas stay text', () => {
  const rows = [
    ['gpt-4o', 1.5, null],
    ['a "b", c', 0, '=1+1'],
    ['two\nlines', -3, '-x'],
  ]
  expect(csvOf({ columns: ['model', 'p50_ms', 'note'], rows })).toBe(
    'model,p50_ms,note\r\ngpt-4o,1.5,\r\n"a ""b"", c",0,\'=1+1\r\n"two\nlines",-3,\'-x',
  )
})
