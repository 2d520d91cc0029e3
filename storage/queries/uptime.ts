/** How much of a time endpoints were up, as their probes saw it. Reads `probes`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

export interface Uptime {
  endpoint: string
  probe: string
  type: string
  probes: number
  failed: number
  /** Each probe speaks for the time until the next, at most two intervals, also from before the range; the rest is unknown, neither up nor down. */
  up_ms: number
  down_ms: number
  /** Null without a probe in the range. */
  uptime_ratio: number | null
  objective_ratio: number
  /** How long it may be down in the whole range, and how much of that is left: negative when overspent. */
  budget_ms: number
  budget_left_ms: number
  cold_starts: number
  /** Null where no probe has a known cost. */
  cost_usd: number | null
  /** Of the probes that went well. */
  ttft_p50_ms: number | null
  tokens_per_second_p50: number | null
  /** Of the newest probe. */
  last: {
    timestamp_ms: number
    /** Until when it says how the endpoint is; after that it is not probed any more. */
    until_ms: number
    ok: boolean
    error: string
    certificate_days: number | null
  }
}

export interface Outage {
  endpoint: string
  probe: string
  /** Of the first failed probe in the range. */
  from_ms: number
  /** Of the first good probe after it, also after the range; null: it lasts. */
  to_ms: number | null
  failed: number
  /** Of its first probe. */
  error: string
  /** Every failed probe says that the model was being loaded. */
  cold_start: boolean
}

const moment = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
/** A probe speaks no longer into a range than this. */
const longestSpokenMs = 2 * 86_400_000

interface Row extends Omit<Uptime, 'uptime_ratio' | 'budget_ms' | 'budget_left_ms' | 'last'> {
  last_ms: number
  last_until_ms: number
  last_ok: boolean
  last_error: string
  last_certificate_days: number | null
}

/** One row per probe, those with the least budget left first. `nowMs` ends what the newest probe speaks for. */
export async function uptime(db: Db, range: TimeRange, nowMs: number): Promise<Uptime[]> {
  const [from_ms, to_ms] = [Math.floor(range.from), Math.ceil(range.to)]
  const rows = await db.query<Row>(
    `with spoken as (
      select *, toUnixTimestamp64Milli(timestamp) as at_ms, at_ms >= {from_ms:Int64} as inside,
        least(
          leadInFrame(at_ms, 1, least({to_ms:Int64}, {now_ms:Int64})) over (
            partition by endpoint, probe order by timestamp rows between unbounded preceding and unbounded following),
          at_ms + toInt64(2 * interval_ms)) as until_ms,
        greatest(until_ms - greatest(at_ms, {from_ms:Int64}), 0) as held_ms
      from probes where timestamp >= ${moment('before_ms')} and timestamp < ${moment('to_ms')}
    )
    select endpoint, probe, argMax(type, timestamp) as type, toUInt32(countIf(inside)) as probes, toUInt32(countIf(inside and not ok)) as failed,
      toFloat64(sumIf(held_ms, ok)) as up_ms, toFloat64(sumIf(held_ms, not ok)) as down_ms,
      argMax(objective_ratio, timestamp) as objective_ratio,
      toUInt32(countIf(inside and cold_start != '')) as cold_starts,
      toFloat64(sumIf(cost_usd, inside)) as cost_usd,
      quantileExactOrNullIf(0.5)(ttft_ms, ok and inside) as ttft_p50_ms,
      quantileExactOrNullIf(0.5)(tokens_per_second, ok and inside) as tokens_per_second_p50,
      max(at_ms) as last_ms, toInt64(argMax(at_ms + 2 * interval_ms, timestamp)) as last_until_ms, argMax(ok, timestamp) as last_ok, argMax(error, timestamp) as last_error,
      tupleElement(argMax(tuple(certificate_days), timestamp), 1) as last_certificate_days
    from spoken group by endpoint, probe having probes > 0`,
    { before_ms: from_ms - longestSpokenMs, from_ms, to_ms, now_ms: Math.ceil(nowMs) },
  )
  const length = range.to - range.from
  return rows
    .map(({ last_ms, last_until_ms, last_ok, last_error, last_certificate_days, ...row }) => {
      const known = row.up_ms + row.down_ms
      const budget_ms = (1 - row.objective_ratio) * length
      return Object.assign(row, {
        uptime_ratio: known > 0 ? row.up_ms / known : null,
        budget_ms,
        budget_left_ms: budget_ms - row.down_ms,
        last: {
          timestamp_ms: last_ms,
          until_ms: last_until_ms,
          ok: last_ok,
          error: last_error,
          certificate_days: last_certificate_days,
        },
      })
    })
    .toSorted((a, b) => a.budget_left_ms - b.budget_left_ms || order(a.endpoint, b.endpoint) || order(a.probe, b.probe))
}

const order = (a: string, b: string) => (a < b ? -1 : Number(a > b))

/** Runs of failed probes, the newest first; at most `limit`. */
export async function outages(db: Db, range: TimeRange, limit = 50): Promise<Outage[]> {
  return db.query<Outage>(
    `with runs as (
      select endpoint, probe, timestamp, ok, error, cold_start,
        countIf(ok) over (partition by endpoint, probe order by timestamp rows between unbounded preceding and current row) as run,
        leadInFrame(toNullable(timestamp), 1, null) over (
          partition by endpoint, probe order by timestamp rows between unbounded preceding and unbounded following) as next
      from probes where timestamp >= ${moment('from_ms')} and timestamp < ${moment('to_ms')}
    ),
    later as (
      select endpoint, probe, minOrNull(timestamp) as good from probes where ok and timestamp >= ${moment('to_ms')}
      group by endpoint, probe
    )
    select runs.endpoint as endpoint, runs.probe as probe, toUnixTimestamp64Milli(min(timestamp)) as from_ms,
      toUnixTimestamp64Milli(tupleElement(argMax(tuple(coalesce(next, later.good)), timestamp), 1)) as to_ms,
      toUInt32(count()) as failed, argMin(error, timestamp) as error, toBool(min(cold_start = 'reported')) as cold_start
    from runs left join later on later.endpoint = runs.endpoint and later.probe = runs.probe
    where not ok group by endpoint, probe, run
    order by from_ms desc, endpoint, probe limit {limit:UInt32}`,
    { from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to), limit },
  )
}
