import { expect, test } from 'vitest'
import { eachOnce } from './each-once.ts'

test('what is on two pages is there once, where it was first', () => {
  const pages = [['a', 'b'], ['c', 'a', 'd'], [], ['b']]
  expect(eachOnce(pages, (row) => row)).toEqual(['a', 'b', 'c', 'd'])
})
