import { expect, test } from 'vitest'
import { memo } from './memo.ts'

test('computes once a key, starts anew when full, and keeps no long keys', () => {
  const asked: string[] = []
  const length = memo(
    (key) => {
      asked.push(key)
      return key.length
    },
    2,
    3,
  )
  expect(['a', 'a', 'bb', 'a'].map(length)).toEqual([1, 1, 2, 1])
  expect(asked).toEqual(['a', 'bb'])
  length('c')
  length('a')
  expect(asked).toEqual(['a', 'bb', 'c', 'a'])
  expect([length('long'), length('long')]).toEqual([4, 4])
  expect(asked).toEqual(['a', 'bb', 'c', 'a', 'long', 'long'])
})
