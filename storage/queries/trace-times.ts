/** When the requests of a trace or a session were: the index of ids finds that in no time, and with it their rows are found by their key. */
import type { Db } from '../client.ts'
import type { Condition } from './where.ts'

/** A trace, or a session; its id is never empty. */
export type Group = { trace_id: string } | { session_id: string }

/** The rows of `requests` of the group and when they were; null when there are none. */
export async function timesOf(db: Db, group: Group): Promise<Condition | null> {
  const of = conditionOf(group)
  const times = await timesWhere(db, of)
  return times && { sql: `${times.sql} and ${of.sql}`, params: { ...times.params, ...of.params } }
}

const conditionOf = (group: Group): Condition =>
  'trace_id' in group
    ? { sql: 'trace_id = {trace_id:String}', params: { trace_id: group.trace_id } }
    : { sql: 'session_id = {session_id:String}', params: { session_id: group.session_id } }

/** A condition that holds for every row of the trace in `requests`; null when there is none. */
export async function timesOfTrace(db: Db, traceId: string): Promise<Condition | null> {
  return timesWhere(db, conditionOf({ trace_id: traceId }))
}

/** Reads without `final`, which would read many rows for each that the index finds: what replaces a row has its time. */
async function timesWhere(db: Db, { sql, params }: Condition): Promise<Condition | null> {
  const [row] = await db.query<{ found: number; first_us: number; last_us: number }>(
    `select count() as found, toUnixTimestamp64Micro(min(timestamp)) as first_us, toUnixTimestamp64Micro(max(timestamp)) as last_us
    from requests where ${sql}`,
    params,
    { settings: { final: 0 } },
  )
  if (!row || row.found === 0) return null
  return {
    sql: `timestamp >= fromUnixTimestamp64Micro({first_us:Int64}, 'UTC') and timestamp <= fromUnixTimestamp64Micro({last_us:Int64}, 'UTC')`,
    params: { first_us: row.first_us, last_us: row.last_us },
  }
}
