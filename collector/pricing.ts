/** Puts a cost on every request: the user's own prices first, then list prices, then what the client reported. */
import { metrics } from '@opentelemetry/api'
import type { LlmRequest } from '../records/llm-request.ts'
import { costOf, type PriceRecord } from '../records/price.ts'
import type { PricesConfig } from './config.ts'
import { type Catalogue, createCatalogue } from './price-catalogue.ts'
import { createPriceFinder, type Finding } from './price-finder.ts'

export type Pricer = (request: LlmRequest) => void

export interface PricerOptions {
  /** The lists that `prices.catalogues` may name. */
  catalogues?: readonly Catalogue[]
  /** Hears of every price that is used, now and then of one a second time. */
  onPrice?: (record: PriceRecord) => void
}

/**
 * Fills cost_usd, its parts, cost_source, price_id, price_version and cache_savings_usd in place, and a context_window that
 * nobody told. Never throws. What cannot be priced stays null with cost_source unknown, and is counted by reason.
 */
export function createPricer(config: PricesConfig, options: PricerOptions = {}): Pricer {
  const { catalogues = [createCatalogue()], onPrice } = options
  const unpriced = metrics.getMeter('inferwatch').createCounter('inferwatch.prices.unpriced_requests', {
    description: 'Requests whose cost is unknown, by reason',
    unit: '{request}',
  })
  const find = createPriceFinder(config, catalogues, onPrice)
  return (request) => {
    const reason = price(request, find)
    if (reason !== null) unpriced.add(1, { reason })
  }
}

/** Where pricing starts, so that a request can be priced again. */
const unknownCost = {
  cost_usd: null,
  input_cost_usd: null,
  output_cost_usd: null,
  cache_savings_usd: null,
  cost_source: 'unknown',
  price_id: '',
  price_version: '',
} satisfies Partial<LlmRequest>

/** Returns why there is no cost, or null. */
function price(request: LlmRequest, find: (request: LlmRequest) => Finding): string | null {
  Object.assign(request, unknownCost)
  const named = request.model !== '' || request.requested_model !== ''
  const finding = named ? find(request) : null
  if (request.context_window === null && finding) request.context_window = finding.context_window
  if (request.cache_hit) {
    // Whoever says that no model was asked says what it cost, too.
    request.cost_usd = request.reported_cost_usd ?? 0
    request.cost_source = 'reported'
    return null
  }
  const record = finding?.record ?? null
  const provisioned = record?.price.provisioned ?? null
  const cost = record && costOf(record.price, request)
  if (record && (cost || provisioned)) {
    Object.assign(request, cost)
    request.price_id = record.id
    request.price_version = record.version
    const whole = cost !== null && usageIsWhole(request)
    // The known half keeps its part; a sum of it alone would pass for the whole.
    if (!whole) request.cost_usd = null
    if (whole || provisioned) request.cost_source = provisioned ? 'provisioned' : 'catalogue'
    if (whole) return null
  }
  const noUsage = request.input_tokens === null && request.output_tokens === null
  // What the client says of it is not what the hour costs.
  if (provisioned)
    return provisioned.capacity_tokens_per_minute === null ? 'unknown_capacity' : noUsage ? 'no_usage' : 'partial_usage'
  if (request.reported_cost_usd !== null && request.reported_cost_usd >= 0) {
    request.cost_usd = request.reported_cost_usd
    request.cost_source = 'reported'
    return null
  }
  if (noUsage) return 'no_usage'
  if (cost) return 'partial_usage'
  return finding === null ? 'no_model' : (finding.reason ?? 'unknown_model')
}

/** Operations that answer with no tokens: what went in is all that is paid for. */
const withoutOutput = new Set(['embeddings', 'embedding', 'rerank', 'moderation'])

const usageIsWhole = ({ input_tokens, output_tokens, operation }: LlmRequest) =>
  input_tokens !== null && (output_tokens !== null || withoutOutput.has(operation))
