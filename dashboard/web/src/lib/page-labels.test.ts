import { expect, test } from 'vitest'
import { linkOf } from './mark-link.ts'
import { labelsOfPage } from './page-labels.ts'
import { parseSearch } from './search.ts'

test.each([
  ['/', '', {}],
  ['/', '?model=a&endpoint=x&endpoint=y&status=error', { model: 'a' }],
  ['/models/gpt%2F4', '?environment=production', { model: 'gpt/4', environment: 'production' }],
  ['/models', '', {}],
  ['/gpus/node-1/3', '', { host: 'node-1', gpu: '3' }],
  ['/servers', '', {}],
  ['/servers/vllm-1%3A8000', '', { instance: 'vllm-1:8000' }],
  ['/models/~..', '', { model: '..' }],
])('%s%s is about %j', (path, query, labels) => {
  expect(labelsOfPage(path, parseSearch(query))).toEqual(labels)
})

test('a link keeps the range, and leaves the filters behind', () => {
  const search = parseSearch('?range=6h&model=a&view=x')
  expect(linkOf('/requests?service=chat', search)).toBe('/requests?range=6h&service=chat')
  expect(linkOf('/cost', search)).toBe('/cost?range=6h')
})
