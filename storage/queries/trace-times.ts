/** When the requests of a trace or a session were: with it their rows are found by their key, in no time. */
import type { Db } from '../client.ts'
import type { Condition } from './where.ts'

/**
 * What `find` finds in the minutes that `trace_minutes` names; when that is nothing, in the times that the index of trace ids leads
 * to, which reads much more: rows that a former version stored stand only there. Empty when there is no such trace.
 */
export async function findInTrace<Row>(
  db: Db,
  traceId: string,
  find: (times: Condition) => Promise<Row[]>,
): Promise<Row[]> {
  for (const look of [minutesOfTrace, timesOfTrace]) {
    const times = await look(db, traceId)
    const rows = times ? await find(times) : []
    if (rows.length > 0) return rows
  }
  return []
}

/** Conversations that go on for longer, and what shares their hash, are looked for between the first and the last. */
const mostMinutes = 50

async function minutesOfTrace(db: Db, traceId: string): Promise<Condition | null> {
  const rows = await db.query<{ minute: number }>(
    'select distinct minute from trace_minutes where trace = toUInt32(cityHash64({trace_id:String})) order by minute',
    { trace_id: traceId },
  )
  const minutes = rows.map(({ minute }) => minute)
  const [first, last] = [minutes[0], minutes.at(-1)]
  if (first === undefined || last === undefined) return null
  const spans = minutes.length > mostMinutes ? [[first, last]] : minutes.map((minute) => [minute, minute])
  const params: Record<string, number> = {}
  const parts = spans.map(([from = first, to = last], index) => {
    Object.assign(params, { [`from_${index}_s`]: from * 60, [`to_${index}_s`]: (to + 1) * 60 })
    return `(timestamp >= toDateTime({from_${index}_s:UInt32}, 'UTC') and timestamp < toDateTime({to_${index}_s:UInt32}, 'UTC'))`
  })
  return { sql: `(${parts.join(' or ')})`, params }
}

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
async function timesOfTrace(db: Db, traceId: string): Promise<Condition | null> {
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
