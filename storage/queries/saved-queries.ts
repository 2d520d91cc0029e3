/** Queries that people saved for everybody, as they were last written. Table `saved_queries`, exact. */
import type { Db } from '../client.ts'

export interface SavedQueryRow {
  id: string
  name: string
  sql: string
  /** JSON. */
  params: string
  chart: string
  saved_by: string
  /** Epoch ms. */
  saved_at: number
  version: number
}

/** By name. */
export async function savedQueries(db: Db): Promise<SavedQueryRow[]> {
  return db.query<SavedQueryRow>(
    `select id, name, sql, params, chart, saved_by, toFloat64(toUnixTimestamp64Milli(saved_at)) as saved_at, version
    from saved_queries
    where not deleted
    order by lower(name), id`,
  )
}
