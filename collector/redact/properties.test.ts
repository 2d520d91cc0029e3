import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { random } from '../otlp/testing.ts'
import { compilePattern } from './patterns.ts'
import { textRedactor } from './text.ts'

const redact = textRedactor([compilePattern({ name: 'ticket', regex: 'TCK-\\d+' })])

/** What is found, what nearly is, and what stands around it. */
const fragments = [
  'jane@example.com',
  'jane\\u0040example.com',
  'müller@münchen.de',
  '@',
  '+49 170 1234567',
  '0170 1234567',
  '(415) 555-2671',
  '4111 1111 1111 1111',
  '5555555555554444',
  'DE89 3704 0044 0532 0130 00',
  '192.168.1.20',
  '2001:db8::8a2e:370:7334',
  '::',
  `sk-${'aB3dE6gH9'.repeat(4)}`,
  ['AKIA', `IOSFODNN7EXAMPLE ${'wJalrXUtnF'.repeat(4)}`].join(''),
  `Bearer ${'aB3dE6gH9'.repeat(4)}`,
  'postgres://app:hunter2@db:5432/x',
  'api_key=abcdefgh12345678',
  '"password": "hunter2hunter2"',
  '{"api_key":"x"}',
  '-----BEGIN KEY-----\nMIIE\n-----END KEY-----',
  '-----BEGIN KEY-----',
  'TCK-123',
  '12',
  '3.14',
  '-',
  '.',
  ' ',
  ' ',
  ', ',
  '\n',
  '\\n',
  '\\',
  '"',
  ':',
  '[',
  '{',
  'word',
  'é',
  '😀',
  '\u0000',
]

const next = random(11)
const int = (below: number) => Math.floor(next() * below)
const prose = () => Array.from({ length: 1 + int(9) }, () => fragments[int(fragments.length)]).join('')

/** Any JSON value; strings may hold JSON again. */
function json(depth: number): unknown {
  const kind = int(depth > 3 ? 4 : 8)
  if (kind === 0)
    return [null, true, 4_111_111_111_111_111, 5_555_555_555_554_444, 1.5, -1e21, 1_760_000_000_123][int(7)]
  if (kind < 4) return prose()
  if (kind === 4) return JSON.stringify(json(depth + 1))
  const items = Array.from({ length: int(4) }, () => json(depth + 1))
  if (kind < 6) return items
  return Object.fromEntries(items.map((item) => [next() < 0.2 ? 'password' : prose(), item]))
}

test('redacting twice is redacting once', () => {
  for (let round = 0; round < 4_000; round++) {
    const text = next() < 0.5 ? prose() : JSON.stringify(json(0))
    const once = redact(text)
    expect(redact(once), text).toBe(once)
  }
})

test('valid JSON stays valid, and of the same shape', () => {
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shape)
    return typeof value === 'object' && value !== null ? Object.values(value).map(shape) : ''
  }
  for (let round = 0; round < 4_000; round++) {
    const value = [json(0)]
    const text = JSON.stringify(value, null, int(3))
    const redacted: unknown = JSON.parse(redact(text))
    // Names of objects that are redacted alike become one.
    expect(text.includes('{') || isDeepStrictEqual(shape(redacted), shape(value)), text).toBe(true)
  }
})

test('nothing of what was planted is left, however it is written', () => {
  const planted = [
    'jane@example.com',
    '+49 170 1234567',
    '4111 1111 1111 1111',
    `sk-${'aB3dE6gH9'.repeat(4)}`,
    'TCK-123',
  ]
  const wrap = [
    (text: string) => text,
    (text: string) => `\n${text}\n`,
    (text: string) => `"${text}"`,
    (text: string) => `say "${text}", then\t${text}`,
    (text: string) => JSON.stringify({ role: 'user', content: `Hello\n${text}\tbye` }),
    (text: string) => JSON.stringify([{ parts: [{ content: text }] }], null, 2),
    (text: string) => `Here it is: ${JSON.stringify({ to: text })} as JSON`,
  ]
  for (let round = 0; round < 2_000; round++) {
    const secret = planted[int(planted.length)] as string
    let text = secret
    for (let depth = int(4); depth > 0; depth--) text = (wrap[int(wrap.length)] as (text: string) => string)(text)
    const clean = redact(text)
    for (const part of [secret, secret.replaceAll(' ', ''), secret.slice(2, -2)])
      expect(clean, text).not.toContain(part)
  }
})
