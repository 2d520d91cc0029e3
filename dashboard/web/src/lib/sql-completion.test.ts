import { expect, test } from 'vitest'
import { suggestionsAt } from './sql-completion.ts'

const column = (name: string) => ({ name, type: 'Float64', unit: 'ms', comment: `about ${name}` })
const tables = [
  { name: 'v_requests', kind: 'view', comment: 'calls', columns: [column('ttft_ms'), column('model')] },
  { name: 'gpu_1h', kind: 'rollup', comment: 'GPUs', columns: [column('host')] },
]
const labels = (marked: string) =>
  suggestionsAt(marked.replace('|', ''), marked.indexOf('|'), tables).map(({ label }) => label)

test('columns of the tables that the query names come first, with unit and comment', () => {
  const [first] = suggestionsAt('select tt from v_requests', 9, tables)
  expect(first).toEqual({ label: 'ttft_ms', type: 'property', detail: 'ms', info: 'about ttft_ms', boost: 2 })
  expect(labels('select | from v_requests')).not.toContain('host')
  expect(labels('select | from v_requests')).toEqual(expect.arrayContaining(['quantile', 'WHERE', 'gpu_1h']))
})

test.each([
  ['select * from v|', ['v_requests', 'gpu_1h']],
  ['select r.| from v_requests as r join gpu_1h g on 1', ['ttft_ms', 'model']],
  ['select g.h| from v_requests as r join gpu_1h g on 1', ['host']],
  ['select x.| from v_requests', []],
])('%s', (text, expected) => {
  expect(labels(text)).toEqual(expected)
})
