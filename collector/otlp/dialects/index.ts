/**
 * The trace dialects, tried in order. To add one: a file that exports a Dialect, a line in this list, and rows in
 * captures.test.ts or a fixture of its own.
 */
import { type LlmRequest, tpotMs } from '../../../records/llm-request.ts'
import type { Span } from '../../../records/span.ts'
import type { Dialect } from './dialect.ts'
import { genAi } from './gen-ai.ts'
import { otherAttributes } from './other-attributes.ts'
import { openInference } from './openinference.ts'
import { openLlmetry } from './openllmetry.ts'
import { readOutcome } from './outcome.ts'
import { readResource } from './resource.ts'
import { vercelAi } from './vercel-ai.ts'

export type { Dialect } from './dialect.ts'

/** The more specific come first: gen_ai takes what no other claims. */
export const dialects: readonly Dialect[] = [vercelAi, openInference, openLlmetry, genAi]

/** The request that a span describes, or null when it is not one LLM call. Pure: the span is not written to. */
export function requestOf(span: Span): LlmRequest | null {
  for (const dialect of dialects) {
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
  readResource(span, request)
  readOutcome(span, request)
  request.attributes = otherAttributes(span.attributes)
  return request
}
