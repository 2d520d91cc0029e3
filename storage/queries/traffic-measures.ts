/** What pages of one model or endpoint ask of a tier beyond its own measures: the same meaning on raw rows and on rollups. */
import type { Measure, Tier } from './tiers.ts'

const moreMeasures = {
  tpot_p95_ms: {
    raw: 'if(count(r.tpot_ms) = 0, null, quantilesExact(0.5, 0.95, 0.99)(r.tpot_ms)[2])',
    rollup: 'if(sum(r.tpot_ms_count) = 0, null, quantilesTDigestMerge(0.5, 0.95, 0.99)(r.tpot_ms_quantiles)[2])',
  },
  /** Requests whose duration, or first token, is known: how many a percentile is of. */
  duration_ms_count: { raw: 'count(r.duration_ms)', rollup: 'sum(r.duration_ms_count)' },
  duration_ms_sum: { raw: 'ifNull(sum(r.duration_ms), 0)', rollup: 'sum(r.duration_ms_sum)' },
  ttft_ms_count: { raw: 'count(r.ttft_ms)', rollup: 'sum(r.ttft_ms_count)' },
  cached_input_tokens: {
    raw: 'sum(r.cached_input_tokens)',
    rollup: 'if(sum(r.cached_input_tokens_unknown) = sum(r.requests), null, sum(r.cached_input_tokens))',
  },
  /** Of requests with a known price; of the others nobody can say. */
  cache_savings_usd: {
    raw: 'if(count(r.cost_usd) = 0, null, toFloat64(sumIf(ifNull(r.cache_savings_usd, 0), r.cost_usd is not null)))',
    rollup: 'if(sum(r.priced) = 0, null, toFloat64(sum(r.cache_savings_usd)))',
  },
  requests_error: { raw: "countIf(r.status = 'error')", rollup: 'sum(r.requests_error)' },
  requests_rate_limited: { raw: "countIf(r.status = 'rate_limited')", rollup: 'sum(r.requests_rate_limited)' },
  requests_timeout: { raw: "countIf(r.status = 'timeout')", rollup: 'sum(r.requests_timeout)' },
  cache_hits: { raw: 'countIf(r.cache_hit)', rollup: 'sum(r.cache_hits)' },
} as const

export type TrafficMeasure = Measure | keyof typeof moreMeasures

/** The measures as they stand in a SELECT. */
export function selectTraffic(tier: Tier, measures: readonly TrafficMeasure[]): string {
  return measures.map((measure) => `${sqlOf(tier, measure)} as ${measure}`).join(',\n      ')
}

function sqlOf(tier: Tier, measure: TrafficMeasure): string {
  if (measure in moreMeasures) {
    const { raw, rollup } = moreMeasures[measure as keyof typeof moreMeasures]
    return tier.source === 'raw' ? raw : rollup
  }
  return tier.measures[measure as Measure]
}
