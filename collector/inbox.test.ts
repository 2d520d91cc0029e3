import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import type { Span } from '../records/span.ts'
import { pricesConfig } from './config.ts'
import { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
import { IssueLog } from './issues.ts'
import { decodeJson } from './otlp/decode-json.ts'
import { requestOf, unmappedCall } from './otlp/dialects/index.ts'
import { span, type SpanParts } from './otlp/dialects/testing.ts'
import { createPricer } from './pricing.ts'
import type { Batch } from './spool/index.ts'

const perfect: Partial<LlmRequest> = {
  provider: 'openai',
  model: 'gpt-4o',
  operation: 'chat',
  streamed: true,
  ttft_ms: 120,
  input_tokens: 100,
  cached_input_tokens: 60,
  cache_write_tokens: 40,
  input_token_basis: 'inclusive',
  output_tokens: 20,
  reasoning_tokens: 20,
  usage_source: 'reported',
  cost_usd: 0.01,
  cost_source: 'catalogue',
  price_id: 'openai/gpt-4o',
}
const noUsage = { ...perfect, ...withoutTokens(), cost_usd: null, cost_source: 'unknown', price_id: '' } as const
const unpriced = { ...perfect, cost_usd: null, cost_source: 'unknown', price_id: '' } as const
const client = { scope_name: '@opentelemetry/instrumentation-openai', scope_version: '0.22.0' }
const named = '@opentelemetry/instrumentation-openai@0.22.0'

function withoutTokens() {
  return {
    input_tokens: null,
    cached_input_tokens: null,
    cache_write_tokens: null,
    output_tokens: null,
    reasoning_tokens: null,
    usage_source: '',
  } as const
}

/** A span that came 10 s after its start, as long as nothing else is said. */
function received(parts: SpanParts = {}): Span {
  const made = span({ ...client, ...parts })
  return { ...made, version: made.timestamp + 10_000_000 }
}

/** The issues that `use` makes an inbox note. */
async function noted(use: (inbox: Inbox) => void, options?: InboxOptions) {
  const issues = new IssueLog()
  const batches: Batch[] = []
  use(createInbox(issues, options))
  await issues.flush({ append: async (batch) => void batches.push(batch) }, 1)
  return batches.flatMap(({ ingest_issues }) => ingest_issues ?? [])
}

/** What the inbox says of one span. */
const observed = (item: Span, request: Partial<LlmRequest> | null, unmapped: string | null = null) =>
  noted((inbox) => inbox.observe(item, request && { ...emptyRequest(), ...request }), { unmappedCall: () => unmapped })

test.each<[string, SpanParts, Partial<LlmRequest> | null]>([
  ['a call that says everything', {}, perfect],
  ['a call that is not streamed', {}, { ...perfect, streamed: false, ttft_ms: null }],
  ['a failed stream', {}, { ...noUsage, status: 'error', ttft_ms: null }],
  [
    'a client known to count without the cache',
    { scope_name: 'langfuse-sdk' },
    { ...perfect, input_token_basis: 'exclusive' },
  ],
  ['an image, which has no tokens', {}, { ...noUsage, operation: 'image_generation', streamed: false }],
  ['half of the usage, priced as far as known', {}, { ...unpriced, output_tokens: null, price_id: 'openai/gpt-4o' }],
  ['a price that the client reported', {}, { ...perfect, cost_source: 'reported', price_id: '' }],
  ['a clock a little ahead', { duration_ms: 14_000 }, perfect],
  ['work that is no call', { attributes: { 'http.route': '/' } }, null],
  ['a span without attributes', {}, null],
])('nothing is wrong with %s', async (_what, parts, request) => {
  expect(await observed(received(parts), request)).toEqual([])
})

test.each<[string, SpanParts, Partial<LlmRequest> | null, string, string, string]>([
  ['no_ttft', {}, { ...perfect, ttft_ms: null }, 'hint', named, ''],
  ['no_ttft', { scope_name: '', scope_version: '' }, { ...perfect, ttft_ms: null }, 'hint', 'unnamed client', ''],
  ['no_stream_usage', {}, noUsage, 'problem', named, ''],
  ['no_usage', { scope_version: '' }, { ...noUsage, streamed: false }, 'problem', client.scope_name, ''],
  ['estimated_usage', {}, { ...perfect, usage_source: 'estimated' }, 'hint', named, ''],
  ['unpriced_model', {}, unpriced, 'problem', 'openai / gpt-4o', ''],
  ['unpriced_model', {}, { ...unpriced, provider: 'vllm', model: 'org/llama' }, 'hint', 'vllm / org/llama', ''],
  ['unpriced_model', {}, { ...unpriced, provider: '' }, 'problem', 'unknown provider / gpt-4o', ''],
  ['unpriced_tier', {}, { ...unpriced, service_tier: 'flex' }, 'problem', 'openai / gpt-4o', 'service tier flex'],
  [
    'unpriced_model',
    {},
    { ...unpriced, model: '', requested_model: 'my-deployment' },
    'problem',
    'openai / my-deployment',
    '',
  ],
  ['no_model', {}, { ...unpriced, model: '' }, 'problem', named, ''],
  ['input_without_cache', {}, { ...perfect, input_token_basis: 'exclusive' }, 'hint', named, ''],
  ['cache_exceeds_input', {}, { ...perfect, input_tokens: 99 }, 'problem', named, '60 cached, 40 written, 99 in all'],
  ['reasoning_exceeds_output', {}, { ...perfect, output_tokens: 19 }, 'problem', named, '20 of 19 output tokens'],
  [
    'output_without_reasoning',
    { attributes: { 'gen_ai.usage.output_tokens': 8 } },
    { ...perfect, output_tokens: 28 },
    'hint',
    named,
    '',
  ],
  ['clock_ahead', { duration_ms: 60_000 }, perfect, 'problem', 'shop', 'ended 50 s after it came'],
  ['clock_ahead', { duration_ms: 60_000, service: '' }, null, 'problem', 'unnamed service', 'ended 50 s after it came'],
])('%s: %o %o', async (reason, parts, request, severity, subject, example) => {
  const item = received(parts)
  expect(await observed(item, request)).toEqual([
    {
      timestamp: 1000,
      source: 'spans',
      reason,
      subject,
      severity,
      items: 1,
      example,
      example_trace_id: item.trace_id,
      example_span_id: item.span_id,
    },
  ])
})

test('a span that looks like a call and is none says why; a call is not asked about', async () => {
  const item = received({ attributes: { 'gen_ai.usage.input_tokens': 7 } })
  const why = 'token counts without gen_ai.operation.name and provider'
  expect(await observed(item, null, why)).toMatchObject([
    { reason: 'unmapped_call', severity: 'problem', subject: named, example: why },
  ])
  expect(await observed(item, perfect, why)).toEqual([])
})

test('one call may have several faults', async () => {
  const rows = await observed(received(), { ...noUsage, ttft_ms: null })
  expect(rows.map(({ reason }) => reason)).toEqual(['no_ttft', 'no_stream_usage'])
})

test('a server that begins before it is called has another clock than its caller', async () => {
  const caller = received({ trace_id: '0'.repeat(31) + '8' })
  const callee = (after_s: number, more: Partial<Span> = {}): Span => ({
    ...caller,
    kind: 'server',
    service: 'vllm',
    span_id: 'c'.repeat(16),
    parent_span_id: caller.span_id,
    timestamp: caller.timestamp + after_s * 1e6,
    ...more,
  })
  const skewed = async (...spans: Span[]) => {
    const rows = await noted((inbox) => spans.forEach((item) => inbox.observe(item, null)))
    return rows.map(({ reason, subject, example }) => [reason, subject, example])
  }
  const early = [['clock_skew', 'shop → vllm', 'began 42 s before it was called']]
  expect(await skewed(caller, callee(-42))).toEqual(early)
  expect(await skewed(callee(-42), caller)).toEqual(early)
  // It took a second.
  const late = [['clock_skew', 'shop → vllm', 'began 7 s after its caller had the answer']]
  expect(await skewed(caller, callee(8))).toEqual(late)
  expect(await skewed({ ...caller, status: 'error' }, callee(8))).toEqual([])
  expect(await skewed(caller, callee(0.5, { duration_ms: 8_000 }))).toEqual([])
  expect(await skewed(caller, callee(-42, { trace_id: 'e'.repeat(31) + '0' }))).toEqual([])
  expect(await skewed(caller, callee(-42, { parent_span_id: '' }))).toEqual([])
  expect(await skewed(caller, callee(-42, { kind: 'internal' }))).toEqual([])
})

test('a call of which only logs came', async () => {
  const place = { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) }
  expect(await noted((inbox) => inbox.logsAlone({ ...place, scope_name: client.scope_name }))).toMatchObject([
    { reason: 'logs_alone', severity: 'hint', subject: client.scope_name, example_span_id: place.span_id },
  ])
})

