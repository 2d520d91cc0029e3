/**
 * How every endpoint fares in a range, beside what is usual of it. Raw rows up to 24 h unless they are many, rollups beyond; endpoints
 * that are known but have no requests come from `topology` and `probes`.
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Source } from './series.ts'
import { bucketOf, rowsOf, selectOf, tiersFor, wholeBuckets, type Tier } from './tiers.ts'
import { usualOf, type Usual } from './usual.ts'
import type { Filter } from './where.ts'

export interface EndpointHealth {
  name: string
  /** 0 of one that is known from the week before, a probe, or what runs under it. */
  requests: number
  errors: number
  p95_ms: number | null
  /** Called there in the range; of more, any so many. */
  models: string[]
  /** Null without requests in the week before. */
  usual: Usual | null
  /** Per bucket: what came and what of it failed. */
  spark: { requests: number[]; errors: number[] }
}

export interface EndpointsHealth extends TimeRange {
  source: Source
  spark_step_ms: number
  /** The busiest first. */
  endpoints: EndpointHealth[]
  /** Endpoints beyond those. */
  left_out: number
  /** Requests that name no endpoint: they are in none of these. */
  unnamed: number
}

/** Fewer than a chart's: as many as a line of a table has room for. */
const sparkPoints = 32
const mostModels = 100

export async function endpointsHealth(
  db: Db,
  filter: Filter,
  asked: TimeRange,
  limit = 1000,
): Promise<EndpointsHealth> {
  const tiers = await tiersFor(db, filter, asked, ['endpoint', 'model'])
  const range = wholeBuckets(tiers.whole, asked)
  const [rows, sparks, usual, known] = await Promise.all([
    totals(db, tiers.whole, filter, range),
    sparklines(db, tiers.sums, filter, range),
    usualOf(db, filter, range.from, 'endpoint'),
    knownEndpoints(db, filter, range),
  ])
  const named = rows.filter(({ name }) => name !== '')
  const seen = new Set(named.map(({ name }) => name))
  const idle = [...new Set([...usual.keys(), ...known])].filter((name) => name !== '' && !seen.has(name)).toSorted()
  const all = [...named, ...idle.map((name) => ({ name, requests: 0, errors: 0, p95_ms: null, models: [] }))]
  return {
    ...range,
    source: tiers.whole.source,
    spark_step_ms: sparks.step_ms,
    endpoints: all
      .slice(0, limit)
      .map((row): EndpointHealth =>
        Object.assign(row, { usual: usual.get(row.name) ?? null, spark: sparks.of(row.name) }),
      ),
    left_out: Math.max(all.length - limit, 0),
    unnamed: rows.find(({ name }) => name === '')?.requests ?? 0,
  }
}

type Totals = Pick<EndpointHealth, 'name' | 'requests' | 'errors' | 'p95_ms' | 'models'>

async function totals(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<Totals[]> {
  const selected = selectOf(tier, ['requests', 'errors', 'p95_ms'])
  const { sql, params } = rowsOf(tier, filter, range, ['r.endpoint', 'r.model', selected])
  return db.query<Totals>(
    `select r.endpoint as name, arraySort(groupUniqArray(${mostModels})(r.model)) as models,
      ${selected}
    from ${sql} group by name order by requests desc, name`,
    params,
  )
}

async function sparklines(db: Db, tier: Tier, filter: Filter, range: TimeRange) {
  const step_ms = Math.max(stepFor(range, sparkPoints), tier.step_ms)
  const selected = selectOf(tier, ['requests', 'errors'])
  const { sql, params } = rowsOf(tier, filter, range, ['r.endpoint', selected])
  const rows = await db.query<{ name: string; at: number; requests: number; errors: number }>(
    `select r.endpoint as name, ${bucketOf(tier)} as at, ${selected}
    from ${sql} group by name, at`,
    { ...params, step_ms },
  )
  const first = Math.floor(range.from / step_ms) * step_ms
  const count = Math.ceil((range.to - first) / step_ms)
  const byName = Map.groupBy(rows, ({ name }) => name)
  const of = (name: string): EndpointHealth['spark'] => {
    const [requests, errors] = [Array.from({ length: count }, () => 0), Array.from({ length: count }, () => 0)]
    for (const row of byName.get(name) ?? []) {
      const index = (row.at - first) / step_ms
      requests[index] = row.requests
      errors[index] = row.errors
    }
    return { requests, errors }
  }
  return { step_ms, of }
}

/** Those that something is deployed or probed for. Of a filter on anything else nobody knows which of them it would leave. */
async function knownEndpoints(
  db: Db,
  { terms = [], endpoint, ...others }: Filter,
  range: TimeRange,
): Promise<string[]> {
  if (terms.length > 0 || Object.values(others).some((value) => value !== undefined)) return []
  const rows = await db.query<{ name: string }>(
    `select distinct endpoint as name from (
      select t.endpoint as endpoint from topology as t
      where not t.ambiguous and t.valid_from < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        and (t.valid_to is null or t.valid_to >= fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC'))
      union all
      select p.endpoint as endpoint from probes as p
      where p.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and p.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    ) limit 1000`,
    { from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to) },
  )
  const wanted = endpoint === undefined ? null : new Set([endpoint].flat())
  return rows.flatMap(({ name }) => (wanted === null || wanted.has(name) ? [name] : []))
}
