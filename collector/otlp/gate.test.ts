import { expect, test } from 'vitest'
import { ByteGate } from './gate.ts'

test('lets in what fits, holds the rest in order, and turns away what waits too long or in too long a queue', async () => {
  const gate = new ByteGate(100, 3)
  expect(gate.enter(60, 1e6)).toBe(true)
  expect(gate.enter(40, 1e6)).toBe(true)
  const order: string[] = []
  const wait = (name: string, bytes: number, ms: number) =>
    Promise.resolve(gate.enter(bytes, ms)).then((admitted) => order.push(`${name} ${admitted}`))
  const large = wait('large', 80, 1e6)
  const impatient = wait('impatient', 1, 1)
  const small = wait('small', 10, 1e6)
  expect(await gate.enter(1, 1e6)).toBe(false)
  await impatient
  gate.leave(40)
  expect(gate.bytes).toBe(60)
  gate.leave(60)
  await Promise.all([large, small])
  expect(order).toEqual(['impatient false', 'large true', 'small true'])
  gate.leave(90)
  expect(gate.bytes).toBe(0)
})

test('one body that is larger than the limit gets in alone', () => {
  const gate = new ByteGate(100, 0)
  expect(gate.enter(500, 0)).toBe(true)
})
