/** Every field of a request that a file may fill, and how a text becomes its value. */
import { requestStatuses, type LlmRequest } from '../../records/llm-request.ts'

/** Computed on the way in, whatever a file says. */
type Computed =
  | 'timestamp'
  | 'trace_id'
  | 'span_id'
  | 'input_cost_usd'
  | 'output_cost_usd'
  | 'cost_usd'
  | 'cost_source'
  | 'cache_savings_usd'
  | 'price_id'
  | 'price_version'
  | 'dialect'
  | 'role'
  | 'merged_span_ids'
  | 'merged_dialects'
  | 'itl_ms_counts'
  | 'inherited_fields'
  | 'input_token_basis'
  | 'usage_source'
  | 'attributes'
  | 'version'
  | 'is_deleted'

type Field = Exclude<keyof LlmRequest, Computed>

/** Why a value is refused: ends the reason, as in `input_tokens_negative`, and explains itself in the message. */
export class BadValue extends Error {
  override name = 'BadValue'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

type Parse<Value> = (text: string) => Value

const text: Parse<string> = (value) => value
/** Whole numbers up to a limit. Throws BadValue. */
export const countOf = (max: number): Parse<number> => {
  return (value) => {
    const number = decimal(value)
    if (number < 0) throw new BadValue('negative', 'is negative')
    if (!Number.isInteger(number)) throw new BadValue('not_an_integer', 'is not a whole number')
    if (number > max) throw new BadValue('too_large', `is above ${max}`)
    return number
  }
}
/** Numbers up to a limit. Throws BadValue. */
export const amountOf = (max: number): Parse<number> => {
  return (value) => {
    const number = decimal(value)
    if (number < 0) throw new BadValue('negative', 'is negative')
    if (number > max) throw new BadValue('too_large', `is above ${max}`)
    return number
  }
}
/** A request of more tokens than this is a mistake in the file: ten times the largest context window known. */
const tokens = countOf(100_000_000)
const ms = amountOf(30 * 86_400_000)
const flag: Parse<boolean> = (value) => {
  if (/^(true|1|yes|t|y)$/i.test(value)) return true
  if (/^(false|0|no|f|n)$/i.test(value)) return false
  throw new BadValue('not_a_boolean', 'is not true or false')
}
const status: Parse<LlmRequest['status']> = (value) => {
  const known = requestStatuses.find((name) => name === value.toLowerCase())
  if (!known) throw new BadValue('unknown', `is not one of ${requestStatuses.join(', ')}`)
  return known
}

const parsers: { [F in Field]: Parse<NonNullable<LlmRequest[F]>> } = {
  duration_ms: ms,
  ttfb_ms: ms,
  ttft_ms: ms,
  tpot_ms: ms,
  last_token_ms: ms,
  queue_ms: ms,
  prefill_ms: ms,
  decode_ms: ms,
  streamed: flag,
  parent_span_id: text,
  request_id: text,
  service: text,
  environment: text,
  provider: text,
  endpoint: text,
  region: text,
  instance: text,
  model: text,
  requested_model: text,
  model_version: text,
  operation: text,
  user_id: text,
  team: text,
  feature: text,
  session_id: text,
  api_key: text,
  variant: text,
  prompt_name: text,
  prompt_version: text,
  input_tokens: tokens,
  cached_input_tokens: tokens,
  cache_write_tokens: tokens,
  output_tokens: tokens,
  reasoning_tokens: tokens,
  max_tokens: tokens,
  context_window: tokens,
  service_tier: text,
  status,
  error_type: text,
  http_status: countOf(999),
  finish_reason: text,
  tool_call_count: countOf(65_535),
  attempt: countOf(65_535),
  cache_hit: flag,
  reported_cost_usd: amountOf(900_000),
  input: text,
  output: text,
}

export type Target = Field | 'timestamp' | 'trace_id' | 'span_id'

export const targets: readonly Target[] = [
  'timestamp',
  'trace_id',
  'span_id',
  ...(Object.keys(parsers) as (keyof typeof parsers)[]),
]

/** `cost_usd` in a file is what somebody else computed: it is kept as the reported cost. */
export const targetOf = (name: string): Target | undefined =>
  name === 'cost_usd' ? 'reported_cost_usd' : targets.find((target) => target === name)

/** Writes one value. Throws BadValue. */
export function assign(request: LlmRequest, target: Exclude<Target, 'timestamp'>, value: string): void {
  // The type of `parsers` says that each value fits its own field.
  const fields = request as Record<Exclude<Target, 'timestamp'>, unknown>
  fields[target] = target === 'trace_id' || target === 'span_id' ? value : parsers[target](value)
}

function decimal(value: string): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(value) ? Number(value) : Number.NaN
  if (!Number.isFinite(number)) throw new BadValue('not_a_number', 'is not a number')
  return number
}
