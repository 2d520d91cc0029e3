/** What users and frameworks put on a span: some of it has a column, the rest is kept beside the request as strings. */
import { memo } from '../../../records/memo.ts'
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Attributes } from '../../../records/span.ts'
import { textOf } from './attributes.ts'
import { contextReader, holdsContext, type Place, placeOf } from './context.ts'

const maxEntries = 64
const maxValueLength = 1024

/** First words of the vocabularies that columns and the span itself already hold. */
const vocabularies = new Set(
  (
    'gen_ai llm ai openinference input output embedding retrieval reranker traceloop langfuse langsmith litellm inferwatch ' +
    'server http url net network error exception user session enduser operation resource openai anthropic aws azure az gcp ' +
    'user_agent telemetry otel peer rpc mcp db cloud pydantic_ai logfire mlflow kong sk'
  ).split(' '),
)
/** Whole names, of clients that put no vocabulary in front: LiteLLM's and Pydantic AI's. */
const vocabularyKeys = new Set([
  'hidden_params',
  'metadata.user_api_key',
  'metadata.prompt_management_metadata',
  'events',
  'all_messages_events',
  'final_result',
  'model_request_parameters',
  'tool_arguments',
  'tool_response',
])

/** Prefixes inside a vocabulary under which clients carry their users' own keys. */
const userPrefixes = [
  'ai.telemetry.metadata.',
  'ai.settings.context.',
  'traceloop.association.properties.',
  'langsmith.metadata.',
  'langsmith.span.tags',
  'langfuse.trace.metadata',
  'langfuse.observation.metadata',
  'langfuse.trace.tags',
  'langfuse.trace.name',
  'langfuse.release',
  'langfuse.version',
  'litellm.metadata.',
]
/** … but for those that LangSmith and LiteLLM put there themselves. */
const clientsOwn = /^langsmith\.metadata\.(?:ls_|LANG|lang|revision_id)|^(?:litellm\.)?metadata\.user_api_key_/

interface Kind {
  place: Place | undefined
  /** Holds others in a JSON object. */
  object: boolean
  own: boolean
}

const kindOf = memo((key): Kind => {
  const place = placeOf(key)
  return { place, object: holdsContext(key), own: place === undefined && isOwn(key) }
})

function isOwn(key: string): boolean {
  if (vocabularyKeys.has(key) || clientsOwn.test(key) || key.length > 256) return false
  if (userPrefixes.some((prefix) => key.startsWith(prefix))) return true
  const dot = key.indexOf('.')
  return dot === -1 || !vocabularies.has(key.slice(0, dot))
}

/** Fills the columns that are empty; keeps at most 64 other attributes, values cut at 1,024 characters. One pass. */
export function readOwnAttributes(attributes: Attributes, request: LlmRequest): void {
  const kept = new Map<string, string>()
  contextReader.clear()
  for (const [key, value] of attributes) {
    const { place, object, own } = kindOf(key)
    if (place !== undefined) contextReader.take(place, value)
    if (object) contextReader.takeObject(attributes, key)
    if (!own || kept.size >= maxEntries) continue
    const found = textOf(value)
    if (found !== null) kept.set(key, found.length > maxValueLength ? found.slice(0, maxValueLength) : found)
  }
  contextReader.handTo(request)
  request.attributes = kept
}
