import { expect, test } from 'vitest'
import { BufferPool } from './buffers.ts'

const mib = 2 ** 20

test('a buffer that was given back is used again, for its own size', () => {
  const pool = new BufferPool(16 * mib)
  const one = pool.take(1)
  const three = pool.take(3 * mib)
  expect([one.length, three.length]).toEqual([mib, 4 * mib])
  pool.give(one)
  pool.give(three)
  expect(pool.take(mib + 1)).not.toBe(three)
  expect(pool.take(4 * mib)).toBe(three)
  expect(pool.take(1000)).toBe(one)
  expect(pool.take(1000)).not.toBe(one)
})

test('what goes beyond the limit is let go', () => {
  const pool = new BufferPool(3 * mib)
  const buffers = [pool.take(2 * mib), pool.take(2 * mib)]
  for (const buffer of buffers) pool.give(buffer)
  expect(pool.take(2 * mib)).toBe(buffers[0])
  expect(pool.take(2 * mib)).not.toBe(buffers[1])
})
