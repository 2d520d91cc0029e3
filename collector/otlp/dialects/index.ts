/**
 * The trace dialects, tried in order. To add one: a file that exports a Dialect, a line in this list, and rows in
 * captures.test.ts or synthetic.test.ts.
 */
import { type LlmRequest, tpotMs } from '../../../records/llm-request.ts'
import { memo } from '../../../records/memo.ts'
import type { Span } from '../../../records/span.ts'
import { anthropic } from './anthropic.ts'
import { azure } from './azure.ts'
import { bedrock } from './bedrock.ts'
import { cloudflare } from './cloudflare.ts'
import type { Dialect } from './dialect.ts'
import { envoy } from './envoy.ts'
import { genAi } from './gen-ai.ts'
import { googleAdk } from './google-adk.ts'
import { kong } from './kong.ts'
import { langfuse } from './langfuse.ts'
import { langSmith } from './langsmith.ts'
import { liteLlm } from './litellm.ts'
import { openInference } from './openinference.ts'
import { openLlmetry } from './openllmetry.ts'
import { readOutcome } from './outcome.ts'
import { readOwnAttributes } from './own-attributes.ts'
import { pydanticAi } from './pydantic-ai.ts'
import { semanticKernel } from './semantic-kernel.ts'
import { vercelAi } from './vercel-ai.ts'
import { vllm } from './vllm.ts'

export type { Dialect } from './dialect.ts'
export { unmappedCall } from './unmapped.ts'

/** The more specific come first: gen_ai takes what no other claims. */
export const dialects: readonly Dialect[] = [
  anthropic,
  semanticKernel,
  googleAdk,
  pydanticAi,
  envoy,
  bedrock,
  vercelAi,
  liteLlm,
  langfuse,
  langSmith,
  vllm,
  kong,
  cloudflare,
  azure,
  openInference,
  openLlmetry,
  genAi,
]

/** A program sends spans of few scopes, and a scope rules most dialects out at once. */
const dialectsOfScope = memo((scope) => {
  const own = dialects.filter((dialect) => dialect.scope?.test(scope))
  if (own.length > 0) return own
  if (openTelemetry.test(scope)) return [genAi]
  return dialects.filter((dialect) => dialect.scope === undefined || dialect.elsewhere === true)
})
/** Its own instrumentations, most of them of other things than models, speak its conventions alone; so does the AI SDK 7. */
const openTelemetry = /^@opentelemetry\/|^go\.opentelemetry\.io\/|^io\.opentelemetry\.|^gen_ai$/

/** The request that a span describes, or null when it is not one LLM call. Pure: the span is not written to. */
export function requestOf(span: Span): LlmRequest | null {
  for (const dialect of dialectsOfScope(span.scope_name)) {
    if (dialect.matches(span)) return complete(span, dialect)
  }
  return null
}

function complete(span: Span, dialect: Dialect): LlmRequest {
  const request = dialect.toRequest(span)
  request.dialect = dialect.name
  request.timestamp = span.timestamp
  request.duration_ms = span.duration_ms
  request.trace_id = span.trace_id
  request.span_id = span.span_id
  request.parent_span_id = span.parent_span_id
  request.service = span.service
  request.environment = span.environment
  request.version = span.version
  request.tpot_ms = tpotMs(request.duration_ms, request.ttft_ms, request.output_tokens)
  readOwnAttributes(span.attributes, request)
  readOutcome(span, request)
  return request
}
