/** What a trace dialect is: a vocabulary that some clients use to describe one call of a model. */
import type { LlmRequest } from '../../../records/llm-request.ts'
import type { Span } from '../../../records/span.ts'

export interface Dialect {
  name: string
  /** The instrumentation scopes that speak it and nothing else. */
  scope?: RegExp
  /** Whether other scopes may speak it too; so unless it has scopes of its own. */
  elsewhere?: boolean
  /** Is this span one LLM call (not a parent that sums up children)? Cheap: it runs on every span of its scopes. */
  matches(span: Span): boolean
  /** Fills what the dialect's vocabulary says; requestOf adds what every span has. Never throws, keeps no reference. */
  toRequest(span: Span): LlmRequest
}
