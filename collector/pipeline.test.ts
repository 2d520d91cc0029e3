import { describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import type { Span } from '../records/span.ts'
import { endpointConfig } from './config.ts'
import type { Batch, Spool } from './spool/index.ts'
import { testPipeline } from './testing-pipeline.ts'

const span = (attributes: [string, string | number][] = []): Span => ({
  timestamp: 1_760_000_000_000_000,
  duration_ms: 1000,
  trace_id: 'a'.repeat(32),
  span_id: 'b'.repeat(16),
  parent_span_id: '',
  name: 'chat',
  kind: 'client',
  service: 'shop',
  environment: '',
  scope_name: 'test',
  scope_version: '',
  status: 'ok',
  status_message: '',
  attributes: new Map(attributes),
  resource_attributes: new Map(),
  events: [],
  links: [],
  version: 0,
})

class KeepingSpool implements Spool {
  readonly batches: Batch[] = []
  async append(batch: Batch): Promise<void> {
    this.batches.push(batch)
  }
  rows<T extends 'spans' | 'requests'>(table: T) {
    return this.batches.flatMap((batch) => (batch[table] ?? []) as NonNullable<Batch[T]>)
  }
}

function pipeline(options: Parameters<typeof testPipeline>[1] = {}) {
  const spool = new KeepingSpool()
  // Each span is a call of its own trace here.
  const requestOf = ({ trace_id, span_id }: Span) => ({ ...emptyRequest(), trace_id, span_id, dialect: 'test' })
  return { spool, ...testPipeline(spool, { requestOf, ...options }) }
}

test('versions rise with every span, also when the clock stands still or goes back', async () => {
  let now = 1000
  const { spool, accept } = pipeline({ clock: () => now })
  await accept({ spans: [span(), span()] })
  now = 500
  await accept({ spans: [span()] })
  expect(spool.rows('spans').map((row) => row.version)).toEqual([1_000_000, 1_000_001, 1_000_002])
  expect(spool.rows('requests').map((row) => row.version)).toEqual([1_000_000, 1_000_001, 1_000_002])
})

test('a call that was seen itself is priced, redacted and merged like any other, and no dialect is asked', async () => {
  const { spool, acceptCalls } = pipeline({
    requestOf: () => {
      throw new Error('no dialect knows it')
    },
    price: (request) => (request.cost_usd = 2),
    redactor: { request: (request) => (request.input = '[redacted]'), span: (item) => item },
  })
  const request = {
    ...emptyRequest(),
    trace_id: span().trace_id,
    span_id: span().span_id,
    input: 'secret',
    ttfb_ms: -1,
  }
  await acceptCalls([{ span: span(), request }])
  expect(spool.rows('spans')).toHaveLength(1)
  expect(spool.rows('requests')).toMatchObject([{ cost_usd: 2, input: '[redacted]', ttfb_ms: null }])
})

test('what fails on the way to a request costs the request, not the span', async () => {
  for (const broken of ['requestOf', 'price'] as const) {
    const { spool, issues, accept } = pipeline({
      [broken]: () => {
        throw new Error('oops')
      },
    })
    await accept({ spans: [span()] })
    expect(spool.rows('spans')).toHaveLength(1)
    expect(spool.rows('requests')).toHaveLength(0)
    expect(issues.counts()).toEqual({ 'pipeline dialect_failed': 1 })
  }
})

test('what is stored is redacted: the span, and what the dialect made of it', async () => {
  const { spool, accept } = pipeline({
    requestOf: (item) => ({ ...emptyRequest(), input: item.attributes.get('input') as string }),
    redactor: {
      span: (item) => ({ ...item, attributes: new Map([['input', '[redacted]']]) }),
      request(request) {
        request.input = request.input.replace('secret', '[redacted]')
      },
    },
  })
  await accept({ spans: [span([['input', 'secret']])] })
  expect(spool.rows('spans')[0]?.attributes.get('input')).toBe('[redacted]')
  expect(spool.rows('requests')[0]?.input).toBe('[redacted]')
})

test.each<[Partial<LlmRequest>, Partial<LlmRequest>]>([
  [{ input_tokens: -1 }, { input_tokens: null }],
  [{ input_tokens: 2e9 }, { input_tokens: null }],
  [
    { output_tokens: NaN, ttft_ms: 100, duration_ms: 1000, tpot_ms: 10 },
    { output_tokens: null, tpot_ms: null },
  ],
  [
    { ttft_ms: -5, output_tokens: 10, tpot_ms: 10 },
    { ttft_ms: null, tpot_ms: null, output_tokens: 10 },
  ],
  [{ queue_ms: Infinity }, { queue_ms: null }],
])('%o cannot be true', async (wrong, right) => {
  const { spool, issues, accept } = pipeline({ requestOf: () => ({ ...emptyRequest(), ...wrong }) })
  await accept({ spans: [span()] })
  expect(spool.rows('requests')[0]).toMatchObject(right)
  expect(issues.counts()).toEqual({ 'pipeline absurd_value': 1 })
})

describe('the endpoint of a call', () => {
  const endpoints = [
    endpointConfig.parse({ name: 'llama', upstream: 'http://GPU-1:8000/v1' }),
    endpointConfig.parse({ name: 'qwen', upstream: 'http://gpu-1:8001' }),
    endpointConfig.parse({ name: 'openai', upstream: 'https://api.openai.com' }),
    endpointConfig.parse({ name: 'nowhere' }),
  ]
  test.each<[[string, string | number][], string, string]>([
    [
      [
        ['server.address', 'gpu-1'],
        ['server.port', 8000],
      ],
      '',
      'llama',
    ],
    [
      [
        ['server.address', 'gpu-1'],
        ['server.port', 8001],
      ],
      '',
      'qwen',
    ],
    [
      [
        ['server.address', 'gpu-1'],
        ['server.port', 9],
      ],
      '',
      '',
    ],
    [[['server.address', 'GPU-1']], '', 'llama'],
    [
      [
        ['server.address', 'api.openai.com'],
        ['server.port', 443],
      ],
      '',
      'openai',
    ],
    [[['server.address', 'example.com']], '', ''],
    [[], '', ''],
    [[['server.address', 'gpu-1']], 'said by the dialect', 'said by the dialect'],
  ])('%j is %j → %s', async (attributes, said, expected) => {
    const { spool, accept } = pipeline({ endpoints, requestOf: () => ({ ...emptyRequest(), endpoint: said }) })
    await accept({ spans: [span(attributes)] })
    expect(spool.rows('requests')[0]?.endpoint).toBe(expected)
  })
})

describe('a call is told of', () => {
  const counting = (append: Spool['append'] = () => Promise.resolve()) => {
    const counted: (number | null)[] = []
    const { accept } = testPipeline(
      { append },
      {
        requestOf: ({ trace_id, span_id }) => ({ ...emptyRequest(), trace_id, span_id, dialect: 'test' }),
        price: (request) => (request.cost_usd = 2),
        countCall: ({ cost_usd }) => counted.push(cost_usd),
      },
    )
    return { accept, counted }
  }

  test('once, with its price', async () => {
    const { accept, counted } = counting()
    await accept({ spans: [span()] })
    await accept({ spans: [span()] })
    expect(counted).toEqual([2])
  })

  test('when it is durable, not before', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { accept, counted } = counting(() => promise)
    const accepted = accept({ spans: [span()] })
    expect(counted).toEqual([])
    resolve()
    await accepted
    expect(counted).toEqual([2])
  })

  test('once it comes again, when the spool refused it', async () => {
    let full = true
    const { accept, counted } = counting(() => (full ? Promise.reject(new Error('full')) : Promise.resolve()))
    await expect(accept({ spans: [span()] })).rejects.toThrow('full')
    expect(counted).toEqual([])
    full = false
    await accept({ spans: [span()] })
    expect(counted).toEqual([2])
  })
})
