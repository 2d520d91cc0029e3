import { expect, test } from 'vitest'
import { allFolded, foldedOf, mostNamed, parseFolded, withFolded } from './folded.ts'

const parents = ['a', 'b', 'c']
const after = (...steps: [id: string, fold?: boolean][]) =>
  steps.reduce<readonly string[]>((named, [id, fold]) => withFolded(named, id, fold), [])

test('spans are folded one by one, and opened again', () => {
  expect([...foldedOf(after(['a'], ['c']), parents)]).toEqual(['a', 'c'])
  expect(after(['a'], ['c'], ['a'])).toEqual(['c'])
  expect(after(['a', true], ['a', true])).toEqual(['a'])
  expect(after(['a', false])).toEqual([])
})

test('what an address names of another trace, or has nothing below, is not folded', () => {
  expect([...foldedOf(['elsewhere', 'b'], parents)]).toEqual(['b'])
  expect([...foldedOf(['elsewhere'], parents)]).toEqual([])
})

test('of all that are folded, those are named that are not', () => {
  expect([...foldedOf(allFolded, parents)]).toEqual(parents)
  const named = withFolded(allFolded, 'b')
  expect(named).toEqual(['all', 'b'])
  expect([...foldedOf(named, parents)]).toEqual(['a', 'c'])
  expect(withFolded(named, 'b', false)).toEqual(named)
  expect(withFolded(named, 'b', true)).toEqual(['all'])
})

test('an address holds so many, the last ones', () => {
  const ids = Array.from({ length: mostNamed + 1 }, (_, index) => `s${index}`)
  const named = after(...ids.map((id): [string] => [id]))
  expect(named).toEqual(ids.slice(1))
  expect(parseFolded(named.join(','))).toEqual(named)
})

test.each([null, '', 'a,,b', '<b>', 'a b', Array.from({ length: mostNamed + 2 }, () => 'a').join(',')])(
  '%s folds nothing',
  (text) => expect(parseFolded(text)).toBeUndefined(),
)
