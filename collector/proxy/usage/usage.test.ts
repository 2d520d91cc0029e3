import { gzipSync, brotliCompressSync, deflateSync, zstdCompressSync } from 'node:zlib'
import { readdirSync } from 'node:fs'
import { expect, test, describe } from 'vitest'
import { random } from '../../otlp/testing.ts'
import { bytesOf, observe } from '../observe/testing.ts'
import { exchanges } from './testing-exchanges.ts'
import { usageParsers } from './index.ts'

/** Everything that does not depend on where the stream was cut. */
function factsOf(request: object) {
  const {
    trace_id: _t,
    span_id: _s,
    itl_ms_counts: _i,
    duration_ms: _d,
    ttft_ms: _f,
    ttfb_ms: _b,
    tpot_ms: _p,
    last_token_ms: _l,
    ...facts
  } = request as Record<string, unknown>
  return facts
}

describe.each(exchanges.map((exchange) => [exchange.name, exchange] as const))('%s', (_name, exchange) => {
  const { expected, tokens } = exchange
  const answer = bytesOf(exchange.answer)

  test('says what was worked out by hand', async () => {
    const { calls, passed, issues } = await observe(exchange)
    expect(calls).toHaveLength(1)
    expect(calls[0]?.request).toMatchObject({ status: 'ok', dialect: 'proxy', role: 'gateway', ...expected })
    expect(passed.equals(answer)).toBe(true)
    expect(issues).toEqual({})
  })

  test('says the same wherever its bytes are cut', async () => {
    const whole = factsOf((await observe(exchange)).calls[0]?.request ?? {})
    const next = random(7)
    const everyByte = answer.length < 4_000 ? [Array.from({ length: answer.length - 1 }, (_, index) => index + 1)] : []
    const rounds = Array.from({ length: 12 }, () =>
      Array.from({ length: Math.floor(next() * 30) }, () => Math.floor(next() * answer.length)).sort((a, b) => a - b),
    )
    for (const cuts of [...everyByte, ...rounds]) {
      const { calls, passed } = await observe({ ...exchange, cuts })
      expect(factsOf(calls[0]?.request ?? {}), `cut at ${cuts.slice(0, 40).join()}`).toEqual(whole)
      expect(passed.equals(answer)).toBe(true)
      const gaps = calls[0]?.request.itl_ms_counts.reduce((sum, count) => sum + count, 0) ?? 0
      expect(gaps).toBe(Math.max(0, (tokens ?? 0) - 1))
    }
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('says the same as %s', async (encoding, compress) => {
    const compressed = compress(answer)
    const { calls, passed, issues } = await observe({
      ...exchange,
      answer: compressed,
      cuts: [1, Math.floor(compressed.length / 2)],
      answerHeaders: { ...exchange.answerHeaders, 'content-encoding': encoding },
    })
    expect(calls[0]?.request).toMatchObject(expected)
    expect(passed.equals(compressed)).toBe(true)
    expect(issues).toEqual({})
  })
})

test('every parser that is a file here stands in the list', () => {
  const helpers = new Set([
    'index',
    'parser',
    'answer',
    'errors',
    'estimate',
    'testing-exchanges',
    'json',
    'openai-path',
    'openai-usage',
  ])
  const files = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => name.slice(0, -3))
    .filter((name) => !helpers.has(name))
  expect(usageParsers.map(({ name }) => name).sort()).toEqual(files.sort())
})
