import { expect, test } from 'vitest'
import { choiceOf, exclude, want } from './facets.ts'
import { formatSearch, parseSearch } from './search.ts'

const url = (search: ReturnType<typeof parseSearch>) => decodeURIComponent(formatSearch(search)).replaceAll('+', ' ')

test('a column of the top bar is a filter there, another a term', () => {
  const one = want(parseSearch(''), 'team', 'search')
  expect(url(one)).toBe('?team=search')
  expect(choiceOf(one, 'team', 'search')).toBe('wanted')
  expect(url(want(one, 'team', 'search'))).toBe('')
  const other = want(one, 'error_type', 'a b')
  expect(url(other)).toBe('?team=search&q=error_type:"a b"')
  expect(choiceOf(other, 'error_type', 'a b')).toBe('wanted')
  expect(url(want(other, 'error_type', 'a b'))).toBe('?team=search')
})

test('to exclude a value takes its filter away, and the other way round', () => {
  const without = exclude(parseSearch('?team=search&team=x'), 'team', 'search')
  expect(url(without)).toBe('?team=x&q=-team:search')
  expect(choiceOf(without, 'team', 'search')).toBe('unwanted')
  expect(url(exclude(without, 'team', 'search'))).toBe('?team=x')
  expect(url(want(without, 'team', 'search'))).toBe('?team=x')
  expect(url(want(parseSearch('?q=team:search'), 'team', 'search'))).toBe('')
  expect(url(exclude(parseSearch('?q=duration>2s'), 'streamed', 'true'))).toBe('?q=duration>2s -streamed:true')
  expect(url(want(parseSearch(''), 'attempt', '2'))).toBe('?q=attempt:2')
})

test('a text that cannot be read is left alone', () => {
  const broken = parseSearch('?q=team:')
  expect(choiceOf(broken, 'error_type', 'x')).toBe('open')
  expect(want(broken, 'error_type', 'x').q).toBe('team:')
})
