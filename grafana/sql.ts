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

/** As `distinct`, of requests. */
export const called = (column: string) =>
  `SELECT DISTINCT ${column} FROM ${minutes.from} WHERE $__timeFilter(timestamp) AND ${minutes.live} ORDER BY ${column}`

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

type Timed = 'duration_ms' | 'ttft_ms' | 'tpot_ms'

const places = { 0.5: 1, 0.95: 2, 0.99: 3 } as const
type Level = keyof typeof places

/** Digests can be merged, percentiles cannot be averaged. One digest answers for all levels, and is nearer to them than a sample. */
export const percentile = (column: Timed, level: Level): Measure => ({
  requests: `if(count(${column}) = 0, NULL, quantilesTDigest(0.5, 0.95, 0.99)(${column})[${places[level]}])`,
  hours: `if(sum(r.${column}_count) = 0, NULL, quantilesTDigestMerge(0.5, 0.95, 0.99)(r.${column}_quantiles)[${places[level]}])`,
})

/** A value of the range as a whole. */
export interface Whole {
  /** By name: what its requests say together, and one row `r` of the rollup of an hour. */
  parts: Record<string, Measure>
  /** Of all parts. */
  value: string
}

export function percentileInAll(column: Timed, level: Level): Whole {
  const digest = `${column}_digest`
  const merged = `quantilesTDigestMerge(0.5, 0.95, 0.99)(${digest})[${places[level]}]`
  const requests = `quantilesTDigestStateIf(0.5, 0.95, 0.99)(assumeNotNull(${column}), ${column} IS NOT NULL)`
  return {
    parts: { [digest]: { requests, hours: `r.${column}_quantiles` } },
    value: `if(isNaN(${merged}), NULL, ${merged})`,
  }
}

/** `name`: of its part, other than what the sum is called. */
export const sumInAll = (name: string, part: Measure): Whole => ({ parts: { [name]: part }, value: `sum(${name})` })

/** Thirty days of requests are too many to wait for: from two days on, rollups are read. */
export const long = "dateDiff('second', $__fromTime, $__toTime) >= 172800"

interface LongSelect {
  /** Variables, and the columns that they choose by: model, provider, endpoint, environment. */
  columns: readonly string[]
  by?: Record<string, string>
  values: Record<string, Measure>
}

const allChosen = (columns: readonly string[]) => columns.map((column) => chosen(column, column)).join(' AND ')

/**
 * As `overTime`, of any range: two complete statements, one of which reads nothing. One reads requests, the other whole hours from the
 * one that the range begins in.
 */
export function longOverTime({ columns, by = {}, values }: LongSelect): Question {
  const keys = { time: '$__timeInterval(timestamp)', ...by }
  const select = (source: keyof Measure, rows: string) => {
    const measures = Object.entries(values).map(([name, measure]) => [name, measure[source]])
    const selected = [...named(keys), ...named(Object.fromEntries(measures) as Record<string, string>)]
    return `SELECT ${selected.join(', ')}\n  FROM ${rows}\n  GROUP BY ${Object.keys(keys).join(', ')}`
  }
  const within = allChosen(columns)
  return {
    sql:
      `SELECT ${[...Object.keys(keys), ...Object.keys(values)].join(', ')}\nFROM (\n  ` +
      select('requests', `requests\n  WHERE NOT (${long}) AND $__timeFilter(timestamp) AND ${within}`) +
      '\n  UNION ALL\n  ' +
      select(
        'hours',
        `models_1h AS r\n  WHERE ${long} AND timestamp >= toStartOfHour($__fromTime, 'UTC') AND timestamp <= $__toTime AND ${within} AND r.requests > 0`,
      ) +
      '\n)\nORDER BY time',
    columns: { time: 'time', ...kinds(by, 'text'), ...kinds(values, 'number') },
  }
}

interface WholeSelect {
  columns: readonly string[]
  by?: Record<string, string>
  values: Record<string, Whole>
}

/** The whole hours in the range. */
const hoursBegin = "toStartOfHour($__fromTime + INTERVAL 3599 SECOND, 'UTC')"
const hoursEnd = "toStartOfHour($__toTime, 'UTC')"

