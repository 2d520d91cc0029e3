/** How a call ended: the nine shapes in which clients report errors, folded to one status. */
import type { LlmRequest, RequestStatus } from '../../../records/llm-request.ts'
import { memo } from '../../../records/memo.ts'
import type { Span } from '../../../records/span.ts'
import { integer, identifier, text } from './attributes.ts'

const finishReasons: Record<string, readonly string[]> = {
  stop: ['stop', 'end_turn', 'stop_sequence', 'eos', 'eos_token', 'complete', 'completed', 'finished', 'finish', 'end'],
  length: ['length', 'max_tokens', 'max_output_tokens', 'model_length', 'max_length', 'model_context_window_exceeded'],
  tool_calls: ['tool_calls', 'tool_call', 'tool_use', 'function_call', 'function_calls'],
  content_filter: [
    'content_filter',
    'content_filtered',
    'safety',
    'refusal',
    'recitation',
    'blocklist',
    'prohibited_content',
    'spii',
    'image_safety',
    'guardrail_intervened',
  ],
  error: ['error', 'failed'],
  cancelled: ['cancelled', 'canceled', 'abort', 'aborted'],
}
const finishReasonOf = new Map(
  Object.entries(finishReasons).flatMap(([reason, words]) => words.map((word) => [word, reason] as const)),
)

/** stop, length, tool_calls, content_filter, error, cancelled, or the vendor's own word. */
export const normalFinishReason = memo((word) => {
  const folded = word.trim().toLowerCase().replaceAll('-', '_')
  // Gemini's enum, and Python's way to print one.
  return finishReasonOf.get(folded.replace(/^finish_?reason[_.]/, '')) ?? word.trim()
})

/**
 * Sets status, error_type and http_status. An error is a span status of error, an error.type, an exception event (some
 * clients leave the status ok beside it), an HTTP code of 400 or more, or Langfuse's level.
 */
export function readOutcome(span: Span, request: LlmRequest): void {
  const { attributes } = span
  const exception = span.events.findLast((event) => event.name === 'exception')
  const errorType = identifier(attributes, errorTypes)
  const status = httpStatus(integer(attributes, httpStatuses))
  request.http_status = status
  // Langfuse leaves the status unset.
  const level = attributes.get('langfuse.observation.level') === 'ERROR'
  const failed = span.status === 'error' || exception !== undefined || errorType !== '' || (status ?? 0) >= 400 || level
  if (!failed) {
    request.status = statusOfFinish(request.finish_reason)
    return
  }
  const message =
    span.status_message || text(exception?.attributes ?? attributes, exception ? exceptionMessage : ownMessages)
  const raised = exception ? identifier(exception.attributes, exceptionType) : ''
  // OpenAI's SDKs begin their messages with the code: "429 Rate limit reached".
  request.http_status ??= httpStatus(
    Number(/^([45]\d\d)\b/.exec(errorType)?.[1] ?? /^(?:Error: )?([45]\d\d) /.exec(message)?.[1]),
  )
  request.error_type = errorType || (raised === 'Error' ? '' : raised) || String(request.http_status ?? raised)
  request.status = statusOfError(request.error_type, request.http_status, message)
}

const errorTypes = ['error.type']
const httpStatuses = ['http.response.status_code', 'http.status_code', 'error.code', 'litellm.provider.error.code']
const ownMessages = ['langfuse.observation.status_message', 'error.message']
const exceptionMessage = ['exception.message']
const exceptionType = ['exception.type']

function httpStatus(code: number | null): number | null {
  return code !== null && code >= 100 && code <= 599 ? code : null
}

export function statusOfFinish(finishReason: string): RequestStatus {
  if (finishReason === 'content_filter') return 'filtered'
  if (finishReason === 'cancelled') return 'cancelled'
  return finishReason === 'error' ? 'error' : 'ok'
}

const patterns: readonly (readonly [RequestStatus, RegExp])[] = [
  ['rate_limited', /rate.?limit|too.?many.?requests|throttl|resource.?exhausted|insufficient.?quota|quota.?exceeded/i],
  ['timeout', /time.?d?.?out|deadline.?exceeded/i],
  ['cancelled', /abort|cancell?ed|cancell?ation/i],
  ['filtered', /content.?filter|content.?policy|guardrail/i],
]

/** The code decides before words do, and the error's type before its message. */
export function statusOfError(errorType: string, code: number | null, message: string): RequestStatus {
  if (code === 429) return 'rate_limited'
  if (code === 408 || code === 504) return 'timeout'
  if (code === 499) return 'cancelled'
  for (const words of [errorType, beforeStack(message).slice(0, 500)]) {
    const found = patterns.find(([, pattern]) => pattern.test(words))
    if (found) return found[0]
  }
  return 'error'
}

/** LangChain puts the stack into the message, whose frames are functions such as onAborted. */
function beforeStack(message: string): string {
  const frames = message.search(/\n\s{1,8}at /)
  return frames < 0 ? message : message.slice(0, frames)
}
