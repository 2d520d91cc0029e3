/** What fired, and what was told to whom. Reads `alert_events` and `notifications`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

/** One time of firing. */
export interface Firing {
  group: string
  /** The rule's id: its name, with its labels where several share it. */
  rule: string
  fingerprint: string
  labels: Record<string, string>
  annotations: Record<string, string>
  /** As it began, in the rule's unit. */
  value: number | null
  from_ms: number
  /** Null while it fires. */
  to_ms: number | null
}

/** One notification to one channel, over all its attempts. */
export interface Delivery {
  id: string
  receiver: string
  channel: string
  type: string
  status: string
  reason: string
  title: string
  alerts: number
  attempts: number
  /** Of the last attempt: sent, retry, failed or expired. */
  outcome: string
  /** When the first attempt began, and the last. */
  first_ms: number
  last_ms: number
  /** From the beginning of the first attempt to the end of the last. */
  took_ms: number
  http_status: number | null
  /** Of the last attempt; without secrets. */
  error: string
}

const historyLimit = 500
/** An alert that fires for longer without a change of state is not seen. */
const longestFiringMs = 31 * 86_400_000

const moment = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`

/** Whatever fired at some time of the range, those that began last first; at most `limit`. */
export async function firings(db: Db, { from, to }: TimeRange, limit = historyLimit): Promise<Firing[]> {
  return db.query<Firing>(
    `select group, rule, fingerprint, labels, annotations, value,
      toUnixTimestamp64Milli(timestamp) as from_ms, toUnixTimestamp64Milli(ended) as to_ms
    from (
      select *, leadInFrame(toNullable(timestamp)) over (
        partition by group, rule, fingerprint order by timestamp rows between unbounded preceding and unbounded following) as ended
      from alert_events where timestamp >= ${moment('before_ms')} and timestamp < ${moment('to_ms')}
    )
    where state = 'firing' and (ended is null or ended > ${moment('from_ms')})
    order by from_ms desc, group, rule, fingerprint limit {limit:UInt32}`,
    { before_ms: from - longestFiringMs, from_ms: from, to_ms: to, limit },
  )
}

/** Notifications that were tried in the range, the latest first. */
export async function deliveries(db: Db, { from, to }: TimeRange): Promise<Delivery[]> {
  return db.query<Delivery>(
    `select id, receiver, channel, any(type) as type, argMax(status, attempt) as status, argMax(reason, attempt) as reason,
      argMax(title, attempt) as title, toUInt32(length(argMax(alerts, attempt))) as alerts, max(attempt) as attempts,
      argMax(outcome, (attempt, timestamp)) as outcome, toUnixTimestamp64Milli(min(timestamp)) as first_ms,
      toUnixTimestamp64Milli(max(timestamp)) as last_ms,
      max(toUnixTimestamp64Milli(timestamp) + ifNull(duration_ms, 0)) - first_ms as took_ms, argMax(tuple(http_status), (attempt, timestamp)).1 as http_status,
      argMax(error, (attempt, timestamp)) as error
    from notifications where timestamp >= ${moment('from_ms')} and timestamp < ${moment('to_ms')}
    group by id, receiver, channel
    order by last_ms desc, id, receiver, channel limit {limit:UInt32}`,
    { from_ms: from, to_ms: to, limit: historyLimit },
  )
}