/** The whole hours of the range from their rollup, and what it cuts of the first and the last from requests. */
function wholeRange({ columns, by = {}, values }: WholeSelect): string {
  const parts = Object.assign({}, ...Object.values(values).map((value) => value.parts)) as Record<string, Measure>
  const select = (source: keyof Measure) =>
    [...named(by), ...Object.entries(parts).map(([name, part]) => `${part[source]} AS ${name}`)].join(', ')
  const keys = Object.keys(by).join(', ')
  const within = allChosen(columns)
  const whole = Object.entries(values).map(([name, { value }]) => `${value} AS ${name}`)
  return `SELECT ${[...Object.keys(by), ...whole].join(',\n  ')}
FROM (
  SELECT ${select('hours')}
  FROM models_1h AS r
  WHERE timestamp >= ${hoursBegin} AND timestamp < ${hoursEnd} AND ${within} AND r.requests > 0
  UNION ALL
  SELECT ${select('requests')}
  FROM requests
  WHERE $__timeFilter(timestamp) AND (timestamp < ${hoursBegin} OR timestamp >= ${hoursEnd}) AND ${within}${keys && `\n  GROUP BY ${keys}`}
)${keys && `\nGROUP BY ${keys}`}`
}

/** As `inAll`, of any range: one value. */
export const longInAll = (columns: readonly string[], name: string, value: Whole): Question => ({
  sql: wholeRange({ columns, values: { [name]: value } }),
  columns: { [name]: 'number' },
})

/** As `ranked`, of any range. */
export function longRanked({ order, ...select }: WholeSelect & { order: string }): Question {
  return {
    sql: `${wholeRange(select)}\nORDER BY ${order} DESC\nLIMIT 100`,
    columns: { ...kinds(select.by ?? {}, 'text'), ...kinds(select.values, 'number') },
  }
}

/** Requests per second by status: the rollup counts each. */
export function perStatus(where: string): Question {
  const counts = statuses.map((status) => `sum(r.requests_${status})`).join(', ')
  return {
    sql: `SELECT time, status, counted / $__interval_s AS requests
FROM (
  SELECT $__timeInterval(timestamp) AS time, [${counts}] AS counts
  FROM ${minutes.from}
  WHERE ${where} AND ${minutes.live}
  GROUP BY time
)
ARRAY JOIN [${statuses.map((status) => `'${status}'`).join(', ')}] AS status, counts AS counted
WHERE counted > 0
ORDER BY time`,
    columns: { time: 'time', status: 'text', requests: 'number' },
  }
}

const statuses = ['ok', 'error', 'rate_limited', 'timeout', 'cancelled', 'filtered']

interface FirstRows {
  select: string
  /** On dimensions of `requests_1h` alone, where `highest` is said. */
  where: string
  /** What rows have to fulfil besides. */
  and?: string
  order: string
  /** Column of `requests_1h`: the highest of `order` in an hour. */
  highest?: string
}

/** The rows of `requests` that stand first in `order`. They are found by that column alone, and read by their time. */
export function firstRows({ select, where, and, order, highest }: FirstRows): string {
  const all = and === undefined ? where : `${where} AND ${and}`
  // Over hours alone the bound costs more than it saves.
  const found =
    highest === undefined
      ? all
      : `${all}\n    AND (NOT (${long}) OR toFloat64(ifNull(${order}, 0)) >= ${reachedBy50(where, highest)})`
  return (
    `SELECT ${select}\nFROM requests\nWHERE ${all}\n` +
    `  AND timestamp IN (SELECT timestamp FROM requests WHERE ${found} ORDER BY ${order} DESC LIMIT 50)\n` +
    `ORDER BY ${order} DESC\nLIMIT 50`
  )
}

/** What some request of 50 groups reaches at least: no lower one is among the first 50. An index leaves out most of those. */
const reachedBy50 = (where: string, highest: string) =>
  `ifNull((\n      SELECT ${highest} FROM requests_1h WHERE ${where} AND timestamp < ${hoursEnd}\n` +
  `        AND ${highest} > 0 ORDER BY ${highest} DESC LIMIT 1 OFFSET 49), 0)`

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
