import { expect, test } from 'vitest'
import { Readings } from './readings.ts'

test('a text is read once while it is among the last ones; long and failed readings are not kept', async () => {
  const readings = new Readings<number>(2)
  const read: string[] = []
  const of = (text: string) => readings.of(text, async () => read.push(text))
  for (const text of ['a', 'b', 'a', 'b']) await of(text)
  expect(read).toEqual(['a', 'b'])
  // `a` was asked for last.
  await of('a')
  for (const text of ['c', 'a', 'b']) await of(text)
  expect(read).toEqual(['a', 'b', 'c', 'b'])
  const long = 'x'.repeat(20_000)
  for (const text of [long, long]) await of(text)
  expect(read.slice(4)).toEqual([long, long])
  const refuse = () => readings.of('bad', () => Promise.reject(new Error('refused')))
  await expect(refuse()).rejects.toThrow('refused')
  expect(await of('bad')).toBe(7)
})
