/** What people did about alert groups, through whichever process. Table `alert_actions`, exact. */
import type { Db } from '../client.ts'

/** Times are epoch milliseconds. */
export interface GroupActRow {
  id: string
  action: 'acknowledge' | 'unacknowledge' | 'comment'
  who: string
  comment: string
  receiver: string
  group_key: string
  opened_at: number
  timestamp: number
  inserted_at: number
}

const ms = (column: string) => `toFloat64(toUnixTimestamp64Milli(${column}))`

/** Those that were stored after `since` by the clock of the server, in epoch milliseconds; null takes the last hour. In their order. */
export async function groupActsSince(db: Db, since: number | null): Promise<GroupActRow[]> {
  return db.query<GroupActRow>(
    `select id, action, who, comment, receiver, group_key, ${ms('assumeNotNull(a.opened_at)')} as opened_at,
      ${ms('a.timestamp')} as timestamp, ${ms('a.inserted_at')} as inserted_at
    from alert_actions as a
    where id != '' and isNotNull(a.opened_at)
      and a.inserted_at > ifNull(fromUnixTimestamp64Milli({since:Nullable(Int64)}), now64(3) - interval 1 hour)
    order by a.timestamp, a.inserted_at, id`,
    { since },
  )
}
