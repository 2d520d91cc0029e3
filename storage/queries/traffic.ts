/** One row per model, or per endpoint: the range, the one before it, and a sparkline. Raw rows up to 24 h unless they are many; rollups beyond. */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Source } from './series.ts'
import { bucketOf, rowsOf, type Tier, tiersFor, wholeBuckets } from './tiers.ts'
import { selectTraffic, type TrafficMeasure } from './traffic-measures.ts'
import type { Filter } from './where.ts'

export const trafficBy = ['model', 'endpoint'] as const
export type TrafficBy = (typeof trafficBy)[number]

const measures = [
  'requests',
  'errors',
  'p50_ms',
  'p95_ms',
  'p99_ms',
  'ttft_p50_ms',
  'ttft_p95_ms',
  'tpot_p50_ms',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'cost_usd',
  'unpriced',
] as const satisfies TrafficMeasure[]
const earlier = ['requests', 'errors', 'p95_ms', 'cost_usd'] as const satisfies TrafficMeasure[]

type Counted = 'requests' | 'errors' | 'unpriced'
type Values<M extends string> = Record<M & Counted, number> & Record<Exclude<M, Counted>, number | null>

export type EarlierTraffic = Values<(typeof earlier)[number]> & {
  /** Its first request of the period before, epoch ms: late in it, there is little to compare with. */
  first_ms: number
}

export type TrafficRow = Values<(typeof measures)[number]> & {
  name: string
  providers: string[]
  /** Where it answered, as the calls say. */
  regions: string[]
  /** The endpoints of a model, the models of an endpoint: at most 20. */
  others: string[]
  /** Null without a request in the period before. */
  previous: EarlierTraffic | null
  /** Requests per bucket; 0 without any. */
  spark: number[]
}

export interface Traffic extends TimeRange {
  source: Source
  spark_step_ms: number
  rows: TrafficRow[]
  /** How many there are in all. */
  all: number
}

type Row = Omit<TrafficRow, 'regions' | 'previous' | 'spark'> & { all: number }

/** The busiest `limit` of the range. */
export async function traffic(db: Db, by: TrafficBy, filter: Filter, range: TimeRange, limit = 500): Promise<Traffic> {
  const tiers = await tiersFor(db, filter, range, ['model', 'endpoint', 'provider'])
  const current = wholeBuckets(tiers.whole, range)
  const previous = { from: current.from - (current.to - current.from), to: current.from }
  const [rows, before, sparks, regions] = await Promise.all([
    totals(db, tiers.whole, by, filter, current, limit),
    // It ends where the range begins, after which there are rows.
    totalsBefore(db, { ...tiers.whole, newest: false }, by, filter, previous),
    sparklines(db, tiers.sums, by, filter, current),
    regionsOf(db, by, filter, range),
  ])
  return {
    ...current,
    source: tiers.whole.source,
    spark_step_ms: sparks.step_ms,
    all: rows[0]?.all ?? 0,
    rows: rows.map(({ all: _all, ...row }) =>
      Object.assign(row, {
        regions: regions.get(row.name) ?? [],
        previous: before.get(row.name) ?? null,
        spark: sparks.of(row.name),
      }),
    ),
  }
}

const otherOf = (by: TrafficBy) => (by === 'model' ? 'endpoint' : 'model')

/** Nobody's endpoint is none; a model without a name is one all the same. */
const named = (by: TrafficBy) => (by === 'endpoint' ? " having name != ''" : '')

/** What tells rows apart, whichever of it is asked. */
const identity = ['r.model', 'r.endpoint', 'r.provider']

async function totals(db: Db, tier: Tier, by: TrafficBy, filter: Filter, range: TimeRange, limit: number) {
  const selected = selectTraffic(tier, measures)
  const { sql, params } = rowsOf(tier, filter, range, [...identity, selected])
  return db.query<Row>(
    `select r.${by} as name, arrayFilter(x -> x != '', arraySort(groupUniqArray(8)(r.provider))) as providers,
      arrayFilter(x -> x != '', arraySort(groupUniqArray(20)(r.${otherOf(by)}))) as others, count() over () as all,
      ${selected}
    from ${sql} group by name${named(by)} order by requests desc, name limit {limit:UInt32}`,
    { ...params, limit },
  )
}

async function totalsBefore(db: Db, tier: Tier, by: TrafficBy, filter: Filter, range: TimeRange) {
  const selected = selectTraffic(tier, earlier)
  const { sql, params } = rowsOf(tier, filter, range, [...identity, selected])
  const rows = await db.query<EarlierTraffic & { name: string }>(
    `select r.${by} as name, min(${tier.at}) as first_ms,
      ${selected}
    from ${sql} group by name${named(by)}`,
    params,
  )
  return new Map(rows.map(({ name, ...row }) => [name, row]))
}

async function sparklines(db: Db, tier: Tier, by: TrafficBy, filter: Filter, range: TimeRange) {
  const step_ms = Math.max(stepFor(range, 48), tier.step_ms)
  const selected = selectTraffic(tier, ['requests'])
  const { sql, params } = rowsOf(tier, filter, range, [...identity, selected])
  const rows = await db.query<{ name: string; at: number; requests: number }>(
    `select r.${by} as name, ${bucketOf(tier)} as at, ${selected}
    from ${sql} group by name, at${named(by)}`,
    { ...params, step_ms },
  )
  const first = Math.floor(range.from / step_ms) * step_ms
  const count = Math.ceil((range.to - first) / step_ms)
  const byName = Map.groupBy(rows, ({ name }) => name)
  const of = (name: string) => {
    const values = Array.from({ length: count }, () => 0)
    for (const { at, requests } of byName.get(name) ?? []) values[(at - first) / step_ms] = requests
    return values
  }
  return { step_ms, of }
}

/** The rollup of models does not keep regions apart: that of requests does. */
async function regionsOf(db: Db, by: TrafficBy, filter: Filter, range: TimeRange) {
  const { whole: tier } = await tiersFor(db, filter, range, [by, 'region'])
  const { sql, params } = rowsOf(tier, filter, wholeBuckets(tier, range), [...identity, 'r.region'])
  const rows = await db.query<{ name: string; regions: string[] }>(
    `select r.${by} as name, arraySort(groupUniqArrayIf(8)(r.region, r.region != '')) as regions
    from ${sql} group by name${named(by)}`,
    params,
  )
  return new Map(rows.map(({ name, regions }) => [name, regions]))
}
