import { expect, test } from 'vitest'
import { labelsOf, labelsText } from './labels-text.ts'

test.each<[text: string, labels: Record<string, string> | null]>([
  ['', {}],
  ['  ', {}],
  ['endpoint:chat', { endpoint: 'chat' }],
  ['endpoint:chat  model:"a \\"b\\"" ', { endpoint: 'chat', model: 'a "b"' }],
  ['instance:vllm-1:8000', { instance: 'vllm-1:8000' }],
  ['chat', null],
  ['endpoint:', null],
  ['endpoint:"a', null],
  ['endpoint:"a"b', null],
  ['endpoint:"\\x"', null],
])('%s', (text, labels) => expect(labelsOf(text)).toEqual(labels))

test.each([{ endpoint: 'chat' }, { model: 'a "b" \\', host: 'x' }])('%j survives a round trip', (labels) =>
  expect(labelsOf(labelsText(labels))).toEqual(labels),
)
