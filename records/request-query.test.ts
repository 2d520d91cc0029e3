import { describe, expect, test } from 'vitest'
import {
  completingAt,
  contentFields,
  flagFields,
  formatQuery,
  numberFields,
  parseQuery,
  textFields,
  toggleTerm,
  type NumberField,
  type Term,
} from './request-query.ts'
import { termsOf } from '../test/support/terms.ts'

const one = (text: string) => termsOf(text)[0]

describe('what a term means', () => {
  test.each<[string, Term]>([
    ['model:gpt-4o', { kind: 'text', not: false, field: 'model', test: 'equal', value: 'gpt-4o' }],
    ['model=gpt-4o', { kind: 'text', not: false, field: 'model', test: 'equal', value: 'gpt-4o' }],
    ['team!=search', { kind: 'text', not: true, field: 'team', test: 'equal', value: 'search' }],
    ['-status:error', { kind: 'text', not: true, field: 'status', test: 'equal', value: 'error' }],
    ['-team!=search', { kind: 'text', not: false, field: 'team', test: 'equal', value: 'search' }],
    ['user:"a \\"b\\""', { kind: 'text', not: false, field: 'user_id', test: 'equal', value: 'a "b"' }],
    ['error_type:*', { kind: 'text', not: false, field: 'error_type', test: 'known' }],
    ['error:server*', { kind: 'text', not: false, field: 'error_type', test: 'like', pattern: 'server*' }],
    ['team:"*"', { kind: 'text', not: false, field: 'team', test: 'equal', value: '*' }],
    [
      'duration>2s',
      { kind: 'number', not: false, field: 'duration_ms', test: 'compare', comparison: '>', value: 2000 },
    ],
    ['ttft<500ms', { kind: 'number', not: false, field: 'ttft_ms', test: 'compare', comparison: '<', value: 500 }],
    ['ttft<=500', { kind: 'number', not: false, field: 'ttft_ms', test: 'compare', comparison: '<=', value: 500 }],
    [
      'duration>=1.5m',
      { kind: 'number', not: false, field: 'duration_ms', test: 'compare', comparison: '>=', value: 90_000 },
    ],
    [
      'tokens_in>8k',
      { kind: 'number', not: false, field: 'input_tokens', test: 'compare', comparison: '>', value: 8000 },
    ],
    [
      'output_tokens>1.2M',
      { kind: 'number', not: false, field: 'output_tokens', test: 'compare', comparison: '>', value: 1_200_000 },
    ],
    ['cost>=0.01', { kind: 'number', not: false, field: 'cost_usd', test: 'compare', comparison: '>=', value: 0.01 }],
    ['cost>=$0.01', { kind: 'number', not: false, field: 'cost_usd', test: 'compare', comparison: '>=', value: 0.01 }],
    ['-cost:*', { kind: 'number', not: true, field: 'cost_usd', test: 'known' }],
    ['attempt!=1', { kind: 'number', not: true, field: 'attempt', test: 'compare', comparison: '=', value: 1 }],
    ['streamed:true', { kind: 'flag', not: false, field: 'streamed', value: true }],
    ['attribute.foo:bar', { kind: 'attribute', not: false, key: 'foo', test: 'equal', value: 'bar' }],
    ['attribute.a.b>3', { kind: 'attribute', not: false, key: 'a.b', test: 'compare', comparison: '>', value: 3 }],
    ['attribute."a b":c', { kind: 'attribute', not: false, key: 'a b', test: 'equal', value: 'c' }],
    ['prompt:"tell me"', { kind: 'content', not: false, field: 'input', text: 'tell me' }],
    ['refund', { kind: 'words', not: false, text: 'refund' }],
    ['-"a: b"', { kind: 'words', not: true, text: 'a: b' }],
    ['MODEL:x', { kind: 'text', not: false, field: 'model', test: 'equal', value: 'x' }],
  ])('%s', (text, term) => expect(termsOf(text)).toEqual([term]))
})

describe('what is wrong, and where', () => {
  test.each([
    ['modle:x', /no field modle, but model/, [0, 6]],
    ['team:a colour:red', /no field colour/, [7, 14]],
    ['http://x', /stands in quotes/, [0, 5]],
    ['constructor:x', /no field constructor/, [0, 12]],
    ['model>3', /has no order/, [0, 6]],
    ['model:', /needs a value/, [0, 6]],
    ['a model: b', /needs a value/, [2, 8]],
    ['duration>fast', /a time such as/, [9, 13]],
    ['duration>3k', /a time such as/, [9, 11]],
    ['ttft>$3', /a time such as/, [5, 7]],
    ['tokens_in>3s', /number of tokens/, [10, 12]],
    ['cost>1e999', /amount in US dollars/, [5, 10]],
    ['attribute.x>y', /compares with a number/, [12, 13]],
    ['streamed:maybe', /true or false/, [9, 14]],
    ['status:eror', /one of ok, error/, [7, 11]],
    ['user:"a', /nothing closes/, [5, 7]],
    ['user:"a"b', /space belongs/, [5, 9]],
    ['user:a"b"', /whole of it in quotes/, [5, 7]],
    ['- a', /minus needs/, [0, 1]],
    ['""', /empty text/, [0, 2]],
    ['duration>*', /star has no order/, [9, 10]],
    ['x '.repeat(51), /more than 50/, [100, 102]],
    ['x'.repeat(2001), /longer than 2000/, [2000, 2001]],
  ])('%s', (text, message, [from, to]) => {
    const parsed = parseQuery(text)
    if (parsed.ok) throw new Error('it was read')
    expect(parsed.problem.message).toMatch(message)
    expect(parsed.problem.at).toEqual({ from, to })
  })
})

