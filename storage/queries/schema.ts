/** The tables and views that queries may read: what their columns mean, in which unit. Reads `system.tables` and `system.columns`. */
import type { Db } from '../client.ts'
import { kindOf } from '../sql-types.ts'
import { exampleOf } from '../schema-examples.ts'

export interface SchemaColumn {
  name: string
  type: string
  /** ms, bytes, US dollars, …; null for counts, texts and the like. */
  unit: string | null
  comment: string
  /** Made up, as it stands in SQL; of an aggregate's state, how it is read. */
  example: string
}

export interface SchemaTable {
  name: string
  /** Views keep their columns whatever becomes of the tables; rollups are kept longer than the rows they are made from. */
  kind: 'view' | 'table' | 'rollup'
  comment: string
  columns: SchemaColumn[]
  /** A query that shows what is in it; {from} and {to} bound the time where it has one. */
  query: string
}

/** Bookkeeping that nobody asks about; `_local` tables are the parts of a cluster's. */
const hidden = [
  'schema_migrations',
  'health',
  'alert_state',
  'alert_groups',
  'rollup_state',
  'requests_next',
  'repriced_costs',
]

/** Views first, then tables, then rollups, each by name. */
export async function schema(db: Db): Promise<SchemaTable[]> {
  const mine = `database = currentDatabase() and name not in {hidden:Array(String)} and not endsWith(name, '_local')`
  const [tables, columns] = await Promise.all([
    db.query<{ name: string; engine: string; comment: string }>(
      `select name, engine, comment from system.tables where ${mine}`,
      { hidden },
    ),
    db.query<{ table: string; name: string; type: string; comment: string }>(
      `select table, name, type, comment from system.columns where database = currentDatabase() order by table, position`,
    ),
  ])
  const byTable = Map.groupBy(columns, ({ table }) => table)
  const described = tables.map(({ name, engine, comment }): SchemaTable => {
    const own = (byTable.get(name) ?? []).map((column) => describe(column))
    return { name, kind: kindOfTable(name, engine), comment, columns: own, query: exampleQuery(name, own) }
  })
  return described.toSorted((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1))
}

const order = ({ kind }: SchemaTable) => ['view', 'table', 'rollup'].indexOf(kind)

function kindOfTable(name: string, engine: string): SchemaTable['kind'] {
  if (engine === 'View') return 'view'
  return /_\d[mhdw]$/.test(name) ? 'rollup' : 'table'
}

function describe({ name, type, comment }: { name: string; type: string; comment: string }): SchemaColumn {
  const unit = unitOf(name, type)
  return { name, type, unit, comment, example: exampleOf(name, type, unit) }
}

const units: readonly [RegExp, string][] = [
  [/tokens_per_second$/, 'tokens per second'],
  [/bytes_per_second$/, 'bytes per second'],
  [/_ms$/, 'ms'],
  [/_bytes$/, 'bytes'],
  [/_usd$/, 'US dollars'],
  [/_ratio$/, '0 to 1'],
  [/_watts$/, 'watts'],
  [/_celsius$/, '°C'],
  [/_joules$/, 'joules'],
  [/_hz$/, 'hertz'],
  [/_days$/, 'days'],
  [/(^|_)tokens$/, 'tokens'],
]

/** As the name says it; aggregates of a measure have its unit. */
export function unitOf(name: string, type: string): string | null {
  if (kindOf(type) === 'time') return 'UTC'
  const measure = name.replace(/_(sum|min|max|bounds|quantiles)$/, '')
  return units.find(([suffix]) => suffix.test(measure))?.[1] ?? null
}

function exampleQuery(name: string, columns: readonly SchemaColumn[]): string {
  const states = columns.filter(({ type }) => type.startsWith('AggregateFunction')).map((column) => column.name)
  const what = states.length > 0 ? `* EXCEPT (${states.join(', ')})` : '*'
  const time = ['timestamp', 'hour', 'day'].find((wanted) => columns.some((column) => column.name === wanted))
  const [from, to] = ['{from:DateTime64(3)}', '{to:DateTime64(3)}']
  if (time === undefined) return `SELECT ${what}\nFROM ${name}\nLIMIT 100`
  const within =
    time === 'day' ? `day BETWEEN toDate(${from}) AND toDate(${to})` : `${time} >= ${from} AND ${time} < ${to}`
  return `SELECT ${what}\nFROM ${name}\nWHERE ${within}\nORDER BY ${time} DESC\nLIMIT 100`
}
