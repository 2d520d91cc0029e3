/**
 * Which inference servers are in trouble? Exact, over raw rows of `server_samples`. Rates are increases divided by the time over
 * which they were counted; percentiles are those of the servers' own buckets, as if observations were spread evenly in each.
 */
import { covered, gaugeOver, alertSamples, beyond, thresholdParams, whereSamples } from './alert-samples.ts'
import type { Over, SampleMeasure, SampleScan } from './alert-samples.ts'
import type { Question } from './alert-scan.ts'
import type { ServerLatency } from './server-latency.ts'

export const serverColumns = ['server', 'instance', 'endpoint', 'model'] as const
export type ServerColumn = (typeof serverColumns)[number]

export interface ServerScan extends SampleScan<ServerColumn> {
  /** Servers with fewer requests running on average give no row; 0 takes all. */
  min_running: number
  /** Ratios and percentiles of fewer requests give no row. */
  min_requests: number
  /** Share of the window that samples have to cover, 0–1. */
  min_coverage: number
}

const key = ['s.server', 's.instance', 's.model']

/** What a gateway forwards, its engines report too. */
const rowsOf = ({ by }: ServerScan) =>
  by.includes('instance') || by.includes('server')
    ? 'server_samples'
    : "(select * from server_samples where role != 'gateway')"

const gauges = {
  queue: 'waiting',
  running: 'running',
  kv_cache_usage: 'kv_cache_ratio',
  batch_size: 'batch_size',
} as const
export type ServerGauge = keyof typeof gauges

export function alertServerGauge(gauge: ServerGauge, over: Over, scan: ServerScan): Question {
  const adds = gauge !== 'kv_cache_usage'
  return ask(gaugeOver(`s.${gauges[gauge]}`, over, adds), scan)
}

const counters = {
  preemptions: { column: 'preemptions', per_ms: 60_000 },
  tokens_per_second: { column: 'output_tokens', per_ms: 1_000 },
  input_tokens_per_second: { column: 'input_tokens', per_ms: 1_000 },
  http_5xx: { column: 'http_5xx', per_ms: 60_000 },
} as const
export type ServerCounter = keyof typeof counters

/** Per minute or second, whichever the measure's name or the field says. */
export function alertServerRate(counter: ServerCounter, scan: ServerScan): Question {
  const { column, per_ms } = counters[counter]
  const counted_ms = `nullIf(sumIf(s.interval_ms, s.${column} is not null), 0)`
  return ask({ each: { rate: `sum(s.${column}) * ${per_ms} / ${counted_ms}` }, value: 'sum(i.rate)' }, scan)
}

export function alertServerRestarts(scan: ServerScan): Question {
  return ask({ each: { restarts: 'countIf(s.restarted)' }, value: 'sum(i.restarts)' }, scan)
}

const requests = 'sum(ifNull(s.requests, s.requests_ok + s.requests_failed))'
const shares: Record<'error_ratio' | 'prefix_cache_hit_ratio' | 'draft_acceptance_ratio', SampleMeasure> = {
  error_ratio: {
    each: { failed: 'sum(s.requests_failed)', all: requests },
    value: 'if(sum(i.all) >= {min_requests:UInt64}, sum(i.failed) / nullIf(sum(i.all), 0), null)',
  },
  prefix_cache_hit_ratio: counted('prefix_hits', 'prefix_queries', 'prefix_hit_ratio'),
  draft_acceptance_ratio: counted('accepted_tokens', 'draft_tokens', 'draft_acceptance_ratio'),
}
export type ServerShare = keyof typeof shares

export function alertServerShare(share: ServerShare, scan: ServerScan): Question {
  return ask({ ...shares[share], params: { min_requests: scan.min_requests } }, scan)
}

/** As counted, else as the server says it. A server that counts no requests is not held to have few. */
function counted(part: string, whole: string, told: string): SampleMeasure {
  return {
    each: { part: `sum(s.${part})`, whole: `sum(s.${whole})`, told: `avg(s.${told})`, requests },
    value: `if(ifNull(sum(i.requests), {min_requests:UInt64}) >= {min_requests:UInt64},
    coalesce(sum(i.part) / nullIf(sum(i.whole), 0), avg(i.told)), null)`,
  }
}

/**
 * A percentile of what servers timed. Buckets add up where their bounds are equal; of servers with other bounds the slowest one counts.
 * Above the last bound it is that bound.
 */
export function alertServerLatency(latency: ServerLatency, quantile: number, scan: ServerScan): Question {
  const { by, threshold } = scan
  const groups = by.map((column) => `l_${column}`)
  const guard = guarded(scan)
  const condition = whereSamples(scan)
  const sql = `select ${[
    ...by.map((column) => `l_${column} as ${column}`),
    'max(estimate) as value',
    'sum(observations) as requests',
  ].join(', ')}
from (
  select ${[...groups, 'bounds'].join(', ')}, sumForEach(counts) as counts, arraySum(counts) as observations,
    arrayCumSum(counts) as up_to, {quantile:Float64} * observations as rank,
    arrayFirstIndex(n -> n >= rank, up_to) as bucket, arrayPushFront(bounds, 0.)[bucket] as low,
    if(bucket > length(bounds), bounds[-1],
      low + (bounds[bucket] - low) * (rank - (up_to[bucket] - counts[bucket])) / counts[bucket]) as estimate
  from (
    select ${[...by.map((column) => `argMax(s.${column}, s.timestamp) as l_${column}`), `s.${latency}_bounds as bounds`].join(', ')},
      sumForEach(s.${latency}_counts) as counts
    from ${rowsOf(scan)} as s
    where ${condition.sql} and notEmpty(s.${latency}_bounds)
    group by ${[...key, `s.${latency}_bounds`].join(', ')}${guard.having.length > 0 ? `\n    having ${guard.having.join(' and ')}` : ''}
  )
  group by ${[...groups, 'bounds'].join(', ')} having observations >= {min_requests:UInt64} and observations > 0
)
${groups.length > 0 ? `group by ${groups.join(', ')}\n` : ''}having value is not null and requests > 0${beyond(threshold)}
order by ${[...by, 'value'].join(', ')}
limit {row_limit:UInt32}`
  const own = { quantile, min_requests: scan.min_requests }
  return { sql, params: { ...condition.params, ...thresholdParams(scan), ...guard.params, ...own } }
}

function ask(measure: SampleMeasure, scan: ServerScan): Question {
  const { having, params } = guarded(scan)
  const guardedMeasure = { ...measure, having, params: { ...measure.params, ...params } }
  return alertSamples({ rows: rowsOf(scan), key }, guardedMeasure, scan)
}

function guarded({ min_running, min_coverage, range }: ServerScan) {
  const coverage = covered(min_coverage, range)
  if (min_running === 0) return coverage
  return {
    having: [...coverage.having, 'avg(s.running) >= {min_running:Float64}'],
    params: { ...coverage.params, min_running },
  }
}
