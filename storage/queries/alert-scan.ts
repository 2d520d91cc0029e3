/**
 * What alert rules ask of `requests`: one measure per combination of some columns, over one window, beyond a threshold.
 * Reads raw rows, so it is exact. Rules with the same window, columns and filter differ in the measure alone: they can
 * share one scan.
 */
import type { TimeRange } from '../../records/time-range.ts'

/** A SELECT and its bound values. */
export interface Question {
  sql: string
  params: Record<string, unknown>
}

/** Columns of `requests` that rules may filter and group by. */
export const dimensionColumns = [
  'model',
  'endpoint',
  'provider',
  'service',
  'environment',
  'region',
  'instance',
  'requested_model',
  'model_version',
  'operation',
  'user_id',
  'team',
  'feature',
  'session_id',
  'api_key',
  'variant',
  'prompt_name',
  'prompt_version',
  'status',
  'error_type',
  'finish_reason',
] as const
export type DimensionColumn = (typeof dimensionColumns)[number]

export interface AlertScan {
  range: TimeRange
  by: readonly DimensionColumn[]
  where: Partial<Record<DimensionColumn, readonly string[]>>
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
export function alertScan(measure: Measure, { range, by, where, min_requests, threshold }: AlertScan): Question {
  const filters = Object.entries(where)
  const conditions = [
    'timestamp >= {from:DateTime64(3)}',
    'timestamp < {to:DateTime64(3)}',
    ...filters.map(([column]) => `${column} in {where_${column}:Array(String)}`),
  ]
  const beyond = threshold ? ` and value ${threshold.side === 'above' ? '>' : '<'} {threshold:Float64}` : ''
  const sql = `select ${[...by, `${measure.value} as value`, `${measure.requests} as requests`].join(', ')}
from requests
where ${conditions.join(' and ')}
${by.length > 0 ? `group by ${by.join(', ')}\n` : ''}having requests >= {min_requests:UInt64} and value is not null${beyond}
order by ${[...by, 'value'].join(', ')}
limit {row_limit:UInt32}`
  const params = {
    from: new Date(range.from),
    to: new Date(range.to),
    ...Object.fromEntries(filters.map(([column, values]) => [`where_${column}`, values])),
    min_requests,
    row_limit: rowLimit,
    ...(threshold ? { threshold: threshold.value } : {}),
    ...measure.params,
  }
  return { sql, params }
}
