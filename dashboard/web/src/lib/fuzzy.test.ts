import { expect, test } from 'vitest'
import { fuzzyRanked, fuzzyScore } from './fuzzy.ts'

const texts = [
  'Go to Overview',
  'Model gpt-4o',
  'Model gpt-4o-mini',
  'Model llama-3.1-70b',
  'Range: last 6 h',
  'Go to GPUs',
]
const ranked = (typed: string) => fuzzyRanked(typed, texts, (text) => [text], 3)

test.each([
  ['over', 'Go to Overview'],
  ['gpus', 'Go to GPUs'],
  ['4omini', 'Model gpt-4o-mini'],
  ['gpt-4o', 'Model gpt-4o'],
  ['ll70', 'Model llama-3.1-70b'],
  ['6h', 'Range: last 6 h'],
  ['GOTOO', 'Go to Overview'],
])('%s finds %s first', (typed, first) => expect(ranked(typed)[0]).toBe(first))

test('what lacks a letter does not fit; nothing typed fits everything', () => {
  expect(fuzzyScore('xyz', 'Overview')).toBeNull()
  expect(fuzzyScore('weivrevo', 'Overview')).toBeNull()
  expect(ranked('')).toEqual(texts.slice(0, 3))
})

test('a word of its own counts more than what stands beside it', () => {
  const items = [
    ['Requests per minute', 'SQL questions'],
    ['Requests', 'Pages'],
  ]
  expect(fuzzyRanked('reqs', items, ([word = '', group = '']) => [word, `${word} ${group}`], 1)).toEqual([items[1]])
  expect(fuzzyRanked('minutesql', items, ([word = '', group = '']) => [word, `${word} ${group}`], 1)).toEqual([
    items[0],
  ])
})

test('what is typed is no pattern', () => expect(fuzzyScore('.*', 'Overview')).toBeNull())
