/** Who a call was made for. */
import type { LlmRequest } from '../records/llm-request.ts'
import type { Span } from '../records/span.ts'
import { identifier } from './otlp/dialects/attributes.ts'

export const contextFields = [
  'user_id',
  'team',
  'feature',
  'session_id',
  'endpoint',
  'region',
  'variant',
  'prompt_name',
  'prompt_version',
  'api_key',
] as const
export type ContextField = (typeof contextFields)[number]
export type CallContext = Partial<Record<ContextField, string>>

export interface Attribution {
  /** What a span that is no call says of the calls below it; null when nothing. */
  contextOf(span: Span): CallContext | null
  /** Fills what the dialect left empty on the call itself. */
  complete(span: Span, request: LlmRequest): void
}

/** Until configured otherwise: the names that stand on spans of any dialect. */
export function createAttribution(): Attribution {
  return {
    contextOf({ attributes }) {
      let found: CallContext | null = null
      for (const [field, names] of Object.entries(commonNames) as [ContextField, readonly string[]][]) {
        const value = identifier(attributes, names)
        if (value === '') continue
        found ??= {}
        found[field] = value
      }
      return found
    },
    complete: () => undefined,
  }
}

const commonNames: Partial<Record<ContextField, readonly string[]>> = {
  user_id: ['inferwatch.user_id', 'user.id', 'enduser.id'],
  session_id: ['session.id', 'gen_ai.conversation.id'],
  team: ['inferwatch.team', 'team'],
  feature: ['inferwatch.feature', 'feature'],
  variant: ['inferwatch.variant', 'variant'],
}
