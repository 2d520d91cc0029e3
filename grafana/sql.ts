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

/** Rows `r` of the rollup of a minute that count: seconds behind, and a tenth of the rows to read. A key that vanished left zeros. */
export const minutes = { from: 'requests_1m AS r', live: 'r.requests > 0' } as const

/** What rollups hold instead of a status. */
export const failures = 'sum(r.requests_error + r.requests_rate_limited + r.requests_timeout)'

/** Dollars of a rollup are 0 when nothing was priced: that is unknown. */
export const pricedSum = (column: string) => `if(sum(r.priced) = 0, NULL, toFloat64(sum(r.${column})))`

/** Tokens of a rollup are 0 when nobody told: that is unknown. */
export const toldSum = (column: string) => `if(sum(r.${column}_unknown) = sum(r.requests), NULL, sum(r.${column}))`

/** What requests say, and rows `r` of the rollup of an hour. */
export interface Measure {
  requests: string
  hours: string
}

const places = { 0.5: 1, 0.95: 2, 0.99: 3 } as const

/** Digests can be merged, percentiles cannot be averaged. */
export const percentile = (column: 'duration_ms' | 'ttft_ms' | 'tpot_ms', level: keyof typeof places): Measure => ({
  requests: `quantile(${level})(${column})`,
  hours: `if(sum(r.${column}_count) = 0, NULL, quantilesTDigestMerge(0.5, 0.95, 0.99)(r.${column}_quantiles)[${places[level]}])`,
})

/** Thirty days of requests are too many to wait for: from two days on, rollups are read. */
export const long = "dateDiff('second', $__fromTime, $__toTime) >= 172800"

interface LongSelect {
  /** Variables, and the columns that they choose by: model, provider, endpoint, environment. */
  columns: readonly string[]
  by?: Record<string, string>
  values: Record<string, Measure>
}

/** Both are complete statements, one of which reads nothing: of the requests, and of whole hours from the one that the range begins in. */
function eitherOf({ columns, by = {}, values }: LongSelect): [requests: string, hours: string] {
  const keys = Object.keys(by).join(', ')
  const select = (source: keyof Measure, rows: string) => {
    const measures = Object.entries(values).map(([name, measure]) => [name, measure[source]])
    const columns = [...named(by), ...named(Object.fromEntries(measures) as Record<string, string>)]
    return `SELECT ${columns.join(', ')}\n  FROM ${rows}${keys && `\n  GROUP BY ${keys}`}`
  }
  const within = columns.map((column) => chosen(column, column)).join(' AND ')
  return [
    select('requests', `requests\n  WHERE NOT (${long}) AND $__timeFilter(timestamp) AND ${within}`),
    select(
      'hours',
      `models_1h AS r\n  WHERE ${long} AND timestamp >= toStartOfHour($__fromTime, 'UTC') AND timestamp <= $__toTime AND ${within} AND r.requests > 0`,
    ),
  ]
}

const rowsOfEither = (select: LongSelect) =>
  `SELECT ${[...Object.keys(select.by ?? {}), ...Object.keys(select.values)].join(', ')}\n` +
  `FROM (\n  ${eitherOf(select).join('\n  UNION ALL\n  ')}\n)\n`

/** As `overTime`, of any range. */
export function longOverTime({ by = {}, ...select }: LongSelect): Question {
  return {
    sql: `${rowsOfEither({ ...select, by: { time: '$__timeInterval(timestamp)', ...by } })}ORDER BY time`,
    columns: { time: 'time', ...kinds(by, 'text'), ...kinds(select.values, 'number') },
  }
}

/** As `inAll`, of any range: one value. */
export function longInAll(columns: readonly string[], name: string, measure: Measure): Question {
  const [requests, hours] = eitherOf({ columns, values: { [name]: measure } })
  return {
    sql: `SELECT if(${long}, (\n  ${hours}\n), (\n  ${requests}\n)) AS ${name}`,
    columns: { [name]: 'number' },
  }
}

/** As `ranked`, of any range. */
export function longRanked({ order, ...select }: LongSelect & { order: string }): Question {
  return {
    sql: `${rowsOfEither(select)}ORDER BY ${order} DESC\nLIMIT 100`,
    columns: { ...kinds(select.by ?? {}, 'text'), ...kinds(select.values, 'number') },
  }
}

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

function kinds(columns: object, kind: Kind): Record<string, Kind> {
  return Object.fromEntries(Object.keys(columns).map((name) => [name, kind]))
}
