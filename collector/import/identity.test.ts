import { expect, test } from 'vitest'
import { hexId, Identities } from './identity.ts'

test('equal rows are told apart by their number, and the same again the second time', () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => `row ${at % 7000}`)
  const name = () => {
    const identities = new Identities()
    return rows.map((row) => identities.of(row)).map(({ trace_id, span_id }) => `${trace_id}/${span_id}`)
  }
  const first = name()
  expect(new Set(first).size).toBe(20_000)
  expect(name()).toEqual(first)
  expect(first[0]).toMatch(/^[0-9a-f]{32}\/[0-9a-f]{16}$/)
})

test('a longer file names its first rows as the shorter one did', () => {
  const names = (rows: string[]) => {
    const identities = new Identities()
    return rows.map((row) => identities.of(row).trace_id)
  }
  expect(names(['a', 'a', 'b', 'a', 'c']).slice(0, 3)).toEqual(names(['a', 'a', 'b']))
})

test.each([
  ['4bf92f3577b34da6a3ce929d0e0e4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
  ['4BF92F35-77B3-4DA6-A3CE-929D0E0E4736', '4bf92f3577b34da6a3ce929d0e0e4736'],
])('the id %s is kept', (text, id) => {
  expect(hexId(text, 32)).toBe(id)
})

test('other ids are hashed, the same way each time', () => {
  expect(hexId('request-17', 16)).toMatch(/^[0-9a-f]{16}$/)
  expect(hexId('request-17', 16)).toBe(hexId('request-17', 16))
  expect(hexId('0'.repeat(16), 16)).not.toBe('0'.repeat(16))
})
