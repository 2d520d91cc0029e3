/**
 * Routing as a process shows it that does not lead: groups and silences as the leader wrote them. What people change here is stored,
 * and the leader takes it over with its next beat.
 */
import type { Db } from '../../storage/client.ts'
import { openAlertGroups } from '../../storage/queries/alert-state.ts'
import type { Clock } from '../clock.ts'
import type { Dispatcher } from '../dispatch.ts'
import { groupId, type AlertGroup, type GroupedAlert, type MuteReason } from '../group.ts'
import type { RowWriter } from '../row-writer.ts'
import { groupStatus, shortId, type GroupStatus } from './group-status.ts'
import { SilenceReader } from './heard.ts'
import type { Routing } from './index.ts'
import { allHold } from './matcher.ts'
import { applyAct, People, type GroupAct } from './people.ts'
import { silencesOf, type Silences } from './silences.ts'
import { NotStoredError, written } from './stored.ts'

export interface FollowedOptions {
  clock: Clock
  db: Db
  writer: RowWriter
  silences: Silences
  /** Knows the configuration, and holds no groups. */
  dispatcher: () => Pick<Dispatcher, 'courier' | 'timingsOf'>
}

/** `refresh` reads what the leader wrote last. */
export type FollowedRouting = Routing & { refresh(): Promise<void> }

/** An act that the leader has not taken over by then: its group is over. */
const longestPendingMs = 60_000

export function followRouting({ clock, db, writer, silences, dispatcher }: FollowedOptions): FollowedRouting {
  const people = new People({ clock, writer })
  const silenceReader = new SilenceReader({ db, clock, silences })
  const idOf = (group: AlertGroup) => shortId(groupId(group))
  let groups: AlertGroup[] = []
  /** What was done here, until the leader's groups know of it. */
  let pending: { id: string; opened_at: number; act: GroupAct }[] = []

  function statusOf(group: AlertGroup): GroupStatus {
    const known = dispatcher()
    const active = silences.active(clock.now())
    const reasonsOf = ({ muted = {} }: AlertGroup, { fingerprint, labels }: GroupedAlert): MuteReason[] => [
      ...silencesOf(active, labels).map((silence_id) => ({ kind: 'silenced', silence_id }) as const),
      ...(muted[fingerprint] ?? []).filter(({ kind }) => kind !== 'silenced'),
    ]
    return groupStatus(group, idOf(group), {
      channels: known.courier.channels(),
      reasonsOf,
      repeatMs: known.timingsOf(group).repeat_interval_ms,
    })
  }

  return {
    groups: () => groups.map(statusOf),
    act(id, action) {
      const group = groups.find((one) => idOf(one) === id)
      if (!group) return null
      pending.push({ id, opened_at: group.opened_at ?? 0, act: people.act(group, action) })
      return statusOf(group)
    },
    silences: () => silences.list(),
    silence: (id) => silences.get(id),
    setSilence: (input) => silences.set(input),
    expireSilence: (id, who) => silences.expire(id, who),
    async stored() {
      await written(writer)
      if (writer.lacks('silences', 'alert_actions'))
        throw new NotStoredError('the database does not answer; the change is kept here, and stored once it does')
    },
    matching(matchers) {
      const firing = groups.flatMap(({ alerts }) => Object.values(alerts)).filter(({ ends_at }) => ends_at === null)
      const once = new Map(firing.map((alert) => [alert.fingerprint, alert]))
      return [...once.values()].filter(({ labels }) => allHold(matchers, labels))
    },
    receive: () => Promise.reject(new NotStoredError('another process takes alerts: the one that evaluates the rules')),
    async refresh() {
      const [rows] = await Promise.all([openAlertGroups(db), silenceReader.read()])
      groups = rows.map(({ state }) => JSON.parse(state) as AlertGroup)
      const since = clock.now() - longestPendingMs
      pending = pending.filter(({ id, opened_at, act }) => {
        const group = groups.find((one) => idOf(one) === id && (one.opened_at ?? 0) === opened_at)
        return act.at > since && group !== undefined && applyAct(group, act)
      })
    },
  }
}
