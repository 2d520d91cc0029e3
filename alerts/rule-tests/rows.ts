/** The rows that a rule test describes, each with the moment when it would have arrived. */
import { emptyRequest, tpotMs, type LlmRequest } from '../../records/llm-request.ts'
import type { Db } from '../../storage/client.ts'
import { tableNames, type TableName } from '../../storage/tables.ts'
import { ConfigError } from '../yaml-file.ts'
import type { RowSpec, RuleTest, SeriesSpec } from './test-file.ts'

export interface ArrivingRow {
  table: TableName
  row: Record<string, unknown>
  /** Epoch milliseconds: a request is known from when it has ended. */
  arrives: number
}

/** Name and ClickHouse type of the columns of a table. */
export type ColumnTypes = ReadonlyMap<string, string>

/** Columns of every table, as the database has them. */
export async function columnTypes(db: Db): Promise<Map<string, ColumnTypes>> {
  const rows = await db.query<{ table: string; name: string; type: string }>(
    'select table, name, type from system.columns where database = currentDatabase() order by table, position',
  )
  const tables = Map.groupBy(rows, ({ table }) => table)
  return new Map([...tables].map(([table, columns]) => [table, new Map(columns.map(({ name, type }) => [name, type]))]))
}

/** In the order of their arrival. Throws ConfigError on an unknown table or column. */
export function arrivingRows(test: RuleTest, columns: ReadonlyMap<string, ColumnTypes>): ArrivingRow[] {
  const rows = Object.entries(test.rows).flatMap(([name, specs]) => {
    const table = tableOf(name, test)
    return specs.flatMap((spec) => expand(table, spec, test.start, columns.get(table) ?? new Map()))
  })
  return [...rows, ...test.series.flatMap((series) => samples(series, test))].sort((a, b) => a.arrives - b.arrives)
}

function tableOf(name: string, { where }: RuleTest): TableName {
  const table = tableNames.find((known) => known === name)
  if (table) return table
  throw new ConfigError(`${where}: rows.${name}: no such table; expected one of: ${tableNames.join(', ')}`)
}

function expand(table: TableName, spec: RowSpec, start: number, types: ColumnTypes): ArrivingRow[] {
  for (const name of Object.keys(spec.fields))
    if (!types.has(name))
      throw new ConfigError(
        `${spec.where}: ${name}: ${table} has no such column; expected: ${[...types.keys()].join(', ')}`,
      )
  return Array.from({ length: spec.count }, (_, index) => {
    const at = start + spec.at + index * spec.every
    const fields = Object.fromEntries(
      Object.entries(spec.fields).map(([name, value]) => [name, turn(value, index, types.get(name) ?? '')]),
    )
    const row = table === 'requests' ? requestRow(fields, at) : { timestamp: new Date(at), ...fields }
    const duration = table === 'requests' ? Number(row['duration_ms'] ?? 0) : 0
    return { table, row, arrives: at + duration }
  })
}

/** Rows take the values of a list in turn, over and over; a list of a list's column is its value. */
function turn(value: unknown, index: number, type: string): unknown {
  if (!Array.isArray(value) || value.length === 0 || type.startsWith('Array')) return value
  return value[index % value.length] as unknown
}

let spans = 0

/** With an identity of its own, and TPOT worked out as receivers do. */
function requestRow(fields: Partial<LlmRequest>, at: number): Record<string, unknown> {
  const span_id = (++spans).toString(16).padStart(16, '0')
  const { duration_ms = null, ttft_ms = null, output_tokens = null } = fields
  return {
    ...emptyRequest(),
    timestamp: at * 1000,
    trace_id: span_id.repeat(2),
    span_id,
    streamed: ttft_ms !== null,
    tpot_ms: tpotMs(duration_ms, ttft_ms, output_tokens),
    ...fields,
  }
}

/** As scraped: the label `target`, if it has one, is the target. */
function samples({ series, values }: SeriesSpec, { start, series_interval_ms }: RuleTest): ArrivingRow[] {
  const { target = '', ...labels } = series.labels
  return values.flatMap((value, index): ArrivingRow[] => {
    if (value === null) return []
    const at = start + index * series_interval_ms
    return [
      {
        table: 'metric_samples',
        row: { timestamp: new Date(at), target, name: series.name, labels, value },
        arrives: at,
      },
    ]
  })
}
