/** Views of pages that people saved for everybody, as they were last written. Table `saved_views`, exact. */
import type { Db } from '../client.ts'

export interface SavedViewRow {
  id: string
  page: string
  name: string
  search: string
  saved_by: string
  /** Epoch ms. */
  saved_at: number
  version: number
}

/** By name. */
export async function savedViews(db: Db): Promise<SavedViewRow[]> {
  return db.query<SavedViewRow>(
    `select id, page, name, search, saved_by, toFloat64(toUnixTimestamp64Milli(saved_at)) as saved_at, version
    from saved_views
    where not deleted
    order by lower(name), id`,
  )
}
