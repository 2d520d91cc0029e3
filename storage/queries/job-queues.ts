/** Queues of batch jobs: how they are, what was done in a range, and what that cost. Reads `queue_samples`, and of requests what the range says. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { rowsOf, tiersFor, wholeBuckets } from './tiers.ts'

export interface JobQueueNow {
  system: string
  queue: string
  endpoint: string
  /** Of its newest sample in the range. */
  timestamp_ms: number
  waiting: number | null
  running: number | null
  oldest_age_ms: number | null
  consumers: number | null
  /** In the range; null where the exporter does not count it. */
  arrived: number | null
  done: number | null
  failed: number | null
  /** Over the time that was counted. */
  done_per_second: number | null
  /** Of all calls of its endpoint in the range; null without an endpoint, without calls, or where no call has a known cost. */
  cost_usd: number | null
  /** Null also where another queue has the same endpoint: whose calls they are is then not known. */
  cost_per_job_usd: number | null
}

/** Within it one target counts for a queue. */
const turnMs = 300_000

/**
 * Those with the most waiting jobs first. Of several targets that see the same queue one counts at a time: the newest in each
 * five minutes, since an exporter that moves to another address goes on counting there.
 */
export async function jobQueues(db: Db, range: TimeRange): Promise<JobQueueNow[]> {
  const [rows, costs] = await Promise.all([queuesNow(db, range), costsByEndpoint(db, range)])
  return rows.map(({ queues_of_endpoint, ...row }) => {
    const cost_usd = row.endpoint === '' ? null : (costs.get(row.endpoint) ?? null)
    const known = cost_usd !== null && row.done !== null && row.done > 0 && queues_of_endpoint === 1
    return Object.assign(row, { cost_usd, cost_per_job_usd: known ? cost_usd / (row.done ?? NaN) : null })
  })
}

type QueueRow = Omit<JobQueueNow, 'cost_usd' | 'cost_per_job_usd'> & { queues_of_endpoint: number }

function queuesNow(db: Db, range: TimeRange): Promise<QueueRow[]> {
  return db.query<QueueRow>(
    `with
      samples as (
        select *, intDiv(toUnixTimestamp64Milli(timestamp), {turn_ms:Int64}) as turn from queue_samples
        where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      ),
      seen as (select system, queue, turn, argMax(target, timestamp) as target from samples group by system, queue, turn),
      queues as (
        select system, queue, argMax(s.endpoint, s.timestamp) as endpoint,
          toUnixTimestamp64Milli(max(s.timestamp)) as timestamp_ms,
          tupleElement(argMax(tuple(s.waiting), s.timestamp), 1) as waiting,
          tupleElement(argMax(tuple(s.running), s.timestamp), 1) as running,
          tupleElement(argMax(tuple(s.oldest_age_ms), s.timestamp), 1) as oldest_age_ms,
          tupleElement(argMax(tuple(s.consumers), s.timestamp), 1) as consumers,
          toFloat64(sum(s.arrived)) as arrived, toFloat64(sum(s.done)) as done, toFloat64(sum(s.failed)) as failed,
          sum(s.done) / (sumIf(s.interval_ms, s.done is not null) / 1000) as done_per_second
        from samples as s where (system, queue, turn, target) in (select system, queue, turn, target from seen)
        group by system, queue
      )
    select *, toUInt32(count() over (partition by endpoint)) as queues_of_endpoint
    from queues order by waiting desc nulls last, system, queue`,
    { from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to), turn_ms: turnMs },
  )
}

async function costsByEndpoint(db: Db, range: TimeRange): Promise<Map<string, number | null>> {
  const { whole: tier } = await tiersFor(db, {}, range, ['endpoint'])
  const cost = tier.measures.cost_usd
  const { sql, params } = rowsOf(tier, {}, wholeBuckets(tier, range), ['r.endpoint', cost])
  const rows = await db.query<{ endpoint: string; cost_usd: number | null }>(
    `select r.endpoint as endpoint, ${cost} as cost_usd from ${sql} group by r.endpoint`,
    params,
  )
  return new Map(rows.map(({ endpoint, cost_usd }) => [endpoint, cost_usd]))
}
