/**
 * What the calls of each client must become in `requests`. To add a client: a script beside this file that runs
 * scenarios, and what their calls are here.
 */

/** Fields of `requests`, with what a test can say of them. */
export interface Row {
  trace_id: string
  provider: string
  model: string
  model_version: string
  requested_model: string
  operation: string
  streamed: boolean
  /** Known: it is there, above 0 and not longer than the call. */
  ttft: 'known' | 'unknown' | 'absurd'
  input_tokens: number | null
  cached_input_tokens: number | null
  cache_write_tokens: number | null
  output_tokens: number | null
  reasoning_tokens: number | null
  /** Decimal. */
  cost_usd: string | null
  status: string
  error_type: string
  http_status: number | null
  finish_reason: string
  request_id: string
  user_id: string
  /** Spans that report the call. */
  spans: number
}

/** Without what differs from run to run; the endpoint knows which id it sent. */
export interface Call extends Omit<Row, 'trace_id' | 'request_id' | 'user_id'> {
  has_id: boolean
  /** Whether it is known for whom it was made, which the application's span around it says. */
  has_user: boolean
}

/** The calls of each scenario, in order; none where the client reports nothing of such a call. */
type Scenarios = Record<string, readonly Call[]>

export interface Client {
  name: string
  /** The file beside this one. */
  script: string
  protocol: 'http/protobuf' | 'http/json' | 'grpc'
  scenarios: Scenarios
}

const chat: Call = {
  provider: 'openai',
  model: 'gpt-4o',
  model_version: '2024-08-06',
  requested_model: 'gpt-4o',
  operation: 'chat',
  streamed: false,
  ttft: 'unknown',
  input_tokens: null,
  cached_input_tokens: null,
  cache_write_tokens: null,
  output_tokens: null,
  reasoning_tokens: null,
  cost_usd: null,
  status: 'ok',
  error_type: '',
  http_status: null,
  finish_reason: 'stop',
  has_id: true,
  has_user: true,
  spans: 1,
}

/** At 2.50 dollars a million tokens in and 10 out: 23 × 2.50 + 7 × 10. */
const plainUsage = { input_tokens: 23, output_tokens: 7, cost_usd: '0.0001275' }
/** Cached tokens are 1.25: 13 × 2.50 + 10 × 1.25 + 7 × 10. */
const cachedUsage = { ...plainUsage, cached_input_tokens: 10, cost_usd: '0.000115' }
const fullUsage = { ...cachedUsage, reasoning_tokens: 2 }
const noUsage = {
  input_tokens: null,
  cached_input_tokens: null,
  cache_write_tokens: null,
  output_tokens: null,
  reasoning_tokens: null,
  cost_usd: null,
}
/** Nothing of the answer but its words, if any. */
const noAnswer = { model_version: '', finish_reason: '', has_id: false }
const refused = { ...noAnswer, status: 'rate_limited', http_status: 429 }

/** 5 × 0.02. */
const embeddings: Call = {
  ...chat,
  ...noAnswer,
  model: 'text-embedding-3-small',
  requested_model: 'text-embedding-3-small',
  operation: 'embeddings',
  input_tokens: 5,
  cost_usd: '0.0000001',
}

const otelOpenAi: Scenarios = {
  chat: [{ ...chat, ...plainUsage }],
  tools: [{ ...chat, ...plainUsage, finish_reason: 'tool_calls' }],
  responses: [{ ...chat, ...plainUsage }],
  // That an answer was streamed, it tells of none.
  stream: [chat],
  'stream-usage': [{ ...chat, ...plainUsage }],
  embeddings: [embeddings],
  err429: [{ ...chat, ...refused, error_type: 'RateLimitError' }],
  'stream-err429': [{ ...chat, ...refused, error_type: 'RateLimitError' }],
  abort: [{ ...chat, finish_reason: '' }],
  drop: [],
}

const traceloopOpenAi: Scenarios = {
  chat: [{ ...chat, ...plainUsage }],
  tools: [{ ...chat, ...plainUsage, finish_reason: 'tool_calls' }],
  responses: [{ ...chat, ...plainUsage }],
  stream: [chat],
  'stream-usage': [chat],
  embeddings: [],
  err429: [],
  'stream-err429': [],
  // It says that the model stopped, though the client did.
  abort: [chat],
  drop: [],
}

