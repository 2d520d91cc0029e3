/** A small fleet with a past, the same every time: enough to fill every panel, with every kind of gap in it. */
import { emptyRequest, tpotMs, type LlmRequest, type RequestStatus } from '../../records/llm-request.ts'
import type { Span } from '../../records/span.ts'

interface Model {
  model: string
  provider: string
  endpoint: string
  /** Calls per minute. */
  rate: number
  ttft_ms: number | null
  duration_ms: number
  /** Dollars per 1M tokens, in and out; null when unpriced. */
  price: [number, number] | null
}

const fleet: Model[] = [
  {
    model: 'gpt-4o',
    provider: 'openai',
    endpoint: 'openai',
    rate: 9,
    ttft_ms: 420,
    duration_ms: 2300,
    price: [2.5, 10],
  },
  {
    model: 'gpt-4o-mini',
    provider: 'openai',
    endpoint: 'openai',
    rate: 16,
    ttft_ms: 260,
    duration_ms: 1100,
    price: [0.15, 0.6],
  },
  {
    model: 'claude-sonnet-4',
    provider: 'anthropic',
    endpoint: 'anthropic',
    rate: 7,
    ttft_ms: 610,
    duration_ms: 3900,
    price: [3, 15],
  },
  {
    model: 'llama-3.1-70b',
    provider: 'vllm',
    endpoint: 'llama-70b',
    rate: 12,
    ttft_ms: 180,
    duration_ms: 1800,
    price: null,
  },
  // Its client measures no first token.
  {
    model: 'qwen2.5-coder',
    provider: 'vllm',
    endpoint: 'qwen-coder',
    rate: 5,
    ttft_ms: null,
    duration_ms: 950,
    price: null,
  },
]
const teams = ['search', 'support', 'research']

/** mulberry32: small, seeded, good enough to draw a plausible chart. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

const hex = (draw: () => number, digits: number) =>
  Array.from({ length: digits }, () => Math.floor(draw() * 16).toString(16)).join('')

/** Requests of the `minutes` before `now` (epoch ms), earliest first. In the second half a fault makes gpt-4o fail. */
export function requests(now: number, minutes: number, seed = 1): LlmRequest[] {
  const draw = random(seed)
  const rows: LlmRequest[] = []
  for (const model of fleet) {
    const count = Math.floor(model.rate * minutes)
    for (let index = 0; index < count; index += 1) {
      const age = draw() * minutes
      // Nobody called this one for a while: a gap.
      if (model.model === 'qwen2.5-coder' && age > minutes * 0.4 && age < minutes * 0.55) continue
      rows.push(request(model, now - age * 60_000, age / minutes, draw))
    }
  }
  return rows.sort((a, b) => a.timestamp - b.timestamp)
}

function request(model: Model, at: number, age: number, draw: () => number): LlmRequest {
  const slow = model.model === 'gpt-4o' && age > 0.15 && age < 0.3 ? 2.6 : 1
  const status = statusOf(model, age, draw())
  const spread = Math.exp((draw() + draw() + draw() - 1.5) * 0.9)
  const duration_ms = Math.round((status === 'rate_limited' ? 90 : model.duration_ms * spread * slow) * 1000) / 1000
  const failed = status !== 'ok'
  const input = Math.floor(200 + draw() * 3000)
  const output = Math.floor(20 + draw() * 500)
  const streamed = model.ttft_ms !== null && draw() < 0.8
  const ttft =
    streamed && !failed && model.ttft_ms !== null ? Math.min(model.ttft_ms * spread * slow, duration_ms * 0.8) : null
  const input_cost_usd = failed || !model.price ? null : (input * model.price[0]) / 1e6
  const output_cost_usd = failed || !model.price ? null : (output * model.price[1]) / 1e6
  const team = teams[Math.floor(draw() * teams.length)] ?? ''
  return {
    ...emptyRequest(),
    timestamp: Math.floor(at * 1000),
    duration_ms,
    ttft_ms: ttft,
    tpot_ms: failed ? null : tpotMs(duration_ms, ttft, output),
    streamed,
    trace_id: hex(draw, 32),
    span_id: hex(draw, 16),
    parent_span_id: hex(draw, 16),
    service: `${team}-api`,
    environment: 'production',
    provider: model.provider,
    endpoint: model.endpoint,
    model: model.model,
    requested_model: model.model,
    operation: 'chat',
    user_id: `user-${Math.floor(draw() * 40)}`,
    team,
    input_tokens: failed ? null : input,
    cached_input_tokens: failed ? null : Math.floor(input * 0.4),
    output_tokens: failed ? null : output,
    status,
    error_type: failed ? { rate_limited: 'rate_limit_exceeded', error: 'server_error' }[status as 'error'] : '',
    http_status: { ok: 200, rate_limited: 429, error: 500 }[status as 'ok'],
    finish_reason: failed ? 'error' : 'stop',
    cost_usd: input_cost_usd === null || output_cost_usd === null ? null : input_cost_usd + output_cost_usd,
    input_cost_usd,
    output_cost_usd,
    cost_source: model.price && !failed ? 'catalogue' : 'unknown',
    price_id: model.price && !failed ? `${model.provider}/${model.model}` : '',
    price_version: model.price && !failed ? 'genai-prices@0.1.8' : '',
    dialect: 'genai',
    attributes: new Map([['gen_ai.request.temperature', '0.7']]),
    version: Math.floor(at * 1000),
  }
}

function statusOf(model: Model, age: number, chance: number): RequestStatus {
  if (model.model === 'gpt-4o' && age > 0.15 && age < 0.3) return chance < 0.3 ? 'rate_limited' : 'ok'
  return chance < 0.012 ? 'error' : 'ok'
}

/** The trace around a request: a handler, a retrieval, the call. */
export function trace(call: LlmRequest): Span[] {
  const shared = {
    trace_id: call.trace_id,
    service: call.service,
    environment: call.environment,
    scope_name: 'test',
    scope_version: '1',
    status_message: '',
    resource_attributes: new Map(),
    events: [],
    links: [],
    version: call.version,
  }
  const duration = call.duration_ms ?? 0
  const root = {
    name: 'POST /answer',
    kind: 'server' as const,
    status: 'ok' as const,
    attributes: new Map([['http.route', '/answer']]),
  }
  const search = {
    name: 'search documents',
    kind: 'internal' as const,
    status: 'unset' as const,
    attributes: new Map(),
  }
  const chat = {
    name: `chat ${call.model}`,
    kind: 'client' as const,
    status: 'unset' as const,
    attributes: new Map([['gen_ai.request.model', call.model]]),
  }
  return [
    {
      ...shared,
      ...root,
      span_id: call.parent_span_id,
      parent_span_id: '',
      timestamp: call.timestamp - 180_000,
      duration_ms: duration + 230,
    },
    {
      ...shared,
      ...search,
      span_id: 'aaaaaaaaaaaaaaaa',
      parent_span_id: call.parent_span_id,
      timestamp: call.timestamp - 160_000,
      duration_ms: 140,
    },
    {
      ...shared,
      ...chat,
      span_id: call.span_id,
      parent_span_id: call.parent_span_id,
      timestamp: call.timestamp,
      duration_ms: duration,
    },
  ]
}
