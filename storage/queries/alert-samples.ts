/**
 * What alert rules ask of samples: one measure per thing that is sampled (a server, a GPU, a queue), or per combination of some of
 * its columns, over one window, beyond a threshold. Reads raw rows, so it is exact; what nobody told is null, and gives no row.
 */
import type { TimeRange } from '../../records/time-range.ts'
import { rowLimit, type Question } from './alert-scan.ts'

/** How the samples of a window become one value. `last` is the newest sample, also when that one says nothing. */
export const overs = ['avg', 'max', 'min', 'last'] as const
export type Over = (typeof overs)[number]

/** Values of a column are alternatives; columns all have to match. */
export type SampleFilter<Column extends string = string> = Partial<Record<Column, string[]>>

export interface SampleScan<Column extends string = string> {
  range: TimeRange
  by: readonly Column[]
  where: SampleFilter<Column>
  threshold: { side: 'above' | 'below'; value: number } | null
  /** The most instances that the rule may have; 1,000 unless said. */
  limit?: number
}

export interface SampleSource {
  /** The rows to read, each with a `timestamp`: a table, or a SELECT in parentheses. They are called `s`. */
  rows: string
  /** What tells one sampled thing from another. */
  key: readonly string[]
}

export interface SampleMeasure {
  /** Aggregates over the samples of one thing. */
  each: Record<string, string>
  /** Aggregate over these, one row `i` a thing, that gives the value; null gives no row. */
  value: string
  /** What has to hold of the samples of one thing for it to count. */
  having?: readonly string[]
  /** Texts beside the value: aggregates over the rows `i`. */
  details?: Record<string, string>
  params?: Record<string, unknown>
}

/** The rows are the instances: the `by` columns, as the newest sample of each thing has them, `value`, `details`. */
export function alertSamples<Column extends string>(
  { rows, key }: SampleSource,
  measure: SampleMeasure,
  scan: SampleScan<Column>,
): Question {
  const { by, threshold } = scan
  const { having = [], details = {} } = measure
  const columns = by.map((column) => `argMax(s.${column}, s.timestamp) as l_${column}`)
  const each = Object.entries(measure.each).map(([name, sql]) => `${sql} as m_${name}`)
  const groups = by.map((column) => `i.l_${column}`).join(', ')
  const texts = Object.entries(details).flatMap(([name, sql]) => [`'${name}'`, sql.replaceAll(/\bi\./g, 'i.m_')])
  const condition = whereSamples(scan)
  const sql = `select ${[
    ...by.map((column) => `i.l_${column} as ${column}`),
    `${measure.value.replaceAll(/\bi\./g, 'i.m_')} as value`,
    ...(texts.length > 0 ? [`map(${texts.join(', ')}) as details`] : []),
  ].join(', ')}
from (
  select ${[...columns, ...each].join(', ')}
  from ${rows} as s
  where ${condition.sql}
  group by ${key.join(', ')}${having.length > 0 ? `\n  having ${having.join(' and ')}` : ''}
) as i
${groups === '' ? '' : `group by ${groups}\n`}having value is not null${beyond(threshold)}
order by ${[...by, 'value'].join(', ')}
limit {row_limit:UInt32}`
  return { sql, params: { ...condition.params, ...thresholdParams(scan), ...measure.params } }
}

/** One row when there is any sample at all; else none. */
export function samplePresence(table: string, scan: Pick<SampleScan, 'range' | 'where'>): Question {
  const { sql, params } = whereSamples(scan)
  return { sql: `select 1 as value from ${table} as s where ${sql} limit 1`, params }
}

/** `s.timestamp` in the half-open range, and the filter. */
export function whereSamples({ range, where }: Pick<SampleScan, 'range' | 'where'>): Question {
  const filters = Object.entries(where).flatMap(([column, values]) => (values ? [[column, values] as const] : []))
  const parts = [
    "s.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')",
    "s.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')",
    ...filters.map(([column]) => `s.${column} in {only_${column}:Array(String)}`),
  ]
  const only = Object.fromEntries(filters.map(([column, values]) => [`only_${column}`, values]))
  return { sql: parts.join(' and '), params: { from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to), ...only } }
}

/** Continues a HAVING or WHERE. */
export function beyond(threshold: SampleScan['threshold']): string {
  return threshold ? ` and value ${threshold.side === 'above' ? '>' : '<'} {threshold:Float64}` : ''
}

/** What `beyond` and the limit of rows bind. */
export function thresholdParams(scan: Pick<SampleScan, 'threshold' | 'limit'>): Record<string, unknown> {
  const { threshold } = scan
  return { row_limit: rowLimit(scan), ...(threshold ? { threshold: threshold.value } : {}) }
}

/** A gauge over the window. Over several things it adds up, or the ratio or temperature of one stands for all: the worst, or the mean. */
export function gaugeOver(column: string, over: Over, adds: boolean): SampleMeasure {
  const worst = over === 'max' || over === 'min' ? over : 'avg'
  const value = over === 'last' ? `argMax(tuple(${column}), s.timestamp).1` : `${over}(${column})`
  return { each: { value }, value: `${adds ? 'sum' : worst}(i.value)` }
}

/** A gap longer than this, in ms, is not covered by the sample after it. */
const longestCoveredMs = 300_000

/** Whether the samples of one thing cover this share of the window. */
export function covered(share: number, { from, to }: TimeRange): { having: string[]; params: Record<string, unknown> } {
  if (share === 0) return { having: [], params: {} }
  return {
    having: [`sum(least(ifNull(s.interval_ms, 0), ${longestCoveredMs})) >= {covered_ms:Float64}`],
    params: { covered_ms: share * (to - from) },
  }
}
