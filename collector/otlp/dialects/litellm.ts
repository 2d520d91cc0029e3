/**
 * LiteLLM, proxy and library. Version 1 writes Traceloop's old names with strings for booleans and JSON for lists, in the
 * proxy onto the span of the HTTP request; version 2 follows OTel. Either may write OpenInference beside its own names, or
 * in their place.
 */
import { identifier, text } from './attributes.ts'
import type { Dialect } from './dialect.ts'
import { extend } from './fields.ts'
import { genAiNames, genAiRequest } from './gen-ai.ts'
import { openInference } from './openinference.ts'

const names = extend(genAiNames, {
  streamed: ['litellm.request.streaming'],
  requested_model: ['llm.request.model', 'litellm.provider.model'],
  request_id: ['gen_ai.request.id', 'litellm.call_id'],
})

/** Any one of these marks a span of LiteLLM's, whatever its tracer is called. */
const marks = ['litellm.call_id', 'litellm.call_type', 'hidden_params']
/** LiteLLM's kinds of calls, an `a` in front for the asynchronous ones. */
const calls: Record<string, string> = {
  completion: 'chat',
  chat: 'chat',
  anthropic_messages: 'chat',
  responses: 'chat',
  text_completion: 'text_completion',
  embedding: 'embeddings',
  embeddings: 'embeddings',
  generate_content: 'generate_content',
  generate_content_stream: 'generate_content',
  image_generation: 'image_generation',
  image_edit: 'image_edit',
  speech: 'speech',
  transcription: 'transcription',
  ocr: 'ocr',
}

export const liteLlm: Dialect = {
  name: 'litellm',
  scope: /^litellm$/,
  elsewhere: true,

  matches(span) {
    const { attributes, scope_name, name } = span
    if (!attributes.has('gen_ai.request.model')) return scope_name === 'litellm' && openInference.matches(span)
    if (scope_name !== 'litellm' && !marks.some((mark) => attributes.has(mark))) return false
    // The raw request to the vendor is a copy of the call above it.
    if (name === 'raw_gen_ai_request') return false
    return callOf(text(attributes, kinds)) !== undefined
  },

  toRequest(span) {
    const { attributes } = span
    const ours = attributes.has('gen_ai.request.model')
    const request = ours ? genAiRequest(span, names) : openInference.toRequest(span)
    request.role = isProxied(span.name, identifier(attributes, keyNames)) ? 'gateway' : 'framework'
    if (ours) request.operation = callOf(text(attributes, kinds)) ?? 'chat'
    return request
  },
}

/** Its own kinds first: its chat is a "completion". */
const kinds = ['litellm.call_type', 'llm.request.type', 'gen_ai.operation.name']

/** OTel's operation of a kind of call; undefined for what calls no model. Without a kind it is chat. */
function callOf(kind: string): string | undefined {
  if (kind === '') return 'chat'
  if (Object.hasOwn(calls, kind)) return calls[kind]
  return kind.startsWith('a') && Object.hasOwn(calls, kind.slice(1)) ? calls[kind.slice(1)] : undefined
}

const keyNames = ['metadata.user_api_key_hash', 'litellm.api_key.hash', 'litellm.request.route']

/** Only the proxy knows keys and routes; the library writes empty ones. */
function isProxied(name: string, key: string): boolean {
  return name === 'Received Proxy Server Request' || (key !== '' && key !== 'None')
}
