/** Deploys that vendors have to hear of. Tables `annotations` and `notifications`, exact. */
import type { Db } from '../client.ts'

export interface Deploy {
  id: string
  /** Epoch milliseconds. */
  at: number
  title: string
  text: string
  labels: Record<string, string>
  url: string
}

/** Those that were stored within the last `withinS` seconds by the clock of the server, the oldest first, a hundred at most. */
export async function newDeploys(db: Db, withinS: number): Promise<Deploy[]> {
  return db.query<Deploy>(
    `select a.id as id, toFloat64(toUnixTimestamp64Milli(a.timestamp)) as at, a.title as title, a.text as text,
      a.labels as labels, a.url as url
    from annotations as a
    where a.kind = 'deploy' and not a.deleted and a.inserted_at > now64(3) - toIntervalSecond({within_s:UInt32})
    order by a.inserted_at, id limit 100`,
    { within_s: withinS },
  )
}

/** Ids of change events that need no further attempt, as `receiver`, `channel` and `id` of their rows. */
export async function settledChanges(
  db: Db,
  withinS: number,
): Promise<{ receiver: string; channel: string; id: string }[]> {
  return db.query(
    `select distinct receiver, channel, id from notifications
    where reason = 'change' and outcome != 'retry' and inserted_at > now64(3) - toIntervalSecond({within_s:UInt32})`,
    { within_s: withinS },
  )
}
