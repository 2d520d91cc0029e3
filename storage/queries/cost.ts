/** Why does one request cost what it costs? Reads `requests` and the price that it names from `prices`; exact decimals. */
import { explainCost, type CostExplanation, type StoredCost } from '../../records/cost-explanation.ts'
import type { Db } from '../client.ts'
import { storedPrice } from './prices.ts'
import { findInTrace } from './trace-times.ts'

/** Null when there is no request by these ids. */
export async function costExplanation(db: Db, traceId: string, spanId: string): Promise<CostExplanation | null> {
  const text = (column: string) => `toString(${column}) as ${column}`
  const [request] = await findInTrace(db, traceId, (times) =>
    db.query<StoredCost>(
      `select toUnixTimestamp64Micro(timestamp) as timestamp_us, trace_id, span_id, provider, model, service_tier,
      input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_source,
      ${['cost_usd', 'input_cost_usd', 'output_cost_usd', 'cache_savings_usd', 'reported_cost_usd'].map(text).join(', ')},
      price_id, price_version
    from requests where ${times.sql} and trace_id = {trace_id:String} and span_id = {span_id:String}
    order by timestamp desc limit 1`,
      { ...times.params, trace_id: traceId, span_id: spanId },
    ),
  )
  if (!request) return null
  const { price_id, price_version } = request
  return explainCost(request, price_id === '' ? null : await storedPrice(db, price_id, price_version))
}
