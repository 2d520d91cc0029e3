/** The SQL of panels, in the macros of Grafana's ClickHouse plugin, and what each column of an answer is. */

/** `time` is a bucket, `text` a label, `number` a value, null when unknown. */
export type Kind = 'time' | 'text' | 'number'

export interface Question {
  sql: string
  columns: Record<string, Kind>
}

interface Select {
  from: string
  where: string
  /** By name: the SQL of what rows are kept apart by. */
  by?: Record<string, string>
  /** By name: the SQL of an aggregate. */
  values: Record<string, string>
}

/** What counts as an error in Inferwatch: not what the caller cancelled, nor what a content filter stopped. */
export const isError = "status IN ('error', 'rate_limited', 'timeout')"

/** Condition on the time range and on variables of the same names as their columns. */
export const within = (...columns: string[]) =>
  ['$__timeFilter(timestamp)', ...columns.map((column) => chosen(column, column))].join(' AND ')

export const chosen = (sql: string, variable: string) =>
  `$__conditionalAll(${sql} IN (\${${variable}:singlequote}), $${variable})`

/** Values over time, a line for each combination of `by`. */
export function overTime({ from, where, by = {}, values }: Select): Question {
  const keys = ['time', ...Object.keys(by)]
  return {
    sql:
      `SELECT ${['$__timeInterval(timestamp) AS time', ...named(by), ...named(values)].join(', ')}\n` +
      `FROM ${from}\nWHERE ${where}\nGROUP BY ${keys.join(', ')}\nORDER BY time`,
    columns: { time: 'time', ...kinds(by, 'text'), ...kinds(values, 'number') },
  }
}

/** One row of values over the whole range. */
export function inAll({ from, where, values }: Omit<Select, 'by'>): Question {
  return { sql: `SELECT ${named(values).join(', ')}\nFROM ${from}\nWHERE ${where}`, columns: kinds(values, 'number') }
}

/** A row for each combination of `by`, the highest first. */
export function ranked({ from, where, by = {}, values, order }: Select & { order: string }): Question {
  return {
    sql:
      `SELECT ${[...named(by), ...named(values)].join(',\n  ')}\nFROM ${from}\nWHERE ${where}\n` +
      `GROUP BY ${Object.keys(by).join(', ')}\nORDER BY ${order} DESC\nLIMIT 100`,
    columns: { ...kinds(by, 'text'), ...kinds(values, 'number') },
  }
}

/** The distinct values of a column in the time range, for a variable. */
export const distinct = (column: string, from: string) =>
  `SELECT DISTINCT ${column} FROM ${from} WHERE $__timeFilter(timestamp) ORDER BY ${column}`

/** P50, P95 or P99 out of the digests of a rollup: digests can be merged, percentiles cannot be averaged. */
export const digest = (column: string, level: 1 | 2 | 3) =>
  `if(sum(${column}_count) = 0, NULL, quantilesTDigestMerge(0.5, 0.95, 0.99)(${column}_quantiles)[${level}])`

/** Of the gauges of a rollup: sum and count go over any buckets. */
export const mean = (column: string) => `sum(${column}_sum) / nullIf(sum(${column}_count), 0)`

/** Dollars per hour of a sum over the bucket. */
export const perHour = (dollars: string) => `toFloat64(sum(${dollars})) * 3600 / $__interval_s`

/** Marks of deploys, as Grafana wants annotations. */
export const deploys: Question = {
  sql:
    'SELECT timestamp AS time, ifNull(end_timestamp, timestamp) AS timeEnd, title, text, kind AS tags\n' +
    "FROM annotations\nWHERE $__timeFilter(timestamp) AND kind = 'deploy' AND NOT deleted\nORDER BY time\nLIMIT 1000",
  columns: { time: 'time', timeEnd: 'time', title: 'text', text: 'text', tags: 'text' },
}

function named(columns: Record<string, string>): string[] {
  return Object.entries(columns).map(([name, sql]) => (name === sql ? name : `${sql} AS ${name}`))
}

function kinds(columns: Record<string, string>, kind: Kind): Record<string, Kind> {
  return Object.fromEntries(Object.keys(columns).map((name) => [name, kind]))
}
