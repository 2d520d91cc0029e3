/** What the alert engine left behind: read once at start. Tables `alert_state`, `alert_groups` and `alert_progress`, exact. */
import type { AlertReason } from '../../records/alert-event.ts'
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
  reason: AlertReason
  /** First evaluation without data, or with an error. */
  reason_since: number | null
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
    `select group, rule, fingerprint, state, labels, annotations, value, reason,
      ${ms('reason_since')} as reason_since,
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

/** Up to which moment each group's rules were evaluated, epoch milliseconds. */
export async function evaluationProgress(db: Db): Promise<Map<string, number>> {
  const rows = await db.query<{ group: string; evaluated_at: number }>(
    `select group, ${ms('evaluated_at')} as evaluated_at from alert_progress`,
  )
  return new Map(rows.map(({ group, evaluated_at }) => [group, evaluated_at]))
}

/** The highest version of any row: what a new evaluator writes has to be above it, whatever its clock says. */
export async function highestStateVersion(db: Db): Promise<number> {
  const [row] = await db.query<{ version: number }>(
    `select max(version) as version from (
      select max(version) as version from alert_state
      union all select max(version) from alert_groups
      union all select max(version) from alert_progress
    )`,
  )
  return row?.version ?? 0
}