/** mulberry32 */
function random(seed: number) {
  let state = seed
  const draw = () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
  const pick = <T>(list: readonly T[]) => list[Math.floor(draw() * list.length)] as T
  const letters = ['é', '🙂', ...'aB9"\\*:=<>!-. \t\u00a0\n%_$\'{}?'.split(''), 'attribute.', 'model:']
  const text = () => Array.from({ length: 1 + Math.floor(draw() * 6) }, () => pick(letters)).join('')
  return { draw, pick, text }
}

function drawTerm({ draw, pick, text }: ReturnType<typeof random>): Term {
  const not = draw() < 0.5
  const number = () => pick([0, 1, -2, 1000, 1500, 0.25, 1e-9, 1e21, Math.round(draw() * 1e6), draw() * 1e4])
  const ofText = () => {
    const pattern = `*${text()}`
    const like = /^\*+$/.test(pattern) ? { test: 'known' as const } : { test: 'like' as const, pattern }
    return pick([{ test: 'equal' as const, value: pick([text(), '']) }, { test: 'known' as const }, like])
  }
  const ofNumber = () =>
    pick([
      {
        test: 'compare' as const,
        comparison: pick(['=', '>', '>=', '<', '<='] as const),
        value: number(),
      },
      { test: 'known' as const },
    ])
  return pick<() => Term>([
    () => ({ kind: 'text', not, field: pick(textFields.filter((field) => field !== 'status')), ...ofText() }),
    () => ({ kind: 'number', not, field: pick(Object.keys(numberFields)) as NumberField, ...ofNumber() }),
    () => ({ kind: 'flag', not, field: pick(flagFields), value: draw() < 0.5 }),
    () => ({ kind: 'attribute', not, key: text(), ...pick([ofText, ofNumber])() }),
    () => ({ kind: 'content', not, field: pick(contentFields), text: text() }),
    () => ({ kind: 'words', not, text: text() }),
  ])()
}

test('terms survive being written and read', () => {
  const from = random(7)
  for (let round = 0; round < 20_000; round += 1) {
    const drawn = Array.from({ length: 1 + Math.floor(from.draw() * 4) }, () => drawTerm(from))
    const text = formatQuery(drawn)
    expect({ text, terms: parseQuery(text) }).toEqual({ text, terms: { ok: true, terms: drawn } })
  }
})

test('any text is read or refused by a place within it, and what is read is stable', () => {
  const from = random(11)
  for (let round = 0; round < 20_000; round += 1) {
    const text = Array.from({ length: 4 }, () => from.pick([from.text(), 'duration>', '-', 'user:', ' ', '2s'])).join(
      '',
    )
    expect({ text, ...checked(text) }).toEqual({ text, stable: true, placed: true })
  }
})

function checked(text: string) {
  const parsed = parseQuery(text)
  if (parsed.ok) {
    const again = parseQuery(formatQuery(parsed.terms))
    return { stable: JSON.stringify(again) === JSON.stringify(parsed), placed: true }
  }
  const { at, message } = parsed.problem
  return { stable: message !== '', placed: at.from >= 0 && at.from <= at.to && at.to <= text.length }
}

test('a term is put on, turned round and taken off', () => {
  const error = one('error_type:x')!
  expect(toggleTerm('duration>2s', error)).toBe('duration>2s error_type:x')
  expect(toggleTerm('error_type:x  duration>2000', error)).toBe('duration>2s')
  expect(toggleTerm('error_type:x', { ...error, not: true })).toBe('-error_type:x')
  expect(toggleTerm('broken:', error)).toBe('broken:')
})

test('what is being typed', () => {
  const at = (text: string) => completingAt(text, text.length)
  expect(at('')).toEqual({ kind: 'field', field: '', typed: '', from: 0 })
  expect(at('model:a te')).toEqual({ kind: 'field', field: '', typed: 'te', from: 8 })
  expect(at('-te')).toEqual({ kind: 'field', field: '', typed: 'te', from: 1 })
  expect(at('x user:us')).toEqual({ kind: 'value', field: 'user_id', typed: 'us', from: 7 })
  expect(at('team!=')).toEqual({ kind: 'value', field: 'team', typed: '', from: 6 })
  expect(at('user:"a b')).toEqual({ kind: 'value', field: 'user_id', typed: 'a b', from: 5 })
})
