/** What a job reads: its columns, and the statements about one period of it. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { contentColumns } from '../retention.ts'
import type { ExportJob } from './config.ts'
import { ExportError } from './error.ts'
import { periodName, stepMs, type Partition } from './period.ts'
import { schemaOf, type Schema } from './manifest.ts'

export interface Source {
  /** Its query gives the rows of a period, as they go into the file. */
  schema: Schema
  /** `FROM …`: the same rows, with every column. */
  from: string
  /** Bound values of both beside the period. */
  params: Record<string, unknown>
  /** A hash of what tells the rows of one state from those of another. */
  rowHash: string
  /** The column with the time; null where a query has none. */
  time: string | null
  /** Tables whose rows say when they were stored, and their column with the time: what changed there changed here. */
  changes: readonly { table: string; time: string }[]
  /** How long rows, or what is exported of them, are kept from when they were stored; null for ever. */
  keptMs: number | null
}

export interface Fingerprint {
  rows: number
  hash: string
  min_timestamp: string | null
  max_timestamp: string | null
}

/** Free text of users, wherever it is stored. */
const contentNames = new Set([...Object.values(contentColumns).flat(), 'comment'])
/** Says of a row that it is gone: readers never see one that is. */
const bookkeeping = new Set(['is_deleted'])

type Column = Schema['columns'][number] & { ttl_expression: string }

/** Asks what the table or query looks like now. Throws ExportError when the job does not fit it, StorageError. */
export async function sourceOf(job: ExportJob, db: Db, reader: Db): Promise<Source> {
  const inner = job.query === undefined ? '' : `(${job.query.trim().replace(/;\s*$/, '')}\n)`
  const anyPeriod = boundPeriod({ from: 0, to: 0 })
  // Only what a reader may ask: no files, no network, no other database.
  if (inner) await reader.query(`SELECT * FROM ${inner} LIMIT 0`, anyPeriod)
  const found = await described(job, inner, db, anyPeriod)
  const columns = chosenColumns(job, found)
  const names = columns.map(({ name }) => `\`${name}\``).join(', ')
  const known = new Set(found.map(({ name }) => name))
  const { conditions, params } = conditionsOf(job, known)
  const within = `\`${job.time}\` >= {from:DateTime64(3)} AND \`${job.time}\` < {to:DateTime64(3)}`
  const from = inner ? `FROM ${inner}` : `FROM ${job.table} WHERE ${[within, ...conditions].join(' AND ')}`
  const tracked = inner === '' && known.has('inserted_at')
  const bases = tracked || job.table === undefined ? [] : await tablesOfView(db, job.table)
  const identity = [`\`${job.time}\``, 'inserted_at', ...(known.has('version') ? ['version'] : [])].join(', ')
  return {
    schema: schemaOf(
      `SELECT ${names} ${from}${inner ? '' : ` ORDER BY \`${job.time}\``}`,
      columns.map(({ name, type, comment }) => ({ name, type, comment })),
    ),
    from,
    params,
    rowHash: tracked ? `cityHash64(${identity})` : `cityHash64(toString(tuple(${names})))`,
    time: known.has(job.time) ? `\`${job.time}\`` : null,
    changes: tracked
      ? [{ table: job.table ?? '', time: job.time }]
      : bases.map((table) => ({ table, time: 'timestamp' })),
    keptMs: inner
      ? null
      : leastMs([await tableTtl(db, [job.table ?? '', ...bases]), ...columns.map((column) => column.ttl_expression)]),
  }
}

/** What a view is made of, as far as its rows have a time and say when they were stored; nothing of a table. */
async function tablesOfView(db: Db, view: string): Promise<string[]> {
  const rows = await db.query<{ table: string }>(
    `SELECT table FROM system.columns
    WHERE database = currentDatabase() AND name IN ('timestamp', 'inserted_at') AND table IN (
      SELECT arrayJoin(extractAll(as_select, '(?:FROM|JOIN)\\\\s+(?:\\\\w+\\\\.)?(\\\\w+)')) FROM system.tables
      WHERE database = currentDatabase() AND name = {view:String} AND engine = 'View')
    GROUP BY table HAVING count() = 2 ORDER BY table`,
    { view },
  )
  return rows.map(({ table }) => table)
}

async function tableTtl(db: Db, tables: readonly string[]): Promise<string> {
  const rows = await db.query<{ ttl: string }>(
    `SELECT extract(engine_full, 'TTL (.*?)( SETTINGS |$)') AS ttl FROM system.tables
    WHERE database = currentDatabase() AND name IN {tables:Array(String)}`,
    { tables: tables.flatMap((table) => [table, `${table}_local`]) },
  )
  return rows.map(({ ttl }) => ttl).join(' ')
}