const openInferenceOpenAi: Scenarios = {
  chat: [{ ...chat, ...fullUsage }],
  tools: [{ ...chat, ...fullUsage, finish_reason: 'tool_calls' }],
  responses: [{ ...chat, ...fullUsage, finish_reason: '' }],
  stream: [{ ...chat, ...noAnswer, finish_reason: 'stop', streamed: true }],
  'stream-usage': [{ ...chat, ...noAnswer, finish_reason: 'stop', streamed: true }],
  embeddings: [{ ...embeddings, ...noUsage, requested_model: '' }],
  err429: [],
  'stream-err429': [],
  abort: [{ ...chat, ...noAnswer, streamed: true }],
  drop: [],
}

/** Callbacks see no more of a stream than of an answer in one piece; errors have no type. */
const langchain: Scenarios = {
  chat: [{ ...chat, ...fullUsage }],
  tools: [{ ...chat, ...fullUsage, finish_reason: 'tool_calls' }],
  stream: [{ ...chat, ...fullUsage }],
  err429: [{ ...chat, ...refused, error_type: '429' }],
  'stream-err429': [{ ...chat, ...refused, error_type: '429' }],
  abort: [{ ...chat, ...noAnswer, status: 'cancelled' }],
  drop: [{ ...chat, ...noAnswer, status: 'error' }],
}

/** It has one name for the model, the answer's where it knows it; provider, ids and finish reasons are not told. */
const langfuseCall: Call = { ...chat, ...noAnswer, provider: '', requested_model: '' }
const langfuseAnswer: Call = { ...langfuseCall, ...fullUsage, model_version: '2024-08-06' }
const langfuse: Scenarios = {
  chat: [langfuseAnswer],
  tools: [langfuseAnswer],
  responses: [langfuseAnswer],
  stream: [{ ...langfuseCall, streamed: true, ttft: 'known' }],
  'stream-usage': [{ ...langfuseCall, ...fullUsage, streamed: true, ttft: 'known' }],
  // Like any other call.
  embeddings: [{ ...langfuseCall, model: 'text-embedding-3-small' }],
  err429: [{ ...langfuseCall, ...refused, error_type: '429' }],
  'stream-err429': [{ ...langfuseCall, ...refused, error_type: '429', streamed: true }],
  abort: [{ ...langfuseCall, streamed: true, ttft: 'known' }],
  drop: [],
}

/** At 3 dollars a million tokens in, 3.75 written to the cache, 0.30 read and 15 out: 13 × 3 + 4 × 3.75 + 6 × 0.30 + 7 × 15. */
const claude: Call = {
  ...chat,
  provider: 'anthropic',
  model: 'claude-3-5-sonnet',
  model_version: '20241022',
  requested_model: 'claude-3-5-sonnet-20241022',
  input_tokens: 23,
  cached_input_tokens: 6,
  cache_write_tokens: 4,
  output_tokens: 7,
  cost_usd: '0.0001608',
  http_status: 200,
}
const claudeStream: Call = { ...claude, streamed: true, ttft: 'known' }
/** A stream begins with what went in; what came out is counted at its end. */
const claudeCut: Call = { ...claudeStream, output_tokens: null, cost_usd: null, finish_reason: '' }
const claudeRefused: Call = {
  ...claude,
  ...noUsage,
  ...refused,
  model_version: '20241022',
  error_type: 'rate_limit_error',
}

const anthropic: Scenarios = {
  chat: [claude],
  tools: [{ ...claude, finish_reason: 'tool_calls' }],
  stream: [claudeStream],
  err429: [claudeRefused],
  'stream-err429': [{ ...claudeRefused, streamed: true }],
  abort: [claudeCut],
  drop: [{ ...claudeCut, status: 'error', error_type: 'client_error' }],
}

