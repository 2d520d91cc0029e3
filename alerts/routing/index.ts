/** What people and other programs do with alerts: groups, silences, acknowledgement, alerts from elsewhere. */
import type { z } from 'zod'
import type { Db } from '../../storage/client.ts'
import type { Clock } from '../clock.ts'
import type { Dispatcher } from '../dispatch.ts'
import { groupId, type AlertGroup, type GroupedAlert } from '../group.ts'
import type { RowWriter } from '../row-writer.ts'
import type { Telemetry } from '../telemetry.ts'
import { ExternalAlerts, mostExternal } from './external.ts'
import { ActReader, SilenceReader } from './heard.ts'
import { groupStatus, shortId, type GroupStatus } from './group-status.ts'
import type { Matcher } from './matcher.ts'
import { allHold } from './matcher.ts'
import { actOf, applyAct, concerns, People, type GroupAction } from './people.ts'
import { readPostedAlerts, type postedAlerts } from './received-alert.ts'
import type { SilenceInput } from './silence.ts'
import type { Silences, SilenceStatus } from './silences.ts'
import { NotStoredError, written } from './stored.ts'

export { NotStoredError }

export interface Routing {
  groups(): GroupStatus[]
  /** Acknowledges a group, takes that back, or comments on it. Null when there is no such group. */
  act(groupId: string, action: GroupAction): GroupStatus | null
  silences(): SilenceStatus[]
  /** Null when there is none of that id. */
  silence(id: string): SilenceStatus | null
  /** Throws SilenceError. */
  setSilence(input: SilenceInput): SilenceStatus
  /** Throws SilenceError. */
  expireSilence(id: string, who: string): SilenceStatus
  /**
   * Resolves once what people changed is stored. Where it holds at once, also while storage is away, it waits some seconds at most;
   * where another process has to read it, or the last word about it, rejects with NotStoredError after that.
   */
  stored(): Promise<void>
  /** The firing alerts for which every matcher holds. */
  matching(matchers: readonly Matcher[]): GroupedAlert[]
  /**
   * Takes the valid ones; says in Alertmanager's words what is wrong with the others. Rejects while state can't be read, and with
   * NotStoredError where another process evaluates.
   */
  receive(posted: z.output<typeof postedAlerts>): Promise<{ accepted: number; problems: string[] }>
}

export interface RoutingOptions {
  telemetry: Telemetry
  db: Db
  clock: Clock
  writer: RowWriter
  dispatcher: Dispatcher
  silences: Silences
  /** Resolves once what the last process left was restored. */
  ready: () => Promise<void>
  resolveTimeoutMs: () => number
}

export interface RoutingRoom extends Routing {
  /** Once the dispatcher has its groups. */
  restore(): void
  /** Takes over what people did through other processes. */
  hear(): Promise<void>
  stop(): void
}

export function createRouting(options: RoutingOptions): RoutingRoom {
  const { telemetry, db, clock, writer, dispatcher, silences, ready, resolveTimeoutMs } = options
  const people = new People({ clock, writer })
  const external = new ExternalAlerts({ clock, writer, onAlerts: (alerts) => dispatcher.update(alerts) })
  const silenceReader = new SilenceReader({ db, clock, silences })
  const acts = new ActReader(db)
  const idOf = (group: AlertGroup) => shortId(groupId(group))

  function statusesOf(groups: readonly AlertGroup[]): GroupStatus[] {
    const channels = dispatcher.courier.channels()
    const reasonsOf = dispatcher.muteReasons()
    return groups.map((group) =>
      groupStatus(group, idOf(group), {
        channels,
        reasonsOf,
        repeatMs: dispatcher.timingsOf(group).repeat_interval_ms,
      }),
    )
  }

  function changed(group: AlertGroup, { action }: GroupAction): void {
    if (action === 'acknowledge') dispatcher.courier.acknowledge(group)
    dispatcher.changed(group)
  }

  return {
    groups: () => statusesOf(dispatcher.groups()),
    act(id, action) {
      const group = dispatcher.groups().find((one) => idOf(one) === id)
      if (!group) return null
      people.act(group, action)
      changed(group, action)
      return statusesOf([group])[0] ?? null
    },
    silences: () => silences.list(),
    silence: (id) => silences.get(id),
    setSilence: (input) => silences.set(input),
    expireSilence: (id, who) => silences.expire(id, who),
    async stored() {
      await written(writer)
      if (writer.lacks()) throw new NotStoredError('another process evaluates the rules now; say it again')
    },
    matching: (matchers) => dispatcher.firing().filter(({ labels }) => allHold(matchers, labels)),
    async receive(posted) {
      await ready()
      const { alerts, problems } = readPostedAlerts(posted, clock.now(), resolveTimeoutMs())
      const refused = external.receive(alerts)
      if (refused > 0) {
        telemetry.refused.add(refused, { what: 'alert' })
        problems.push(`${refused} alerts refused: ${mostExternal} from elsewhere fire already, and no more may`)
      }
      return { accepted: alerts.length - refused, problems }
    },
    restore: () => external.restore(dispatcher.firing(), resolveTimeoutMs()),
    async hear() {
      await ready()
      await silenceReader.read()
      const rows = await acts.read()
      if (rows.length === 0) return
      const groups = dispatcher.groups()
      for (const row of rows) {
        const act = actOf(row)
        const group = groups.find((one) => concerns(row, one))
        if (group && applyAct(group, act)) changed(group, act)
      }
    },
    stop: () => external.stop(),
  }
}
