/** One call with a virtual key, as the proxy, the observer and the pipeline pass it on. */
import type { LlmRequest } from '../../../records/llm-request.ts'

export interface KeyUse {
  /** What the key says of its calls: it counts more than what a client says. */
  readonly who: Readonly<Partial<Pick<LlmRequest, 'api_key' | 'team' | 'user_id' | 'feature'>>>
  /** Takes what the call used, once it is priced; null: it will never be known. What comes after the first is ignored. */
  settle(request: LlmRequest | null): void
  /** The call is no call of a model, or none that is understood. `mayCost` says whether it may have used anything. */
  settleUnread(mayCost: boolean): void
  /** The call is over: when nothing settles it soon, it will never be known. */
  ended(): void
}