/** Of TTLs as they are applied at start: days or seconds. */
function leastMs(ttls: readonly string[]): number | null {
  const found = [...ttls.join(' ').matchAll(/toInterval(Day|Second)\((\d+)\)/g)]
  const times = found.map(([, unit, count]) => Number(count) * (unit === 'Day' ? 86_400_000 : 1000))
  return times.length > 0 ? Math.min(...times) : null
}

async function described(job: ExportJob, inner: string, db: Db, params: Record<string, unknown>): Promise<Column[]> {
  const columns = await db.query<Column>(`DESCRIBE TABLE ${inner || job.table}`, params)
  const time = columns.find(({ name }) => name === job.time)
  if (!inner && !time)
    throw new ExportError(`table ${job.table} has no column ${job.time}: name the one with the time as time`)
  if (!inner && !/^(Nullable\()?Date/.test(time?.type ?? ''))
    throw new ExportError(`column ${job.time} of ${job.table} is no time but ${time?.type}`)
  return columns
}

function chosenColumns(job: ExportJob, found: readonly Column[]): Column[] {
  const hidden = ({ name }: Column) => !job.content && contentNames.has(name)
  // States of aggregates mean something to ClickHouse only.
  const writable = ({ type }: Column) => !/AggregateFunction/.test(type)
  if (job.columns === undefined)
    return found.filter((column) => !hidden(column) && writable(column) && !bookkeeping.has(column.name))
  return job.columns.map((name) => {
    const column = found.find((each) => each.name === name)
    if (!column)
      throw new ExportError(`there is no column ${name}; known: ${found.map((each) => each.name).join(', ')}`)
    if (hidden(column)) throw new ExportError(`column ${name} holds text of users: set content: true to export it`)
    if (!writable(column))
      throw new ExportError(`column ${name} holds states of aggregates: use a query that merges it`)
    return column
  })
}

function conditionsOf({ where = {}, table }: ExportJob, known: ReadonlySet<string>) {
  const params: Record<string, unknown> = {}
  const conditions = Object.entries(where).map(([name, value], index) => {
    if (!known.has(name)) throw new ExportError(`where: table ${table} has no column ${name}`)
    params[`where_${index}`] = [value].flat().map(String)
    return `toString(\`${name}\`) IN {where_${index}:Array(String)}`
  })
  return { conditions, params }
}

/** Bound values that pick one period. */
export const boundPeriod = ({ from, to }: TimeRange) => ({ from: new Date(from), to: new Date(to) })

/** Of the rows as they are now: corrected ones count once, deleted ones not. */
export async function fingerprint(
  db: Db,
  { from, params, rowHash, time }: Source,
  range: TimeRange,
): Promise<Fingerprint> {
  const edge = (which: string) => (time ? `if(count() = 0, NULL, toString(${which}(${time})))` : 'NULL')
  const [found] = await db.query<Fingerprint>(
    `SELECT count() AS rows, toString(sum(${rowHash})) AS hash, ${edge('min')} AS min_timestamp, ${edge('max')} AS max_timestamp
    ${from}`,
    { ...params, ...boundPeriod(range) },
  )
  return found ?? { rows: 0, hash: '0', min_timestamp: null, max_timestamp: null }
}

/** Starts of the periods with rows stored since a time, in order: replaced and deleted ones count too. */
export async function touchedPeriods(
  db: Db,
  { changes }: Source,
  partition: Partition,
  sinceMs: number,
): Promise<number[]> {
  const step = stepMs[partition] / 1000
  const found = new Set<number>()
  for (const { table, time } of changes) {
    const rows = await db.query<{ start: number }>(
      `SELECT DISTINCT intDiv(toUnixTimestamp(\`${time}\`), ${step}) * ${step} AS start FROM ${table}
      WHERE inserted_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')`,
      { since_ms: Math.floor(sinceMs) },
      { settings: { final: 0 } },
    )
    for (const { start } of rows) found.add(start * 1000)
  }
  return [...found].toSorted((a, b) => a - b)
}

/** Below the job's folder. */
export function fileName(job: ExportJob, compression: string, start: number, partition: Partition): string {
  const packed = { gzip: '.gz', zstd: '.zst' }[job.format === 'parquet' ? 'none' : compression] ?? ''
  return `${periodName(start, partition)}.${job.format}${packed}`
}
