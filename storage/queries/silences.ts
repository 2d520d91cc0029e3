/** Silences as they were last written. Table `silences`, exact. */
import type { Db } from '../client.ts'

/** Times are epoch milliseconds. */
export interface SilenceRow {
  id: string
  /** Of a maintenance window; empty for a silence. */
  name: string
  /** JSON. */
  matchers: string
  starts_at: number
  ends_at: number
  comment: string
  created_by: string
  /** JSON; empty for all the time. */
  time_intervals: string
  updated_at: number
  /** Of two rows of one silence, the higher one counts. */
  version: number
}

const ms = (column: string) => `toFloat64(toUnixTimestamp64Milli(${column}))`

/** Those that end after `since`, in epoch milliseconds. */
export async function silencesEndingAfter(db: Db, since: number): Promise<SilenceRow[]> {
  return db.query<SilenceRow>(
    `select id, name, matchers, ${ms('starts_at')} as starts_at, ${ms('ends_at')} as ends_at, comment, created_by, time_intervals,
      ${ms('updated_at')} as updated_at, version
    from silences
    where not deleted and silences.ends_at > fromUnixTimestamp64Milli({since:Int64})
    order by starts_at, id`,
    { since },
  )
}

/** Changes whenever a silence does. */
export async function silencesDigest(db: Db): Promise<string> {
  const [row] = await db.query<{ digest: string }>(
    'select toString(tuple(count(), sum(cityHash64(id, version)))) as digest from silences',
  )
  return row?.digest ?? ''
}
