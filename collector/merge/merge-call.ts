/** One row of several reports of one call: of each field the value of whoever knows it best. Pure. */
import { tpotMs, type CallRole, type LlmRequest } from '../../records/llm-request.ts'

/** What the row of a call says, its price apart. `parts` go from the outermost, which the caller waited for, to the innermost. */
export function mergeParts(parts: readonly [LlmRequest, ...LlmRequest[]]): LlmRequest {
  const [outer] = parts
  if (parts.length === 1) return outer
  const inward = parts
  const outward = parts.toReversed()
  const merged: LlmRequest = { ...outer }

  // How the caller saw it: who asked, for what, and how it ended.
  for (const field of asked) merged[field] = firstText(inward, field)
  // Who answered: the nearer to the model, the better known; gateways stand for many.
  for (const field of answered) merged[field] = firstText(outward, field)
  nameModel(merged, outward)
  copyUsage(merged, usageOf(outward))

  merged.max_tokens = firstNumber(inward, 'max_tokens')
  merged.context_window = firstNumber(outward, 'context_window')
  merged.queue_ms = firstNumber(outward, 'queue_ms')
  merged.prefill_ms = firstNumber(outward, 'prefill_ms')
  merged.decode_ms = firstNumber(outward, 'decode_ms')
  merged.ttft_ms = ttftMs(parts)
  merged.tpot_ms = tpotMs(merged.duration_ms, merged.ttft_ms, merged.output_tokens) ?? firstNumber(inward, 'tpot_ms')
  merged.streamed = parts.some((part) => part.streamed)
  merged.cache_hit = parts.some((part) => part.cache_hit)
  merged.attempt = Math.max(...parts.map((part) => part.attempt))
  merged.reported_cost_usd = reportedCost(parts)
  setOutcome(merged, parts)

  merged.attributes = new Map(outward.flatMap((part) => Array.from(part.attributes)))
  merged.merged_span_ids = parts.map((part) => part.span_id)
  merged.merged_dialects = parts.map((part) => part.dialect)
  merged.version = Math.max(...parts.map((part) => part.version))
  return merged
}

type TextField = {
  [F in keyof LlmRequest]: LlmRequest[F] extends string ? (string extends LlmRequest[F] ? F : never) : never
}[keyof LlmRequest]
type NumberField = { [F in keyof LlmRequest]: null extends LlmRequest[F] ? F : never }[keyof LlmRequest]

const asked: readonly TextField[] = [
  'request_id',
  'service',
  'environment',
  'endpoint',
  'requested_model',
  'user_id',
  'team',
  'feature',
  'session_id',
  'api_key',
  'variant',
  'prompt_name',
  'prompt_version',
  'finish_reason',
  'input',
  'output',
]
const answered: readonly TextField[] = ['provider', 'region', 'instance', 'service_tier']

function firstText(parts: readonly LlmRequest[], field: TextField): string {
  return parts.find((part) => part[field] !== '')?.[field] ?? ''
}

function firstNumber(parts: readonly LlmRequest[], field: NumberField): number | null {
  return parts.find((part) => part[field] !== null)?.[field] ?? null
}

/** The innermost name; its version from whoever reports the same model with one. */
function nameModel(merged: LlmRequest, outward: readonly LlmRequest[]): void {
  merged.model = firstText(outward, 'model')
  merged.model_version = firstText(
    outward.filter((part) => part.model === merged.model),
    'model_version',
  )
}

/** All counts from one part, so that they fit together: counted before estimated, complete before partial, inner before outer. */
function usageOf(outward: readonly LlmRequest[]): LlmRequest {
  const score = (part: LlmRequest) => {
    const totals = Number(part.input_tokens !== null) + Number(part.output_tokens !== null)
    const details = [part.cached_input_tokens, part.cache_write_tokens, part.reasoning_tokens]
    const counted = part.usage_source === 'estimated' ? 0 : 1
    return totals === 0 ? -1 : counted * 100 + totals * 10 + details.filter((count) => count !== null).length
  }
  return outward.reduce((best, part) => (score(part) > score(best) ? part : best))
}

function copyUsage(merged: LlmRequest, from: LlmRequest): void {
  merged.input_tokens = from.input_tokens
  merged.cached_input_tokens = from.cached_input_tokens
  merged.cache_write_tokens = from.cache_write_tokens
  merged.output_tokens = from.output_tokens
  merged.reasoning_tokens = from.reasoning_tokens
  merged.input_token_basis = from.input_token_basis
  merged.usage_source = from.usage_source
}

/** As the caller saw it; else an inner part's, put after the time until that part began, where the clocks allow. */
function ttftMs(parts: readonly [LlmRequest, ...LlmRequest[]]): number | null {
  const [outer] = parts
  const part = parts.find(({ ttft_ms }) => ttft_ms !== null)
  if (!part || part.ttft_ms === null || part === outer) return part?.ttft_ms ?? null
  const before = (part.timestamp - outer.timestamp) / 1000
  const seen = part.ttft_ms + Math.max(before, 0)
  if (outer.duration_ms === null || seen <= outer.duration_ms) return seen
  return part.ttft_ms <= outer.duration_ms ? part.ttft_ms : null
}

/** Gateways know their contracts; an SDK's figure is a list price at best. */
function reportedCost(parts: readonly LlmRequest[]): number | null {
  const costOf = (role: CallRole) =>
    firstNumber(
      parts.filter((part) => part.role === role),
      'reported_cost_usd',
    )
  return costOf('gateway') ?? firstNumber(parts, 'reported_cost_usd')
}

/** What the caller got counts: an attempt that failed inside may have been made good. Inner parts only say more precisely why. */
function setOutcome(merged: LlmRequest, parts: readonly [LlmRequest, ...LlmRequest[]]): void {
  const [outer] = parts
  if (outer.status === 'ok') {
    merged.http_status ??= firstNumber(
      parts.filter((part) => part.status === 'ok'),
      'http_status',
    )
    return
  }
  const failed = parts.filter((part) => part.status !== 'ok')
  const precise = outer.status === 'error' ? failed.find((part) => part.status !== 'error') : outer
  merged.status = precise?.status ?? outer.status
  // A bare code stands where a client names no error.
  const named = failed.filter((part) => !/^\d+$/.test(part.error_type))
  merged.error_type = firstText(named, 'error_type') || firstText(failed, 'error_type')
  merged.http_status = firstNumber(failed, 'http_status')
}
