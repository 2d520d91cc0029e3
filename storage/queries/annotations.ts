/** Marks that people and programs made. Reads and writes `annotations`, exact. */
import type { Annotation } from '../../records/annotation.ts'
import type { Change } from '../../records/change.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

const ms = (column: string) => `toFloat64(toUnixTimestamp64Milli(${column}))`
const columns = `a.id as id, ${ms('a.timestamp')} as timestamp, ${ms('a.end_timestamp')} as end_timestamp, a.kind as kind,
      a.title as title, a.text as text, a.labels as labels, a.url as url, a.created_by as created_by`

/** Those of one range that are read. */
const most = 2000

/** Those that lie in the range or reach into it, the latest first. */
export async function annotationsOver(db: Db, { from, to }: TimeRange): Promise<Annotation[]> {
  return db.query<Annotation>(
    `select ${columns}
    from annotations as a
    where not a.deleted and a.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      and ifNull(a.end_timestamp, a.timestamp) >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    order by a.timestamp desc, a.id limit {most:UInt32}`,
    { from_ms: Math.floor(from), to_ms: Math.ceil(to), most },
  )
}

export async function annotationChanges(db: Db, range: TimeRange): Promise<Change[]> {
  return (await annotationsOver(db, range)).map(changeOf)
}

function changeOf({ id, timestamp, end_timestamp, kind, title, text, labels, url, created_by }: Annotation): Change {
  return {
    id: `annotation ${id}`,
    kind,
    at: timestamp,
    until: end_timestamp,
    title,
    text,
    scope: labels,
    severity: '',
    // Rows may come from elsewhere: what a page would run is no link.
    link: /^https?:\/\//i.test(url) && URL.canParse(url) ? url : '',
    by: created_by,
    annotation: id,
  }
}

export interface StoredAnnotation extends Annotation {
  version: number
  /** Taken back. */
  deleted: boolean
}

/** As it was last written; null when there never was one. */
export async function annotationById(db: Db, id: string): Promise<StoredAnnotation | null> {
  const [row] = await db.query<StoredAnnotation>(
    `select ${columns}, a.version as version, a.deleted as deleted
    from annotations as a where a.id = {id:String}`,
    { id },
  )
  return row ?? null
}

/** How many there are. */
export async function annotationCount(db: Db): Promise<number> {
  const [row] = await db.query<{ count: number }>('select count() as count from annotations as a where not a.deleted')
  return row?.count ?? 0
}

/** Keeps one; of two with one id the higher version counts. */
export async function storeAnnotation(
  db: Pick<Db, 'insert'>,
  { timestamp, end_timestamp, ...annotation }: Annotation,
  { version = Date.now() * 1000, deleted = false } = {},
): Promise<void> {
  const times = {
    timestamp: new Date(timestamp),
    end_timestamp: end_timestamp === null ? null : new Date(end_timestamp),
  }
  await db.insert('annotations', [{ ...annotation, ...times, deleted, version }])
}
