/** What people do about alert groups: take one on, give it back, say something. Kept in the group, and written down. */
import { randomUUID } from 'node:crypto'
import type { GroupActRow } from '../../storage/queries/alert-acts.ts'
import type { Clock } from '../clock.ts'
import { visibleAlerts, type AlertGroup } from '../group.ts'
import type { RowWriter } from '../row-writer.ts'

const mostComments = 100
/** More than people do about one group within the hour that a new leader looks back. */
const mostActs = 300

export type GroupAction =
  | { action: 'acknowledge'; who: string; comment: string }
  | { action: 'unacknowledge'; who: string; comment: string }
  | { action: 'comment'; who: string; comment: string }

/** An action that was taken; `at` is in epoch milliseconds. */
export type GroupAct = GroupAction & { id: string; at: number }

export class People {
  readonly #clock: Clock
  readonly #writer: RowWriter

  constructor({ clock, writer }: { clock: Clock; writer: RowWriter }) {
    this.#clock = clock
    this.#writer = writer
  }

  /** Changes the group; who keeps it saves it. */
  act(group: AlertGroup, action: GroupAction): GroupAct {
    const act = { ...action, id: randomUUID(), at: this.#clock.now() }
    applyAct(group, act)
    const { receiver, key: group_key, opened_at = 0 } = group
    const { at, ...said } = act
    const times = { timestamp: new Date(at), opened_at: new Date(opened_at) }
    this.#writer.put('alert_actions', { ...said, ...times, receiver, group_key })
    return act
  }
}

/** Whether that changed the group: an act that it knows counts no second time. */
export function applyAct(group: AlertGroup, { id, action, who: by, comment, at }: GroupAct): boolean {
  if (group.acts?.includes(id)) return false
  group.acts = [...(group.acts ?? []), id].slice(-mostActs)
  if (action === 'acknowledge') {
    const firing = visibleAlerts(group).filter(({ ends_at }) => ends_at === null)
    group.acknowledged = { by, at, comment, firing: firing.map(({ fingerprint }) => fingerprint) }
  }
  if (action === 'unacknowledge') group.acknowledged = null
  if (comment !== '') group.comments = [...(group.comments ?? []), { by, at, text: comment }].slice(-mostComments)
  return true
}

/** An act as it was stored. */
export function actOf({ id, action, who, comment, timestamp }: GroupActRow): GroupAct {
  return { id, action, who, comment, at: timestamp }
}

/** Whether it was done about this group, and not about an earlier one of the same key. */
export function concerns({ receiver, group_key, opened_at }: GroupActRow, group: AlertGroup): boolean {
  return group.receiver === receiver && group.key === group_key && (group.opened_at ?? 0) === opened_at
}
