import { expect, test } from 'vitest'
import { ItemTooLong, JsonItems, maxItemBytes } from './json-items.ts'

/** In chunks of every size: a cut may fall anywhere. */
function itemsOf(text: string, size: number): { items: string[]; rest: string | null } {
  const bytes = Buffer.from(text)
  const reader = new JsonItems()
  const items: string[] = []
  for (let at = 0; at < bytes.length; at += size) items.push(...reader.push(bytes.subarray(at, at + size)))
  return { items, rest: reader.end() }
}

test.each<[string, string, string[], string | null]>([
  ['a list', '[{"a":1}, {"b":[{"c":"]},{"}]} ,\n{"d":"é"}]\n', ['{"a":1}', '{"b":[{"c":"]},{"}]}', '{"d":"é"}'], null],
  ['an empty list', ' [ ] ', [], null],
  ['objects one after another', '{"a":1}\n\n{"b":\n 2}{"c":3}', ['{"a":1}', '{"b":\n 2}', '{"c":3}'], null],
  [
    'a page',
    '{"object":"page","data":[{"a":{"data":[1]}},{"b":2}],"more":{"x":["}"]},"n":null}',
    ['{"a":{"data":[1]}}', '{"b":2}'],
    null,
  ],
  ['pages', '{"data":[{"a":1}]}\n{"data":[]}\n{"data" : [ {"b":2} ]}', ['{"a":1}', '{"b":2}'], null],
  [
    'an object whose data is no list',
    '{"x":"data","y":[1],"data":{"z":[2]}}',
    ['{"x":"data","y":[1],"data":{"z":[2]}}'],
    null,
  ],
  ['escapes', String.raw`[{"a":"\"]}\\"},{"b":"\\\""}]`, [String.raw`{"a":"\"]}\\"}`, String.raw`{"b":"\\\""}`], null],
  ['scalars in a list', '[1, null,"a,]" ,{"a":1}]', ['1', 'null', '"a,]" ', '{"a":1}'], null],
  ['a list cut short', '[{"a":1},{"b":', ['{"a":1}'], '{"b":'],
  ['a list that is not closed', '[{"a":1}', ['{"a":1}'], ''],
  ['a bracket too many', '{"a":1}}{"b":2}', ['{"a":1}', '}', '{"b":2}'], null],
])('%s', (_, text, items, rest) => {
  for (let size = 1; size <= text.length; size++) expect(itemsOf(text, size)).toEqual({ items, rest })
})

test('an item that does not end is refused before it fills the memory', () => {
  const reader = new JsonItems()
  const chunk = Buffer.alloc(1 << 20, 'x')
  reader.push(Buffer.from('[{"a":"'))
  expect(() => {
    for (let sent = 0; sent <= maxItemBytes; sent += chunk.length) reader.push(chunk)
  }).toThrow(ItemTooLong)
})
