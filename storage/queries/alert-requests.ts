/** Which requests stand behind an alert? The rows of `requests` that its rule looked at, of one instance. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { AlertScan, Question } from './alert-scan.ts'
import { where } from './where.ts'

/** The requests of `range` that the scan takes, with these values of its columns; newest first. */
export function alertRequests(scan: AlertScan, labels: Readonly<Record<string, string>>, range: TimeRange): Question {
  const condition = conditionOf(scan, labels, range)
  return {
    sql: `select timestamp, model, status, error_type, duration_ms, ttft_ms, cost_usd, trace_id, span_id
from requests
where ${condition.sql}
order by timestamp desc
limit 100`,
    params: condition.params,
  }
}

/** How many there are. */
export async function countAlertRequests(
  db: Db,
  scan: AlertScan,
  labels: Readonly<Record<string, string>>,
  range: TimeRange,
  signal: AbortSignal,
): Promise<number> {
  const { sql, params } = conditionOf(scan, labels, range)
  const rows = await db.query<{ requests: number }>(`select count() as requests from requests where ${sql}`, params, {
    signal,
  })
  return rows[0]?.requests ?? 0
}

function conditionOf(scan: AlertScan, labels: Readonly<Record<string, string>>, range: TimeRange): Question {
  const { sql, params } = where(scan.where, range)
  const own = scan.by.map((column) => ` and ${column} = {label_${column}:String}`)
  // Labels know no empty text.
  const values = scan.by.map((column) => [`label_${column}`, labels[column] ?? ''])
  return { sql: sql + own.join(''), params: { ...params, ...Object.fromEntries(values) } }
}
