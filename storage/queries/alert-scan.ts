/**
 * What alert rules ask of `requests`: one measure per combination of some columns, over one window, beyond a threshold.
 * Reads raw rows, so it is exact; a request counts by its start, from when it has ended. Rules with the same window, columns and
 * filter differ in the measure alone: they share one scan (alert-shared-scan.ts).
 */
import type { TimeRange } from '../../records/time-range.ts'
import { where, filterColumns, type ColumnFilter } from './where.ts'

/** A SELECT and its bound values. */
export interface Question {
  sql: string
  params: Record<string, unknown>
  /** What it came from: it may share a scan with others, and be asked of many moments at once (alert-grid.ts). */
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
  where: ColumnFilter
  /** Groups with fewer requests give no row. */
  min_requests: number
  threshold: { side: 'above' | 'below'; value: number } | null
  /** The most instances that the rule may have; 1,000 unless said. */
  limit?: number
}

export interface Measure {
  /** Aggregate that gives the value; null gives no row. */
  value: string
  /** Aggregate that counts the requests behind it. */
  requests: string
  params?: Record<string, unknown>
  /** What `value` is, when it is an exact quantile: several of one column can be taken from it together. */
  quantile?: { column: string; level: number }
}

/** The value of a real request, at index floor(level × count) of the sorted ones; requests without the column don't count. */
export function quantileMeasure(column: string, level: number): Measure {
  return {
    value: `quantileExactOrNull({quantile:Float64})(${column})`,
    requests: `count(${column})`,
    params: { quantile: level },
    quantile: { column, level },
  }
}

/** The rows are the instances: the `by` columns, `value`, `requests`. */
export function alertScan(measure: Measure, scan: AlertScan): Question {
  return new ScanQuestion({ measure, scan })
}

/** Its text is made when somebody reads it: of rules that share a scan, the part is all that is asked about. */
class ScanQuestion implements Question {
  readonly part: ScanPart

  constructor(part: ScanPart) {
    this.part = part
  }

  get sql(): string {
    const { measure, scan } = this.part
    const { by, threshold } = scan
    const beyond = threshold ? ` and value ${threshold.side === 'above' ? '>' : '<'} {threshold:Float64}` : ''
    return `select ${[...by, `${measure.value} as value`, `${measure.requests} as requests`].join(', ')}
from requests
where ${where(scan.where, scan.range).sql}
${by.length > 0 ? `group by ${by.join(', ')}\n` : ''}having requests >= {min_requests:UInt64} and value is not null${beyond}
order by ${[...by, 'value'].join(', ')}
limit {row_limit:UInt32}`
  }

  get params(): Record<string, unknown> {
    const { measure, scan } = this.part
    return {
      ...where(scan.where, scan.range).params,
      min_requests: scan.min_requests,
      row_limit: rowLimit(scan),
      ...(scan.threshold ? { threshold: scan.threshold.value } : {}),
      ...measure.params,
    }
  }
}

/** One more than the rule may have, so that too many is seen, not cut off. */
export const rowLimit = ({ limit = 1_000 }: { limit?: number | undefined }) => limit + 1

/** One row when there is any request at all to measure, whatever its value; else none. */
export function alertPresence({ range, where: filter }: Pick<AlertScan, 'range' | 'where'>): Question {
  const condition = where(filter, range)
  return { sql: `select 1 as value from requests where ${condition.sql} limit 1`, params: condition.params }
}
