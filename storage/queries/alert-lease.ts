/** Who holds a lease, out of all that ever claimed it. Table `alert_leases`, exact. */
import type { Db } from '../client.ts'

export interface LeaseRow {
  holder: string
  fence: number
  /** Epoch µs, by the clock of the server. */
  claimed_at: number
  beat: number
  released: boolean
}

/** Null when nobody ever did. */
export async function currentLease(db: Db, name: string): Promise<LeaseRow | null> {
  const [row] = await db.query<LeaseRow>(
    `select holder, fence, toFloat64(toUnixTimestamp64Micro(claimed_at)) as claimed_at, beat, released
    from alert_leases where name = {name:String} order by fence desc, claimed_at, holder limit 1`,
    { name },
  )
  return row ?? null
}
