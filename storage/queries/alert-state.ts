/** What the alert engine left behind: read once at start. Tables `alert_state` and `alert_groups`, exact. */
import type { Db } from '../client.ts'

/** Times are epoch milliseconds. */
export interface AlertStateRow {
  group: string
  rule: string
  fingerprint: string
  state: 'pending' | 'firing'
  labels: Record<string, string>
  annotations: Record<string, string>
  value: number | null
  active_at: number
  firing_since: number | null
  keep_firing_since: number | null
  evaluated_at: number
}

/** A float holds these exactly, and never comes back as text. */
const ms = (column: string) => `toFloat64(toUnixTimestamp64Milli(${column}))`

/** Every pending and firing alert. */
export async function activeAlertStates(db: Db): Promise<AlertStateRow[]> {
  return db.query<AlertStateRow>(
    `select group, rule, fingerprint, state, labels, annotations, value,
      ${ms('active_at')} as active_at,
      ${ms('firing_since')} as firing_since,
      ${ms('keep_firing_since')} as keep_firing_since,
      ${ms('evaluated_at')} as evaluated_at
    from alert_state where state != 'inactive' order by group, rule, fingerprint`,
  )
}

export interface AlertGroupRow {
  receiver: string
  group_key: string
  /** JSON: its alerts, and each channel's dedup log and outbox. */
  state: string
}

/** Every notification group that still has something to tell. */
export async function openAlertGroups(db: Db): Promise<AlertGroupRow[]> {
  return db.query<AlertGroupRow>(
    'select receiver, group_key, state from alert_groups where not closed order by receiver, group_key',
  )
}
