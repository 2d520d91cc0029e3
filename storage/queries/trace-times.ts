/** When the requests of a trace were: the index of trace ids finds that in no time, and with it their rows are found by their key. */
import type { Db } from '../client.ts'
import type { Condition } from './where.ts'

/**
 * A condition that holds for every row of the trace in `requests`; null when there is none. Reads without `final`, which would read
 * many rows for each that the index finds: what replaces a row has its time.
 */
export async function timesOfTrace(db: Db, traceId: string): Promise<Condition | null> {
  const [row] = await db.query<{ found: number; first_us: number; last_us: number }>(
    `select count() as found, toUnixTimestamp64Micro(min(timestamp)) as first_us, toUnixTimestamp64Micro(max(timestamp)) as last_us
    from requests where trace_id = {trace_id:String}`,
    { trace_id: traceId },
    { settings: { final: 0 } },
  )
  if (!row || row.found === 0) return null
  return {
    sql: `timestamp >= fromUnixTimestamp64Micro({first_us:Int64}, 'UTC') and timestamp <= fromUnixTimestamp64Micro({last_us:Int64}, 'UTC')`,
    params: { first_us: row.first_us, last_us: row.last_us },
  }
}
