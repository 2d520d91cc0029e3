/** What people do about alert groups: take one on, give it back, say something. Kept in the group, and written down. */
import type { Clock } from '../clock.ts'
import { visibleAlerts, type AlertGroup } from '../group.ts'
import type { RowWriter } from '../row-writer.ts'

const mostComments = 100

export type GroupAction =
  | { action: 'acknowledge'; who: string; comment: string }
  | { action: 'unacknowledge'; who: string; comment: string }
  | { action: 'comment'; who: string; comment: string }

export class People {
  readonly #clock: Clock
  readonly #writer: RowWriter

  constructor({ clock, writer }: { clock: Clock; writer: RowWriter }) {
    this.#clock = clock
    this.#writer = writer
  }

  /** Changes the group; who keeps it saves it. */
  act(group: AlertGroup, { action, who: by, comment }: GroupAction): void {
    const at = this.#clock.now()
    if (action === 'acknowledge') {
      const firing = visibleAlerts(group).filter(({ ends_at }) => ends_at === null)
      group.acknowledged = { by, at, comment, firing: firing.map(({ fingerprint }) => fingerprint) }
    }
    if (action === 'unacknowledge') group.acknowledged = null
    if (comment !== '') group.comments = [...(group.comments ?? []), { by, at, text: comment }].slice(-mostComments)
    const { receiver, key: group_key } = group
    this.#writer.put('alert_actions', { timestamp: new Date(at), action, who: by, comment, receiver, group_key })
  }
}
