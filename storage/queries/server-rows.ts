/**
 * Inference servers over time, from whichever table fits the range: what one server counted, and several together. Every rate is an
 * increase divided by the time over which it was counted, so that gaps, restarts and late scrapes do not bend it; what nobody told
 * is null.
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rollupSpecs } from '../rollup-specs.ts'
import { frameOf, maxLines, maxPoints, type SeriesFrame, type Source } from './series.ts'

/** Whose rows are one line: those of a model on one server, or of a model on all servers of an endpoint. */
export type ServersBy = 'instance' | 'endpoint'

export interface ServerIdentity {
  /** Kind and address; empty for all servers of an endpoint. */
  server: string
  instance: string
  /** The newest that a server was configured for. */
  endpoint: string
  model: string
}

/** Values of a column are alternatives; columns all have to match. */
export type ServerFilter = Partial<Record<keyof ServerIdentity, string[]>>

export interface ServersQuestion {
  range: TimeRange
  /** Read from where this range is read from, about the lines that are the busiest in it; `range` itself unless said. */
  like?: TimeRange
  filter?: ServerFilter
  by?: ServersBy
}

/** Exact counts, whichever table they come from: sums and buckets of rollups are those of their samples. */
export interface ServerTier {
  source: Source & ('server_samples' | 'server_1m' | 'server_1h' | 'server_1d')
  /** Width of its buckets in ms: ranges are widened to whole ones, and a step is never finer. */
  step_ms: number
  /** A row's time in epoch ms. */
  at: string
  /** Rows that count. */
  live: string
  /** Rows of servers that run models themselves: what a gateway forwards, they count too. */
  engine: string
  /** State of the time in which some server was seen, and what merges it, in ms. */
  covered: { state: string; merge: (state: string) => string }
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** Scrapes closer than this are rare: a finer bucket would hold none. */
const scrapeMs = 10_000

const rawEnd = 'toUnixTimestamp64Milli(s.timestamp)'
const samples: ServerTier = {
  source: 'server_samples',
  step_ms: scrapeMs,
  at: rawEnd,
  live: 'true',
  engine: "s.role != 'gateway'",
  covered: {
    state: `intervalLengthSumState(${rawEnd} - toInt64(ifNull(s.interval_ms, 0)), ${rawEnd})`,
    merge: (state) => `toFloat64(intervalLengthSumMerge(${state}))`,
  },
}

/** Known to the minute: of one server alone, its own intervals say it exactly. */
const rollup = (source: 'server_1m' | 'server_1h' | 'server_1d', step_ms: number): ServerTier => ({
  source,
  step_ms,
  at: 'toInt64(toUnixTimestamp(s.timestamp)) * 1000',
  // A key that vanished from its bucket left a row of zeros.
  live: 's.samples > 0',
  engine: 's.gateway = 0',
  covered: {
    state: 'groupBitmapArrayMergeState(s.covered_minutes)',
    merge: (state) => `toFloat64(groupBitmapArrayMerge(${state})) * ${minute}`,
  },
})

const tiers = [rollup('server_1d', day), rollup('server_1h', hour), rollup('server_1m', minute)]

/** Samples up to a day, then the coarsest rollup that the step of the range's chart leaves. */
function serverTier(range: TimeRange): ServerTier {
  if (range.to - range.from <= day) return samples
  const step = stepFor(range, maxPoints)
  return tiers.find(({ step_ms }) => step_ms <= step) ?? samples
}

const spec = rollupSpecs.find(({ prefix }) => prefix === 'server')

/** The aggregate of a measure over rows of the tier's table. */
function ofTier(tier: ServerTier, name: string): string {
  const measure = spec?.measures.find((known) => known.name === name)
  if (!measure) throw new RangeError(`not a measure of servers: ${name}`)
  return tier === samples ? measure.raw : measure.merge
}

/** What is asked of each line: the columns that it needs of each server, and what makes the answer of them. */
export interface ServerMeasure {
  needs: readonly string[]
  /** Over rows `i`, one a server and model; `observed` is the time in which any of them was seen, in ms. */
  sql: string
}

/** Per second, over the time in which it was counted. Of several counters, the sum of those that a server has. */
export function rateOf(...counters: [string, ...string[]]): ServerMeasure {
  const intervals = counters.map((counter) => `${counter}_interval_ms`)
  const times = intervals.map((interval) => `i.${interval}`)
  const counted = `least(observed, sum(${times.length === 1 ? times.join('') : `greatest(${times.join(', ')})`}))`
  return {
    needs: [...counters, ...intervals],
    sql: `if(${counted} > 0, sum(${counters.map((counter) => `i.${counter}`).join(' + ')}) * 1000 / ${counted}, null)`,
  }
}

/** The first one that is known. */
export function firstOf(...measures: ServerMeasure[]): ServerMeasure {
  return {
    needs: measures.flatMap(({ needs }) => needs),
    sql: `coalesce(${measures.map(({ sql }) => sql).join(', ')})`,
  }
}

/** The sum over servers, each for the time it was seen; a server that another took over from is not counted beside it. */
export function summedGauge(gauge: string): ServerMeasure {
  const seen = `i.${gauge}_count > 0`
  const mean = `i.${gauge}_sum / i.${gauge}_count`
  const weight = `sumIf(i.interval_ms, ${seen})`
  return {
    needs: [`${gauge}_sum`, `${gauge}_count`, 'interval_ms'],
    sql: `multiIf(not max(${seen}), null,
        ${weight} > 0, sumIf(${mean} * i.interval_ms, ${seen}) / least(observed, ${weight}),
        sumIf(${mean}, ${seen}))`,
  }
}

/** The mean of all samples: of a ratio, which does not add up. */
export function meanGauge(gauge: string): ServerMeasure {
  return {
    needs: [`${gauge}_sum`, `${gauge}_count`],
    sql: `if(sum(i.${gauge}_count) > 0, sum(i.${gauge}_sum) / sum(i.${gauge}_count), null)`,
  }
}

/** The highest sample of any one server. */
export function highest(gauge: string): ServerMeasure {
  return { needs: [`${gauge}_max`], sql: `max(i.${gauge}_max)` }
}

/** One counter as a share of another; null while either is unknown or the other did not grow. */
export function shareOf(part: string, whole: string): ServerMeasure {
  return {
    needs: [part, whole, `${part}_interval_ms`],
    sql: `if(sum(i.${whole}) > 0 and sum(i.${part}_interval_ms) > 0, sum(i.${part}) / sum(i.${whole}), null)`,
  }
}

/** An increase over the bucket; null when nobody counted. */
export function increaseOf(counter: string): ServerMeasure {
  return {
    needs: [counter, `${counter}_interval_ms`],
    sql: `if(sum(i.${counter}_interval_ms) > 0, sum(i.${counter}), null)`,
  }
}

export const restarts: ServerMeasure = { needs: ['restarts'], sql: 'sum(i.restarts)' }

/** Requests by finish reason. */
export const finished: ServerMeasure = { needs: ['finished'], sql: 'sumMap(i.finished)' }

/** Observations per bucket, by the bounds as text. */
export function bucketsOf(histogram: string): ServerMeasure {
  return { needs: [`${histogram}_buckets`], sql: `sumForEachMap(i.${histogram}_buckets)` }
}

export type ServerRow<Name extends string> = ServerIdentity & {
  /** Start of the bucket, epoch ms; the range's start when it is asked as a whole. */
  at: number
  /** Lines there are in all; `maxLines` at most are answered. */
  all: number
} & Record<Name, unknown>

export interface ServerRows<Name extends string> {
  frame: SeriesFrame
  rows: ServerRow<Name>[]
}

/**
 * One row per line and bucket, or per line when `whole`. The lines are those that generated most; `limit` of them.
 * Reads `server_samples` up to a day, rollups beyond.
 */
export async function serverRows<Name extends string>(
  db: Db,
  { range, like = range, filter = {}, by = 'instance' }: ServersQuestion,
  measures: Record<Name, ServerMeasure>,
  { whole = false, limit = maxLines } = {},
): Promise<ServerRows<Name>> {
  const tier = serverTier(like)
  const widened = ({ from, to }: TimeRange): TimeRange => ({
    from: tier === samples ? from : Math.floor(from / tier.step_ms) * tier.step_ms,
    to,
  })
  const [wide, ranked] = [widened(range), widened(like)]
  const frame = frameOf(wide, tier.source, tier.step_ms)
  const asked = Object.entries(measures) as [Name, ServerMeasure][]
  const needed = new Set(['interval_ms', ...asked.flatMap(([, { needs }]) => needs)])
  const line = by === 'instance' ? ['server', 'instance', 'model'] : ['endpoint', 'model']
  const condition = whereServers(filter)
  const within = `s.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and s.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      and ${tier.live}${by === 'endpoint' ? ` and ${tier.engine}` : ''}${condition.sql}`
  const bucket = whole ? '{from_ms:Int64}' : `intDiv(${tier.at}, {step_ms:Int64}) * {step_ms:Int64}`
  const sql = `with busiest as (
      select ${line.join(', ')} from ${tier.source} as s where ${within.replaceAll(/from_ms|to_ms/g, 'ranked_$&')}
      group by ${line.join(', ')} order by ${ofTier(tier, 'output_tokens')} desc, ${line.join(', ')} limit {lines:UInt32}
    ),
    each as (
      select s.server as server, s.instance as instance, s.model as model, s.endpoint as endpoint, ${bucket} as at,
        max(s.timestamp) as newest, ${tier.covered.state} as covered,
        ${[...needed].map((name) => `${ofTier(tier, name)} as m_${name}`).join(',\n        ')}
      from ${tier.source} as s where ${within} and (${line.map((column) => `s.${column}`).join(', ')}) in busiest
      group by server, instance, model, endpoint, at
    )
    select ${by === 'instance' ? 'i.server as server, i.instance as instance, argMax(i.endpoint, i.newest) as endpoint' : "'' as server, '' as instance, i.endpoint as endpoint"},
      i.model as model, i.at as at,
      (select uniqExact(${line.join(', ')}) from ${tier.source} as s where ${within}) as all,
      ${tier.covered.merge('i.covered')} as observed,
      ${asked.map(([name, { sql: value }]) => `${value.replaceAll(/\bi\./g, 'i.m_')} as ${name}`).join(',\n      ')}
    from each as i
    group by ${line.map((column) => `i.${column}`).join(', ')}, i.at
    order by ${line.join(', ')}, at`
  const rows = await db.query<ServerRow<Name>>(sql, {
    ...condition.params,
    from_ms: Math.floor(wide.from),
    to_ms: Math.ceil(wide.to),
    ranked_from_ms: Math.floor(ranked.from),
    ranked_to_ms: Math.ceil(ranked.to),
    step_ms: frame.step_ms,
    lines: limit,
  })
  return { frame, rows }
}

function whereServers(filter: ServerFilter): { sql: string; params: Record<string, string[]> } {
  const known = ['server', 'instance', 'endpoint', 'model'] as const
  const used = known.filter((column) => filter[column] !== undefined)
  return {
    sql: used.map((column) => ` and s.${column} in {only_${column}:Array(String)}`).join(''),
    params: Object.fromEntries(used.map((column) => [`only_${column}`, filter[column] ?? []])),
  }
}
