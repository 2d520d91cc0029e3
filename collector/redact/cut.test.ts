import { expect, test } from 'vitest'
import { cut, leastMaxBytes } from './cut.ts'

test.each([
  ['a', 1],
  ['é', 2],
  ['中', 3],
  ['😀', 4],
])('%s: cut at a whole character, with what is missing', (character, size) => {
  const fitting = Math.floor(leastMaxBytes / size)
  for (const count of [1, fitting - 1, fitting])
    expect(cut(character.repeat(count), leastMaxBytes).length).toBe(character.length * count)
  for (const count of [fitting + 1, fitting + 2, 2 * fitting, 1000]) {
    const text = character.repeat(count)
    const short = cut(text, leastMaxBytes)
    const [, head = '', missing] = /^(.*)…\[cut: (\d+) bytes\]$/u.exec(short) ?? []
    expect(text.startsWith(head)).toBe(true)
    expect(Buffer.byteLength(head) + Number(missing)).toBe(count * size)
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(leastMaxBytes)
    expect(short.isWellFormed()).toBe(true)
  }
})

test('what was cut is not cut again, and begins as it did', () => {
  const messages = JSON.stringify([{ role: 'user', content: 'x'.repeat(10_000) }])
  const once = cut(messages, 1000)
  expect(once).toMatch(/^\[\{"role":"user","content":"x+…\[cut: \d+ bytes\]$/)
  expect(cut(once, 1000)).toBe(once)
})
