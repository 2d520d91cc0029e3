/**
 * What alert rules ask of `requests`: one measure per combination of some columns, over one window, beyond a threshold.
 * Reads raw rows, so it is exact; a request counts by its start, from when it has ended. Rules with the same window, columns and
 * filter differ in the measure alone: they can share one scan.
 */
import type { TimeRange } from '../../records/time-range.ts'
import { where, filterColumns, type Filter } from './where.ts'

/** A SELECT and its bound values. */
export interface Question {
  sql: string
  params: Record<string, unknown>
  /** What it came from: it can be asked of many moments at once (alert-grid.ts). */
  part?: ScanPart
}

/** What a question of `alertScan` is made of. */
export interface ScanPart {
  measure: Measure
  scan: AlertScan
}

/** Columns of `requests` whose values a rule may tell apart. */
export const dimensionColumns = [
  ...filterColumns,
  'requested_model',
  'model_version',
  'session_id',
  'variant',
  'prompt_name',
  'prompt_version',
  'error_type',
  'finish_reason',
] as const
export type DimensionColumn = (typeof dimensionColumns)[number]

export interface AlertScan {
  range: TimeRange
  by: readonly DimensionColumn[]
  where: Filter
  /** Groups with fewer requests give no row. */
  min_requests: number
  threshold: { side: 'above' | 'below'; value: number } | null
}

export interface Measure {
  /** Aggregate that gives the value; null gives no row. */
  value: string
  /** Aggregate that counts the requests behind it. */
  requests: string
  params?: Record<string, unknown>
}

/** More instances than a rule may have, so that too many is seen, not cut off. */
const rowLimit = 1_001

/** The rows are the instances: the `by` columns, `value`, `requests`. */
export function alertScan(measure: Measure, scan: AlertScan): Question {
  const { by, threshold } = scan
  const condition = where(scan.where, scan.range)
  const beyond = threshold ? ` and value ${threshold.side === 'above' ? '>' : '<'} {threshold:Float64}` : ''
  const sql = `select ${[...by, `${measure.value} as value`, `${measure.requests} as requests`].join(', ')}
from requests
where ${condition.sql}
${by.length > 0 ? `group by ${by.join(', ')}\n` : ''}having requests >= {min_requests:UInt64} and value is not null${beyond}
order by ${[...by, 'value'].join(', ')}
limit {row_limit:UInt32}`
  const params = {
    ...condition.params,
    min_requests: scan.min_requests,
    row_limit: rowLimit,
    ...(threshold ? { threshold: threshold.value } : {}),
    ...measure.params,
  }
  return { sql, params, part: { measure, scan } }
}
