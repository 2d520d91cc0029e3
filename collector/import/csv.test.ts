import { expect, test } from 'vitest'
import { CsvReader } from './csv.ts'

function read(text: string, delimiter = ',') {
  const reader = new CsvReader(delimiter)
  const records = text.split('\n').flatMap((line, at) => reader.push(line, at + 1))
  return [...records, ...reader.end()].map((record) => [record.line, record.cells ?? record.reason])
}

test.each([
  ['plain', 'a,b,c', [[1, ['a', 'b', 'c']]]],
  ['empty cells', ',,', [[1, ['', '', '']]]],
  ['quotes', '"a,b","say ""hi""",c', [[1, ['a,b', 'say "hi"', 'c']]]],
  ['an empty quoted cell', '"",x', [[1, ['', 'x']]]],
  ['a quote inside a cell', 'a,5" pipe,c', [[1, ['a', '5" pipe', 'c']]]],
  ['text after a closing quote', '"a"b,c', [[1, ['ab', 'c']]]],
  [
    'blank lines',
    '\na\n\nb\n',
    [
      [2, ['a']],
      [4, ['b']],
    ],
  ],
  [
    'a line break in quotes',
    'a,"b\n\nc"\nd,e',
    [
      [1, ['a', 'b\n\nc']],
      [4, ['d', 'e']],
    ],
  ],
  [
    'a stray quote before the end',
    'a,"b\nc,d\ne,f',
    [
      [1, 'unclosed_quote'],
      [2, ['c', 'd']],
      [3, ['e', 'f']],
    ],
  ],
  [
    'two stray quotes',
    '"a\nb\n"c\nd',
    [
      [1, ['a\nb\nc']],
      [4, ['d']],
    ],
  ],
])('%s', (_, text, records) => {
  expect(read(text)).toEqual(records)
})

test('tabs', () => {
  expect(read('a,b\tc', '\t')).toEqual([[1, ['a,b', 'c']]])
})

test('a stray quote costs its own line, however long the file goes on', () => {
  const rest = Array.from({ length: 5000 }, (_, at) => `${at},x`)
  const records = read(['a,"b', ...rest].join('\n'))
  expect(records[0]).toEqual([1, 'unclosed_quote'])
  expect(records.length).toBe(5001)
  expect(records[5000]).toEqual([5001, ['4999', 'x']])
})
