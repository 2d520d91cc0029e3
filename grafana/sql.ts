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

/** Rows `r` of the rollup of a minute that count: seconds behind, and a tenth of the rows to read. A key that vanished left zeros. */
export const minutes = { from: 'requests_1m AS r', live: 'r.requests > 0' } as const

/** What rollups hold instead of a status. */
export const failures = 'sum(r.requests_error + r.requests_rate_limited + r.requests_timeout)'

/** Dollars of a rollup are 0 when nothing was priced: that is unknown. */
export const pricedSum = (column: string) => `if(sum(r.priced) = 0, NULL, toFloat64(sum(r.${column})))`

/** Tokens of a rollup are 0 when nobody told: that is unknown. */
export const toldSum = (column: string) => `if(sum(r.${column}_unknown) = sum(r.requests), NULL, sum(r.${column}))`

/** The rows of `requests` that stand first in `order`. They are found by that column alone, and read by their time. */
export function firstRows({ select, where, order }: { select: string; where: string; order: string }): string {
  return (
    `SELECT ${select}\nFROM requests\nWHERE ${where}\n` +
    `  AND timestamp IN (SELECT timestamp FROM requests WHERE ${where} ORDER BY ${order} DESC LIMIT 50)\n` +
    `ORDER BY ${order} DESC\nLIMIT 50`
  )
}

/** Of the gauges of a rollup: sum and count go over any buckets. */
export const mean = (column: string) => `sum(${column}_sum) / nullIf(sum(${column}_count), 0)`

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
