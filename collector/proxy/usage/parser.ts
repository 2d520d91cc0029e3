/** What a vendor's API is to the proxy: which calls are its, and what its requests and answers say. */
import type { IncomingHttpHeaders } from 'node:http'
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { EndpointConfig } from '../../config.ts'
import { Answer } from './answer.ts'
import { at, numberAt, plus, textAt } from './json.ts'

/** A call as its head shows it. */
export interface Target {
  kind: EndpointConfig['kind']
  method: string
  /** Without query, below the endpoint. */
  path: string
  query: URLSearchParams
}

export interface Route {
  operation: string
  /** The model that the path names; empty where the body does. */
  model: string
  /** What the path says of it; null: the body says. */
  streamed: boolean | null
}

/** What is known of a call so far. Parsers write into it; token counts are totals, as in LlmRequest. */
export interface Facts extends Pick<
  LlmRequest,
  | 'request_id'
  | 'requested_model'
  | 'streamed'
  | 'input_tokens'
  | 'cached_input_tokens'
  | 'cache_write_tokens'
  | 'output_tokens'
  | 'reasoning_tokens'
  | 'max_tokens'
  | 'input_token_basis'
  | 'service_tier'
  | 'queue_ms'
  | 'prefill_ms'
  | 'decode_ms'
  | 'reported_cost_usd'
> {
  /** The tier that was asked for; the one that served stands in service_tier. */
  asked_tier: string
  /** As the answer names it. */
  answered_model: string
  /** In the vendor's words. */
  finish_reason: string
  /** Of an answer, or in the middle of a stream; empty when there is none. */
  error_type: string
  error_message: string
  /** For provider where the answer shows who serves: vllm, sglang, tgi, llama.cpp. */
  server: string
  answer: Answer
}

/** One event of a stream: JSON that was parsed, and the name that stands beside it. */
export interface StreamEvent {
  name: string
  data: unknown
}

/** Every function takes whatever comes, believes nothing, and never throws. */
export interface UsageParser {
  name: string
  /** Who serves, where the host does not say: OTel's name; empty when anybody may. */
  provider: string
  /** Null: no call of this API. */
  route(target: Target): Route | null
  /** What the body of a request says beyond model, stream and limit. */
  request?(body: unknown, facts: Facts): void
  /** The prompt within a request. */
  input(body: unknown): unknown
  head?(headers: IncomingHttpHeaders, facts: Facts): void
  /** A whole answer. */
  body(body: unknown, facts: Facts): void
  /** An event of a streamed one. True when it bears content: the empty chunk that opens a message does not. */
  event(event: StreamEvent, facts: Facts): boolean
}

export function newFacts(contentLimit: number): Facts {
  return {
    request_id: '',
    requested_model: '',
    answered_model: '',
    streamed: false,
    input_tokens: null,
    cached_input_tokens: null,
    cache_write_tokens: null,
    output_tokens: null,
    reasoning_tokens: null,
    max_tokens: null,
    input_token_basis: '',
    service_tier: '',
    asked_tier: '',
    finish_reason: '',
    queue_ms: null,
    prefill_ms: null,
    decode_ms: null,
    reported_cost_usd: null,
    error_type: '',
    error_message: '',
    server: '',
    answer: new Answer(contentLimit),
  }
}

/** What most APIs write alike. */
export function readRequest(body: unknown, facts: Facts): void {
  facts.requested_model ||= textAt(body, 'model')
  if (at(body, 'stream') === true) facts.streamed = true
  facts.asked_tier ||= textAt(body, 'service_tier')
  facts.max_tokens ??=
    numberAt(body, 'max_completion_tokens') ??
    numberAt(body, 'max_tokens') ??
    numberAt(body, 'max_output_tokens') ??
    numberAt(body, 'max_new_tokens')
}

/** Names that come once, and are the same in every chunk. */
export function readIds(body: unknown, facts: Facts): void {
  facts.request_id ||= textAt(body, 'id')
  facts.answered_model ||= textAt(body, 'model')
}

/** Sets input where cached tokens are in the total. */
export function setInput(
  facts: Facts,
  total: number | null,
  cached: number | null,
  written: number | null = null,
): void {
  facts.input_tokens = total ?? facts.input_tokens
  facts.cached_input_tokens = cached ?? facts.cached_input_tokens
  facts.cache_write_tokens = written ?? facts.cache_write_tokens
  if ((facts.cached_input_tokens ?? 0) + (facts.cache_write_tokens ?? 0) > 0) facts.input_token_basis = 'inclusive'
}

/** Sets input where the count leaves out what was read from and written to the cache. */
export function setInputParts(facts: Facts, fresh: number | null, cached: number | null, written: number | null): void {
  if (fresh === null) return
  facts.cached_input_tokens = cached ?? facts.cached_input_tokens
  facts.cache_write_tokens = written ?? facts.cache_write_tokens
  facts.input_tokens = plus(fresh, facts.cached_input_tokens, facts.cache_write_tokens)
  if (facts.input_tokens !== fresh) facts.input_token_basis = 'exclusive'
}
