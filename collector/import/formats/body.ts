/** Prompts, answers and settings in the bodies that gateways keep of requests and responses, whichever vendor's they are. */
import type { LlmRequest } from '../../../records/llm-request.ts'
import { normalFinishReason } from '../../otlp/dialects/outcome.ts'
import { at, contentOf, textOf } from './named-row.ts'

/** Fills what a request's body tells. */
export function readRequestBody(request: LlmRequest, body: unknown): void {
  request.input ||= firstOf(body, ['messages', 'input', 'prompt', 'contents'])
  const limit = Number(
    textOf(at(body, 'max_completion_tokens') ?? at(body, 'max_tokens') ?? at(body, 'max_output_tokens')),
  )
  if (Number.isSafeInteger(limit) && limit > 0) request.max_tokens ??= limit
  if (at(body, 'stream') === true) request.streamed = true
}

/** Fills what a response's body tells. */
export function readResponseBody(request: LlmRequest, body: unknown): void {
  const choices = at(body, 'choices')
  const answers = Array.isArray(choices)
    ? choices.map((choice: unknown) => at(choice, 'message') ?? at(choice, 'text') ?? choice)
    : null
  request.output ||= answers ? contentOf(answers) : firstOf(body, ['output', 'content', 'candidates'])
  const reason = textOf(
    at(body, 'choices.0.finish_reason') ?? at(body, 'stop_reason') ?? at(body, 'candidates.0.finishReason'),
  )
  request.finish_reason ||= normalFinishReason(reason)
  request.service_tier ||= specialTier(textOf(at(body, 'service_tier')))
}

/** The usual tier has many names and is none. */
export function specialTier(name: string): string {
  return /^(?:default|standard|auto)?$/i.test(name) ? '' : name.toLowerCase()
}

/** Names of what may be in a body, the first that is. */
function firstOf(body: unknown, names: readonly string[]): string {
  for (const name of names) {
    const content = contentOf(at(body, name))
    if (content !== '') return content
  }
  return ''
}
