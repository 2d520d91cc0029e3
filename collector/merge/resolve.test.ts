import { describe, expect, test } from 'vitest'
import type { LlmRequest } from '../../records/llm-request.ts'
import { resolveTraces } from './resolve.ts'
import { around, report, start, type Item } from './testing.ts'

/** Resolves reports of calls with the other spans around them. */
function resolve(parts: readonly LlmRequest[], others: readonly Item[] = []) {
  const spans = new Map(others.map((item) => [item.span.trace_id + item.span.span_id, item]))
  const { calls, summaries } = resolveTraces({
    parts,
    parentOf: (traceId, spanId) => spans.get(traceId + spanId)?.span.parent_span_id,
    contextOf: (traceId, spanId) => spans.get(traceId + spanId)?.context ?? undefined,
  })
  return { rows: calls.map(({ row }) => row), summaries: summaries.map(({ span_id }) => span_id) }
}

/** The rows as lists of the spans in them: `client+engine`. */
const shape = (parts: readonly LlmRequest[], others: readonly Item[] = []) => {
  const { rows, summaries } = resolve(parts, others)
  const calls = rows.map((row) => (row.merged_span_ids.length > 0 ? row.merged_span_ids.join('+') : row.span_id))
  return [...calls, ...summaries.map((id) => `-${id}`)].sort().join(' ')
}

const usage = (input_tokens: number, output_tokens: number): Partial<LlmRequest> => ({
  input_tokens,
  output_tokens,
  usage_source: 'reported',
})

describe('which spans are one call', () => {
  test.each<[string, string, readonly LlmRequest[], (readonly Item[])?]>([
    ['a call alone', 'sdk', [report('sdk', '')]],
    ['two calls beside each other', 'a b', [report('a', 'root'), report('b', 'root')], [around('root', '')]],
    ['an SDK inside a framework', 'framework+sdk', [report('framework', ''), report('sdk', 'framework')]],
    [
      'a gateway and an engine behind HTTP spans',
      'sdk+gateway+engine',
      [
        report('sdk', 'root'),
        report('gateway', 'POST', { role: 'gateway' }),
        report('engine', 'POST2', { role: 'engine' }),
      ],
      [around('root', ''), around('POST', 'sdk'), around('POST2', 'gateway')],
    ],
    ['a parent that is not there', 'engine sdk', [report('sdk', ''), report('engine', 'lost')]],
    [
      'an agent that sums up two calls',
      '-agent a b',
      [report('agent', '', usage(46, 14)), report('a', 'agent', usage(23, 7)), report('b', 'agent', usage(23, 7))],
    ],
    [
      'a summary within a summary',
      '-agent -step a b',
      [report('agent', ''), report('step', 'agent'), report('a', 'step'), report('b', 'step')],
    ],
    [
      'a framework that tried again',
      'a framework+b',
      [
        report('framework', ''),
        report('a', 'framework', { status: 'rate_limited' }),
        report('b', 'framework', { timestamp: start + 1 }),
      ],
    ],
    [
      'an embedding for the gateway’s cache, inside a chat',
      'embed gateway+engine',
      [
        report('gateway', '', { role: 'gateway' }),
        report('embed', 'gateway', { operation: 'embeddings' }),
        report('engine', 'gateway', { role: 'engine' }),
      ],
    ],
    [
      'a guardrail beside the call that the gateway made',
      'gateway+engine guard',
      [
        report('gateway', '', { role: 'gateway', ...usage(100, 200) }),
        report('guard', 'gateway', usage(100, 190)),
        report('engine', 'gateway', { role: 'engine', ...usage(100, 200) }),
      ],
    ],
    [
      'an answer of another size inside: another call',
      'inner outer',
      [report('outer', '', usage(10, 500)), report('inner', 'outer', usage(10, 5))],
    ],
    [
      'an estimate contradicts nothing',
      'outer+inner',
      [report('outer', '', { ...usage(7, 500), usage_source: 'estimated' }), report('inner', 'outer', usage(23, 7))],
    ],
    ['spans that are each other’s parent', 'b+a', [report('a', 'b'), report('b', 'a')]],
    ['a span that is its own parent', 'a', [report('a', 'a')]],
  ])('%s: %s', (_, expected, parts, others) => {
    expect(shape(parts, others)).toBe(expected)
    expect(shape(parts.toReversed(), others)).toBe(expected)
  })

  const id = { request_id: 'chatcmpl-0123456789' }
  const other = { trace_id: 'b'.repeat(32) }
  test.each<[string, string, readonly LlmRequest[]]>([
    [
      'the provider’s id joins traces',
      'sdk+engine',
      [report('sdk', '', id), report('engine', '', { ...id, ...other, role: 'engine' })],
    ],
    [
      'all along the way',
      'sdk+gateway+engine',
      [
        report('engine', '', { ...id, ...other, role: 'engine' }),
        report('sdk', '', id),
        report('gateway', '', { ...id, trace_id: 'c'.repeat(32), role: 'gateway' }),
      ],
    ],
    ['but not two clients', 'a b', [report('a', '', id), report('b', '', { ...id, ...other })]],
    [
      'nor calls at other times',
      'engine sdk',
      [report('sdk', '', id), report('engine', '', { ...id, ...other, role: 'engine', timestamp: start + 3_600e6 })],
    ],
    [
      'nor by a word that is no id',
      'engine sdk',
      [report('sdk', '', { request_id: '1' }), report('engine', '', { request_id: '1', ...other, role: 'engine' })],
    ],
    [
      'nor answers of another size',
      'engine sdk',
      [
        report('sdk', '', { ...id, ...usage(1, 500) }),
        report('engine', '', { ...id, ...usage(1, 5), ...other, role: 'engine' }),
      ],
    ],
  ])('%s', (_, expected, parts) => {
    expect(shape(parts)).toBe(expected)
    expect(shape(parts.toReversed())).toBe(expected)
  })
})

