/** What one of something costs. Unknown where nothing has a known price, never 0. */
import type { SpendTotals } from '../../data/spend.ts'

type Counted = Pick<SpendTotals, 'cost_usd' | 'priced' | 'input_tokens' | 'output_tokens' | 'cached_input_tokens'>

const quotient = (dollars: number | null, count: number | null) =>
  dollars === null || count === null || count === 0 ? null : dollars / count

/** Of the requests with a known price. */
export const perRequest = ({ cost_usd, priced }: Counted) => quotient(cost_usd, priced)

/** Input and output together; null too when either is unknown. */
export function perMillionTokens({ cost_usd, input_tokens, output_tokens }: Counted): number | null {
  if (input_tokens === null || output_tokens === null) return null
  return quotient(cost_usd, (input_tokens + output_tokens) / 1e6)
}

/** Share of input tokens that were read from the prompt cache. */
export const cachedShare = ({ cached_input_tokens, input_tokens }: Counted) =>
  quotient(cached_input_tokens, input_tokens)
