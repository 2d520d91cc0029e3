/**
 * Costs of stored requests, worked out anew: what to read, in time ranges of a bounded number of rows, and how new costs get
 * into `requests`. All other columns stay; a row that changed since it was read is left alone.
 */
import type { CostSource, LlmRequest } from '../../records/llm-request.ts'
import type { Db } from '../client.ts'
import { tables } from '../tables.ts'

/** Which requests: half-open in epoch ms. */
export interface RepriceScope {
  from: number
  to: number
  model?: string | undefined
  provider?: string | undefined
}

/** What a price depends on. */
const pricedBy = [
  'provider',
  'endpoint',
  'region',
  'environment',
  'team',
  'model',
  'requested_model',
  'model_version',
  'operation',
  'service_tier',
  'cache_hit',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'context_window',
] as const satisfies (keyof LlmRequest)[]

/** What pricing decides; amounts as decimal texts. */
export interface StoredPricing {
  cost_usd: string | null
  input_cost_usd: string | null
  output_cost_usd: string | null
  cache_savings_usd: string | null
  cost_source: CostSource
  price_id: string
  price_version: string
  context_window: number | null
}

export type PricingInputs = Pick<LlmRequest, (typeof pricedBy)[number]>

export type StoredRequest = PricingInputs &
  StoredPricing & {
    timestamp_us: number
    trace_id: string
    span_id: string
    version: number
    reported_cost_usd: number | null
  }

export type RepricedCost = StoredPricing &
  Pick<StoredRequest, 'trace_id' | 'span_id'> & { timestamp: number; read_version: number }

/** Costs from GPU hours are no matter of prices. */
function condition({ from, to, model, provider }: RepriceScope) {
  const parts = [
    "timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')",
    "timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')",
    "cost_source != 'gpu'",
    ...(model === undefined ? [] : ['model = {model:String}']),
    ...(provider === undefined ? [] : ['provider = {provider:String}']),
  ]
  const params = {
    from_ms: from,
    to_ms: to,
    ...(model !== undefined && { model }),
    ...(provider !== undefined && { provider }),
  }
  return { sql: parts.join(' and '), params }
}

export interface RowRange {
  from: number
  to: number
  rows: number
}

/** Rows per `step_ms`, replaced ones counted too: only the ranges' sizes hang on it. */
export async function rowsPerStep(db: Db, scope: RepriceScope, step_ms: number): Promise<RowRange[]> {
  const { sql, params } = condition(scope)
  const rows = await db.query<{ at: number; rows: number }>(
    `select intDiv(toUnixTimestamp64Milli(timestamp), {step_ms:Int64}) * {step_ms:Int64} as at, count() as rows
    from requests where ${sql} group by at order by at`,
    { ...params, step_ms },
    { settings: { final: 0 } },
  )
  return rows.map(({ at, rows }) => ({ from: Math.max(at, scope.from), to: Math.min(at + step_ms, scope.to), rows }))
}

/** Every request of a scope, corrected and without those taken back. */
export async function requestsToPrice(db: Db, scope: RepriceScope): Promise<StoredRequest[]> {
  const { sql, params } = condition(scope)
  const amounts = ['cost_usd', 'input_cost_usd', 'output_cost_usd', 'cache_savings_usd']
  return db.query<StoredRequest>(
    `select toUnixTimestamp64Micro(r.timestamp) as timestamp_us, trace_id, span_id, version, cost_source, price_id, price_version,
      toFloat64(r.reported_cost_usd) as reported_cost_usd,
      ${amounts.map((column) => `toString(r.${column}) as ${column}`).join(', ')}, ${pricedBy.join(', ')}
    from requests as r where ${sql}`,
    params,
  )
}

/** Puts new costs into the rows that still are what was read, one version higher. `run` names this page of a run and no other. */
export async function storeCosts(
  db: Db,
  scope: RepriceScope,
  run: string,
  costs: readonly RepricedCost[],
): Promise<void> {
  if (costs.length === 0) return
  await db.insert(
    'repriced_costs',
    costs.map((cost) => ({ run, ...cost })),
  )
  const fresh = new Set(
    'cost_usd input_cost_usd output_cost_usd cache_savings_usd cost_source price_id price_version context_window'.split(
      ' ',
    ),
  )
  const columns = tables.requests.columns.map(({ name }) => name)
  const valueOf = (name: string) => (name === 'version' ? 'r.version + 1' : `${fresh.has(name) ? 'c' : 'r'}.${name}`)
  const { sql, params } = condition(scope)
  // Small blocks: a row carries its prompt and answer, which may be long.
  await db.command(
    `INSERT INTO requests (${columns.join(', ')})
    SELECT ${columns.map(valueOf).join(', ')}
    FROM (SELECT * FROM requests WHERE ${sql} AND (timestamp, trace_id, span_id) IN
      (SELECT timestamp, trace_id, span_id FROM repriced_costs WHERE run = {run:String})) AS r
    GLOBAL INNER JOIN (SELECT * FROM repriced_costs WHERE run = {run:String}) AS c
      ON r.timestamp = c.timestamp AND r.trace_id = c.trace_id AND r.span_id = c.span_id AND r.version = c.read_version
    SETTINGS final = 1, distributed_product_mode = 'global', max_block_size = 512, min_insert_block_size_bytes = 33554432`,
    { ...params, run },
  )
  await forget(db, run)
}

/** On a cluster they go with their TTL: its tables know no partitions of their own. */
async function forget(db: Db, run: string): Promise<void> {
  const [table] = await db.query<{ engine: string }>(
    "select engine from system.tables where database = currentDatabase() and name = 'repriced_costs'",
  )
  if (table?.engine !== 'Distributed')
    await db.command(`ALTER TABLE repriced_costs DROP PARTITION '${run.replaceAll(/[^\w-]/g, '')}'`)
}

export interface Repricing {
  id: string
  since: Date
  until: Date
  model: string
  provider: string
  rows: number
  changed: number
  /** Decimal texts. */
  cost_before: string
  cost_after: string
  price_version: string
  started_at: Date
  finished_at: Date | null
}

/** The record of a run: written when it begins and again when it ended. */
export async function recordRepricing(db: Db, repricing: Repricing, now_ms = Date.now()): Promise<void> {
  await db.insert('repricings', [{ ...repricing, version: now_ms * 1000 }])
}

/** A mark on time lines, where costs changed. */
export async function annotateRepricing(db: Db, { id, ...run }: Repricing, text: string): Promise<void> {
  const labels = { ...(run.model && { model: run.model }), ...(run.provider && { provider: run.provider }) }
  const at = run.finished_at ?? run.started_at
  await db.insert('annotations', [
    {
      id: `repricing-${id}`,
      timestamp: at,
      kind: 'price',
      title: 'Costs worked out anew',
      text,
      labels,
      url: '',
      created_by: 'reprice',
      deleted: false,
      version: at.getTime() * 1000,
    },
  ])
}
