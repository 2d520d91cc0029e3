/**
 * What else happened while an alert held? Raw rows of `requests`, `server_samples`, `gpu_samples`, `annotations` and `prices`, of
 * the alert's own time and labels: exact, and short enough for that.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db, QueryOptions } from '../client.ts'
import { isError, where, type Filter } from './where.ts'

/** Which requests a rule calls bad; `all` where it judges them together. */
export type Bad =
  'all' | 'errors' | { column: 'duration_ms' | 'ttft_ms' | 'tpot_ms'; side: 'above' | 'below'; value: number }

export interface AffectedRow {
  requests: number
  users: number
  /** Of those with a known price; null when none has one. */
  cost_usd: number | null
}

export async function alertAffected(
  db: Db,
  filter: Filter,
  bad: Bad,
  range: TimeRange,
  options: QueryOptions,
): Promise<AffectedRow> {
  const condition = where(filter, range)
  const [row] = await db.query<AffectedRow>(
    `select count() as requests, uniqExactIf(r.user_id, r.user_id != '') as users, toFloat64(sum(r.cost_usd)) as cost_usd
    from requests as r where ${condition.sql} and ${badSql(bad)}`,
    { ...condition.params, ...(typeof bad === 'object' ? { bad_value: bad.value } : {}) },
    options,
  )
  return row ?? { requests: 0, users: 0, cost_usd: null }
}

function badSql(bad: Bad): string {
  if (bad === 'all') return '1'
  if (bad === 'errors') return isError
  return `r.${bad.column} ${bad.side === 'above' ? '>' : '<'} {bad_value:Float64}`
}

export interface ProviderLimits {
  provider: string
  rate_limited: number
  requests: number
}

/** Providers that answered 429, the worst first. */
export async function alertRateLimits(
  db: Db,
  filter: Filter,
  range: TimeRange,
  options: QueryOptions,
): Promise<ProviderLimits[]> {
  const condition = where(filter, range)
  return db.query<ProviderLimits>(
    `select r.provider as provider, countIf(r.status = 'rate_limited') as rate_limited, count() as requests
    from requests as r where ${condition.sql}
    group by provider having rate_limited > 0 order by rate_limited desc, provider limit 3`,
    condition.params,
    options,
  )
}

/** Which servers: empty lists don't restrict. */
export interface ServerScope {
  endpoint: string[]
  model: string[]
  instance: string[]
}

const scoped = (alias: string) =>
  (['endpoint', 'model', 'instance'] as const)
    .map((column) => `(empty({${column}:Array(String)}) or ${alias}.${column} in {${column}:Array(String)})`)
    .join(' and ')

const between = (column: string) =>
  `${column} >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and ${column} < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`

const bounds = ({ from, to }: TimeRange) => ({ from_ms: Math.floor(from), to_ms: Math.ceil(to) })

export interface ServerLoad {
  instance: string
  /** Means over the samples. */
  running: number | null
  waiting: number | null
  most_waiting: number | null
  most_kv_cache_ratio: number | null
}

export async function alertServerLoad(
  db: Db,
  scope: ServerScope,
  range: TimeRange,
  options: QueryOptions,
): Promise<ServerLoad[]> {
  return db.query<ServerLoad>(
    `select s.instance as instance, avg(s.running) as running, avg(s.waiting) as waiting,
      max(s.waiting) as most_waiting, max(s.kv_cache_ratio) as most_kv_cache_ratio
    from server_samples as s where ${between('s.timestamp')} and ${scoped('s')}
    group by instance order by waiting desc, instance limit 5`,
    { ...bounds(range), ...scope },
    options,
  )
}

export interface ThrottledGpu {
  host: string
  gpu: string
  reasons: string[]
}

/** Not held down, or held down as they are configured to be. */
const harmless = "('gpu_idle', 'applications_clocks_setting', 'sw_power_cap', 'sync_boost', 'display_clock_setting')"

/** GPUs of these servers, as the topology had them then, or of these hosts, whose clocks were held down by heat or power. */
export async function alertThrottledGpus(
  db: Db,
  scope: ServerScope,
  hosts: string[],
  range: TimeRange,
  options: QueryOptions,
): Promise<ThrottledGpu[]> {
  const servers = Object.values(scope).some(({ length }) => length > 0)
  const used = `select arrayJoin(t.gpu_uuids) from topology as t where ${scoped('t')} and not t.ambiguous
    and t.valid_from < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    and (t.valid_to is null or t.valid_to > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))`
  return db.query<ThrottledGpu>(
    `select g.host as host, g.gpu as gpu, arraySort(groupUniqArray(toString(reason))) as reasons
    from gpu_samples as g array join g.throttle_reasons as reason
    where ${between('g.timestamp')} and reason not in ${harmless}
      and (g.host in {hosts:Array(String)}${servers ? ` or g.uuid in (${used})` : ''})
    group by host, gpu order by host, gpu limit 5`,
    { ...bounds(range), ...scope, hosts },
    options,
  )
}

export interface Mark {
  /** Epoch ms. */
  at: number
  kind: string
  title: string
  labels: Record<string, string>
}

/** Deploys and other marks, the latest first. */
export async function alertMarks(db: Db, range: TimeRange, options: QueryOptions): Promise<Mark[]> {
  return db.query<Mark>(
    `select toFloat64(toUnixTimestamp64Milli(a.timestamp)) as at, a.kind as kind, a.title as title, a.labels as labels
    from annotations as a where ${between('a.timestamp')} and not a.deleted order by at desc limit 20`,
    bounds(range),
    options,
  )
}

export interface PriceChange {
  /** Epoch ms. */
  at: number
  id: string
}

/** Prices that began to hold and that calls were priced with, the latest first. */
export async function alertPriceChanges(
  db: Db,
  filter: Filter,
  range: TimeRange,
  options: QueryOptions,
): Promise<PriceChange[]> {
  const condition = where(filter, range)
  return db.query<PriceChange>(
    `select toFloat64(toUnixTimestamp64Milli(max(p.valid_from))) as at, p.id as id from prices as p
    where ${between('p.valid_from')} and p.id in (select r.price_id from requests as r where ${condition.sql})
    group by id order by at desc, id limit 3`,
    { ...bounds(range), ...condition.params },
    options,
  )
}