test('of each field the value of whoever knows it best', () => {
  const sdk = report('sdk', '', {
    timestamp: start,
    duration_ms: 2_000,
    service: 'shop',
    provider: 'openai',
    endpoint: 'llama-70b',
    model: 'fast',
    requested_model: 'fast',
    user_id: 'u1',
    request_id: 'chatcmpl-1',
    output_tokens: 11,
    usage_source: 'estimated',
    input: 'asked',
    dialect: 'openllmetry',
    attributes: new Map([['tenant', 'acme']]),
    version: 7,
  })
  const gateway = report('gateway', 'sdk', {
    timestamp: start + 10_000,
    duration_ms: 1_980,
    service: 'litellm',
    provider: 'vllm',
    model: 'llama-3.1-70b',
    model_version: 'instruct',
    team: 'search',
    role: 'gateway',
    reported_cost_usd: 0.002,
    input_tokens: 20,
    output_tokens: 10,
    usage_source: 'reported',
    dialect: 'litellm',
    attributes: new Map([
      ['tenant', 'other'],
      ['route', 'r1'],
    ]),
    version: 9,
  })
  const engine = report('engine', 'gateway', {
    timestamp: start + 30_000,
    duration_ms: 1_950,
    service: 'vllm',
    model: 'llama-3.1-70b',
    instance: 'vllm-1:8000',
    role: 'engine',
    input_tokens: 20,
    cached_input_tokens: 16,
    output_tokens: 10,
    usage_source: 'reported',
    ttft_ms: 170,
    queue_ms: 5,
    prefill_ms: 150,
    decode_ms: 1_780,
    finish_reason: 'stop',
    dialect: 'vllm',
    version: 8,
  })
  const [row] = resolve([engine, sdk, gateway]).rows
  expect(row).toMatchObject({
    timestamp: start,
    duration_ms: 2_000,
    span_id: 'sdk',
    service: 'shop',
    provider: 'vllm',
    endpoint: 'llama-70b',
    requested_model: 'fast',
    model: 'llama-3.1-70b',
    model_version: 'instruct',
    instance: 'vllm-1:8000',
    user_id: 'u1',
    team: 'search',
    input_tokens: 20,
    cached_input_tokens: 16,
    output_tokens: 10,
    usage_source: 'reported',
    // 30 ms until the engine began, 170 ms there.
    ttft_ms: 200,
    tpot_ms: 200,
    queue_ms: 5,
    prefill_ms: 150,
    decode_ms: 1_780,
    reported_cost_usd: 0.002,
    finish_reason: 'stop',
    input: 'asked',
    dialect: 'openllmetry',
    merged_span_ids: ['sdk', 'gateway', 'engine'],
    merged_dialects: ['openllmetry', 'litellm', 'vllm'],
  })
  expect(Object.fromEntries(row?.attributes ?? [])).toEqual({ tenant: 'acme', route: 'r1' })
})

