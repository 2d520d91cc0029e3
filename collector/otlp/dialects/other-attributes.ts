/** What stands in no column: the users' own attributes, kept beside a request as strings. */
import { memo } from '../../../records/memo.ts'
import type { Attributes } from '../../../records/span.ts'
import { textOf } from './attributes.ts'

const maxEntries = 64
const maxValueLength = 1024

/** First words of the vocabularies that columns and the span itself already hold. */
const vocabularies = new Set(
  (
    'gen_ai llm ai openinference input output embedding retrieval reranker traceloop langfuse langsmith litellm inferwatch ' +
    'server http url net network error exception user session enduser operation resource openai anthropic aws azure az gcp ' +
    'user_agent telemetry otel peer rpc mcp db cloud pydantic_ai logfire mlflow'
  ).split(' '),
)
const vocabularyKeys = new Set(['prompt.id', 'team', 'feature', 'variant', 'feature_flag.result.variant'])

/** Prefixes inside a vocabulary under which clients carry their users' own keys. */
const userPrefixes = ['ai.telemetry.metadata.', 'traceloop.association.properties.', 'langsmith.metadata.']
/** … but for those that have a column. */
const columnKeys = /\.(?:user_?id|session_?id|prompt_?name|prompt_?version|team|feature|variant)$/i

const isOwn = memo((key) => {
  if (vocabularyKeys.has(key)) return false
  if (userPrefixes.some((prefix) => key.startsWith(prefix))) return !columnKeys.test(key)
  const dot = key.indexOf('.')
  return dot === -1 || !vocabularies.has(key.slice(0, dot))
})

/** At most 64 entries, values cut at 1,024 characters. */
export function otherAttributes(attributes: Attributes): Map<string, string> {
  const kept = new Map<string, string>()
  for (const [key, value] of attributes) {
    if (!isOwn(key) || key.length > 256) continue
    const found = textOf(value)
    if (found === null) continue
    kept.set(key, found.length > maxValueLength ? found.slice(0, maxValueLength) : found)
    if (kept.size >= maxEntries) break
  }
  return kept
}