const captures = new URL('../../shared/captures/otlp/', import.meta.url)

/** Every other capture is a call that says what it should. */
const lacking: Record<string, string[]> = {
  'langfuse-stream.json': ['no_stream_usage'],
  'openinference-embeddings.json': ['no_usage'],
  'openinference-stream.json': ['no_ttft', 'no_stream_usage'],
  'openinference-stream-usage.json': ['no_ttft', 'no_stream_usage'],
  'otel-openai-stream.json': ['no_usage'],
  'otel-openai-undici-stream.json': ['no_usage'],
  'traceloop-stream.json': ['no_usage'],
  'traceloop-stream-usage.json': ['no_usage'],
}

test.skipIf(!existsSync(captures))('what real clients lack', async () => {
  const price = createPricer(pricesConfig.parse({}))
  const now = Date.now() * 1000
  const names = readdirSync(captures).filter((name) => /^(?!gzip)[\w-]+\.json$/.test(name))
  expect(names.length).toBeGreaterThan(Object.keys(lacking).length)
  for (const name of names) {
    const { spans } = decodeJson(readFileSync(new URL(name, captures)), { max_attribute_bytes: 262_144, now })
    const rows = await noted(
      (inbox) => {
        for (const item of spans) {
          const request = requestOf(item)
          if (request) price(request)
          inbox.observe(Object.assign(item, { version: now }), request)
        }
      },
      { unmappedCall },
    )
    expect({ [name]: rows.map(({ reason }) => reason) }).toEqual({ [name]: lacking[name] ?? [] })
  }
})