test.each<[string, Partial<LlmRequest>, Partial<LlmRequest>, Partial<LlmRequest>]>([
  [
    'an attempt that failed inside was made good',
    {},
    { status: 'error', error_type: 'x' },
    { status: 'ok', error_type: '' },
  ],
  [
    'inside it is known why',
    { status: 'error', error_type: 'Exception' },
    { status: 'rate_limited', http_status: 429, error_type: 'RateLimitError' },
    { status: 'rate_limited', http_status: 429, error_type: 'Exception' },
  ],
  [
    'a code is no name of an error',
    { status: 'rate_limited', http_status: 429, error_type: '429' },
    { status: 'rate_limited', http_status: 429, error_type: 'rate_limit_error' },
    { status: 'rate_limited', http_status: 429, error_type: 'rate_limit_error' },
  ],
  [
    'nobody named the error',
    { status: 'error', error_type: '503' },
    { status: 'error', error_type: '503' },
    { error_type: '503' },
  ],
  ['who spoke HTTP knows the code', {}, { http_status: 200 }, { status: 'ok', http_status: 200 }],
  [
    'an attempt’s code is not the call’s',
    {},
    { status: 'error', http_status: 500 },
    { status: 'ok', http_status: null },
  ],
  ['the caller gave up', { status: 'cancelled' }, { status: 'ok' }, { status: 'cancelled' }],
  [
    'clocks that disagree: the engine began before it was called',
    { duration_ms: 500 },
    { timestamp: start - 60_000, ttft_ms: 100 },
    { ttft_ms: 100 },
  ],
  ['a TTFT that cannot be', { duration_ms: 50 }, { ttft_ms: 100 }, { ttft_ms: null }],
])('%s', (_, outer, inner, expected) => {
  expect(resolve([report('outer', '', outer), report('inner', 'outer', inner)]).rows).toMatchObject([expected])
})

test('tries of one call are numbered, and the row of the call is the last one', () => {
  const { rows } = resolve([
    report('framework', '', { duration_ms: 5_000 }),
    report('a', 'framework', { status: 'rate_limited' }),
    report('b', 'framework', { status: 'error', timestamp: start + 1_000_000 }),
    report('c', 'framework', { timestamp: start + 2_000_000 }),
  ])
  expect(rows.map(({ span_id, attempt, status }) => [span_id, attempt, status])).toEqual([
    ['a', 1, 'rate_limited'],
    ['framework', 3, 'ok'],
    ['b', 2, 'error'],
  ])
})

test('who asked stands on an ancestor: the nearest counts, the call itself before any', () => {
  const others = [
    around('root', '', { user_id: 'root-user', session_id: 's1', team: 'root-team' }),
    around('step', 'root', { team: 'step-team' }),
    around('http', 'sdk', { feature: 'inner' }),
  ]
  const parts = [report('sdk', 'step', { user_id: 'own' }), report('engine', 'http', { role: 'engine' })]
  expect(resolve(parts, others).rows).toMatchObject([
    { user_id: 'own', session_id: 's1', team: 'step-team', feature: 'inner', variant: '' },
  ])
})

test('a summary is no call, but what it says of its calls is kept', () => {
  const parts = [report('agent', '', { user_id: 'u' }), report('a', 'agent'), report('b', 'agent')]
  expect(resolve(parts).rows.map(({ user_id }) => user_id)).toEqual(['u', 'u'])
})

test('a call that stands alone is the very report', () => {
  const part = report('sdk', '')
  expect(resolve([part]).rows[0]).toBe(part)
})