/** The instrumentation's span, and within it the SDK's own. */
const traceloopAnthropic: Scenarios = {
  chat: [{ ...claude, spans: 2 }],
  tools: [{ ...claude, finish_reason: 'tool_calls', spans: 2 }],
  stream: [{ ...claudeStream, spans: 2 }],
  err429: [{ ...claudeRefused, spans: 2 }],
  // The outer span is never ended: the inner one names a parent that never comes, and nothing is known around it.
  'stream-err429': [{ ...claudeRefused, streamed: true, has_user: false }],
  // The outer one counts the token that the endpoint had counted when the stream began: 55.8 + 1 × 15.
  abort: [{ ...claudeCut, output_tokens: 1, cost_usd: '0.0000708', spans: 2 }],
  drop: [{ ...claudeCut, status: 'error', error_type: 'TypeError', spans: 2 }],
}

const vercel7: Scenarios = {
  chat: [{ ...chat, ...cachedUsage }],
  tools: [
    { ...chat, ...cachedUsage, finish_reason: 'tool_calls' },
    { ...chat, ...cachedUsage },
  ],
  responses: [{ ...chat, ...cachedUsage }],
  stream: [{ ...chat, ...cachedUsage, streamed: true, ttft: 'known' }],
  'responses-stream': [{ ...chat, ...cachedUsage, streamed: true, ttft: 'known' }],
  // One around the call, which may be in several parts, and one for each.
  embeddings: [{ ...embeddings, spans: 2 }],
  err429: [{ ...chat, ...refused, error_type: 'AI_APICallError' }],
  'stream-err429': [{ ...chat, ...refused, error_type: 'AI_APICallError' }],
  abort: [{ ...chat, ...noAnswer }],
  drop: [{ ...chat, ...noAnswer, status: 'error', error_type: 'AI_APICallError', http_status: 200 }],
}

const vercel: Call = { ...chat, ...fullUsage }
const vercelStream: Call = { ...vercel, streamed: true, ttft: 'known' }
const vercelError: Call = { ...vercel, ...noUsage, ...noAnswer, error_type: 'AI_APICallError' }
const vercel6: Scenarios = {
  chat: [vercel],
  tools: [{ ...vercel, finish_reason: 'tool_calls' }, vercel],
  responses: [vercel],
  stream: [vercelStream],
  'responses-stream': [vercelStream],
  embeddings: [{ ...embeddings }],
  err429: [{ ...vercelError, status: 'rate_limited' }],
  'stream-err429': [{ ...vercelError, status: 'rate_limited', streamed: true }],
  abort: [],
  drop: [],
}
const vercel7Legacy: Scenarios = {
  ...vercel6,
  abort: [{ ...vercel, ...noUsage, ...noAnswer, streamed: true }],
  drop: [{ ...vercelError, status: 'error', streamed: true }],
}

export const clients: readonly Client[] = [
  { name: 'otel-openai', script: 'otel-openai', protocol: 'http/protobuf', scenarios: otelOpenAi },
  { name: 'otel-openai-grpc', script: 'otel-openai', protocol: 'grpc', scenarios: otelOpenAi },
  { name: 'traceloop-openai', script: 'traceloop-openai', protocol: 'http/json', scenarios: traceloopOpenAi },
  {
    name: 'openinference-openai',
    script: 'openinference-openai',
    protocol: 'http/json',
    scenarios: openInferenceOpenAi,
  },
  { name: 'langchain', script: 'langchain', protocol: 'http/protobuf', scenarios: langchain },
  { name: 'langfuse', script: 'langfuse', protocol: 'http/json', scenarios: langfuse },
  { name: 'anthropic', script: 'anthropic', protocol: 'http/protobuf', scenarios: anthropic },
  { name: 'traceloop-anthropic', script: 'traceloop-anthropic', protocol: 'http/json', scenarios: traceloopAnthropic },
  { name: 'vercel-7', script: 'vercel-7', protocol: 'http/protobuf', scenarios: vercel7 },
  { name: 'vercel-7-legacy', script: 'vercel-7-legacy', protocol: 'http/json', scenarios: vercel7Legacy },
  { name: 'vercel-6', script: 'vercel-6', protocol: 'http/json', scenarios: vercel6 },
]
