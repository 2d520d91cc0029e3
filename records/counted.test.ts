import { expect, test } from 'vitest'
import { counted } from './counted.ts'

test.each([
  [0, '0 requests'],
  [1, '1 request'],
  [12_034, '12,034 requests'],
])('%s is said as %s', (count, text) => {
  expect(counted(count, 'request')).toBe(text)
})
