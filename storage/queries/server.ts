/** Inference servers as they were at their last scrape, and what they counted. Reads `server_samples`, beyond 24 h `server_1h` too; versions from `server_versions`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { lastSeen, lastSeenBounds } from './last-seen.ts'
import { keyOf as versionKey, versionsAt } from './server-versions.ts'

export interface ServerNow {
  server: string
  instance: string
  model: string
  endpoint: string
  /** Epoch ms of the newest sample. */
  timestamp_ms: number
  running: number | null
  waiting: number | null
  kv_cache_ratio: number | null
  /** Over the range; null when the server does not count them. */
  input_tokens_per_second: number | null
  output_tokens_per_second: number | null
  requests_per_second: number | null
  preemptions: number | null
  /** Prefix tokens found in the cache, 0–1. */
  prefix_hit_ratio: number | null
  restarts: number
  /** As it last told; null when it does not. */
  version: string | null
}

type Identity = Pick<ServerNow, 'server' | 'instance' | 'model'>
const gauges = ['running', 'waiting', 'kv_cache_ratio'] as const
type Newest = Identity & Pick<ServerNow, 'endpoint' | 'timestamp_ms' | (typeof gauges)[number]>
type Counted = Identity & Omit<ServerNow, keyof Newest | 'version'>

const day = 86_400_000

/** One row per server instance and model seen in the range. */
export async function serversNow(db: Db, range: TimeRange): Promise<ServerNow[]> {
  const [newest, counted, versions] = await Promise.all([
    newestSamples(db, range),
    counts(db, range),
    versionsAt(db, range.to),
  ])
  const byKey = new Map(counted.map((row) => [keyOf(row), row]))
  return newest.map((row) =>
    Object.assign({}, uncounted, byKey.get(keyOf(row)), row, { version: versions.get(versionKey(row)) ?? null }),
  )
}

const keyOf = ({ server, instance, model }: Identity) => JSON.stringify([server, instance, model])

/** Of a server that came so lately that the rollup does not have it yet. */
const uncounted = {
  input_tokens_per_second: null,
  output_tokens_per_second: null,
  requests_per_second: null,
  preemptions: null,
  prefix_hit_ratio: null,
  restarts: 0,
}

function newestSamples(db: Db, range: TimeRange): Promise<Newest[]> {
  return db.query<Newest>(
    `select server, instance, model, argMax(s.endpoint, s.timestamp) as endpoint,
      toUnixTimestamp64Milli(max(s.timestamp)) as timestamp_ms,
      ${gauges.map((gauge) => `argMax(tuple(s.${gauge}), s.timestamp).1 as ${gauge}`).join(',\n      ')}
    from server_samples as s
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}) and timestamp < fromUnixTimestamp64Milli({to_ms:Int64})
      and ${lastSeen(range, 'server_1h', ['server', 'instance', 'model'])}
    group by server, instance, model order by instance, model limit 1000`,
    { from_ms: range.from, to_ms: range.to, ...lastSeenBounds(range) },
  )
}

interface CountedSource {
  table: 'server_samples' | 'server_1h'
  /** Rows `s` that count. */
  live: string
  /** Time over which a counter is known, ms. */
  interval: (counter: string) => string
  preemptions: string
  restarts: string
}

const samples: CountedSource = {
  table: 'server_samples',
  live: 'true',
  interval: (counter) => `sumIf(s.interval_ms, s.${counter} is not null)`,
  preemptions: 'sum(s.preemptions)',
  restarts: 'countIf(s.restarted)',
}
const hours: CountedSource = {
  table: 'server_1h',
  live: 's.samples > 0',
  interval: (counter) => `sum(s.${counter}_interval_ms)`,
  preemptions: 'if(sum(s.preemptions_interval_ms) = 0 and sum(s.preemptions) = 0, null, sum(s.preemptions))',
  restarts: 'sum(s.restarts)',
}

/** What was counted in the range; beyond 24 h from the start of its first hour on. */
function counts(db: Db, range: TimeRange): Promise<Counted[]> {
  const { table, live, interval, preemptions, restarts } = range.to - range.from <= day ? samples : hours
  const rate = (counter: string) =>
    `if(${interval(counter)} > 0, sum(s.${counter}) * 1000 / ${interval(counter)}, null)`
  const { first_hour_ms } = lastSeenBounds(range)
  return db.query<Counted>(
    `select server, instance, model,
      ${rate('input_tokens')} as input_tokens_per_second, ${rate('output_tokens')} as output_tokens_per_second,
      ${rate('requests_ok')} as requests_per_second,
      ${preemptions} as preemptions,
      if(sum(s.prefix_queries) > 0, sum(s.prefix_hits) / sum(s.prefix_queries), null) as prefix_hit_ratio,
      ${restarts} as restarts
    from ${table} as s
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      and ${live}
    group by server, instance, model`,
    { from_ms: table === 'server_1h' ? first_hour_ms : range.from, to_ms: range.to },
  )
}
