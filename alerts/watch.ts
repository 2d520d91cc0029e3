/** One term of watching: from when this process takes over the rules until it stops or somebody else does. */
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import {
  activeAlertStates,
  evaluationProgress,
  highestStateVersion,
  openAlertGroups,
} from '../storage/queries/alert-state.ts'
import { durationMs } from '../records/duration.ts'
import { silencesEndingAfter } from '../storage/queries/silences.ts'
import type { Clock } from './clock.ts'
import type { AlertsConfig } from './config.ts'
import { Briefer } from './briefing.ts'
import { Changes } from './changes.ts'
import type { ChartShelf } from './chart/shelf.ts'
import { Dispatcher } from './dispatch.ts'
import { Engine } from './engine.ts'
import { Heartbeats, whyHeld } from './heartbeat.ts'
import { shiftTimes, toGroupedAlert, type Instance } from './instance.ts'
import type { RuleGroup } from './rule.ts'
import { RowWriter } from './row-writer.ts'
import { alertReadings } from './self/health.ts'
import type { Reading } from './self/reading.ts'
import { createRouting, type Routing, type RoutingRoom } from './routing/index.ts'
import { expiredShownMs } from './routing/silence.ts'
import { Silences } from './routing/silences.ts'
import type { StateJournal } from './state-journal.ts'
import { isOwn, SelfWatch } from './self/watch.ts'
import { activeAlerts, channelStatuses, ruleStatuses } from './status.ts'
import type { ActiveAlert, ChannelStatus, RuleStatus } from './status.ts'
import type { Telemetry } from './telemetry.ts'

export interface WatchOptions {
  config: AlertsConfig
  groups: RuleGroup[]
  db: Db
  reader: Db
  log: Logger
  clock: Clock
  fetch: typeof fetch
  random: () => number
  telemetry: Telemetry
  externalUrl: () => string
  /** Whether this process may act. */
  leads: () => boolean
  /** Whether another process may take over. */
  shared: boolean
  /** What the process knows of its own health, beside what the alerts know of theirs. */
  health: () => Promise<Reading[]>
  /** When the process began, epoch ms: maybe long before it takes over. */
  since: number
  /** Name of the machine, on alerts about ourselves. */
  host: string
  /** Keeps state that the database cannot take. */
  journal: StateJournal | null
  /** Keeps the charts of messages. */
  shelf: ChartShelf
  /** How long a notification waits for what storage knows about its alerts. */
  waitMs: number
}

/** A storage that hangs holds up nothing for longer. */
const longestReplayMs = 5_000

export class Watch {
  readonly engine: Engine
  readonly dispatcher: Dispatcher
  readonly #silences: Silences
  readonly #routing: RoutingRoom
  readonly #own: SelfWatch
  readonly #heartbeats: Heartbeats
  readonly #changes: Changes
  readonly #options: WatchOptions
  readonly #writer: RowWriter
  readonly #ready = once(() => this.#restore())
  #toldOnce: ReadonlySet<string>
  #begun = false
  #begunAt: number

  constructor(options: WatchOptions) {
    const {
      config,
      groups,
      db,
      reader,
      log,
      clock,
      fetch,
      random,
      telemetry,
      externalUrl,
      leads,
      shared,
      health,
      since,
      host,
      journal,
      shelf,
      waitMs,
    } = options
    this.#options = { ...options }
    this.#begunAt = clock.now()
    this.#toldOnce = toldOnce(groups)
    this.#writer = new RowWriter({ db, clock, log, telemetry, journal })
    const writer = this.#writer
    const onAlerts = (firing: Instance[], ceased: Instance[]) =>
      this.dispatcher.update(
        [...firing, ...ceased].map((instance) => toGroupedAlert(instance, this.#isToldOnce(instance))),
      )
    this.#silences = new Silences({ clock, writer, telemetry })
    const silences = this.#silences
    const rules = () => this.engine.rules().map(({ rule }) => rule)
    const briefer = new Briefer({ reader, clock, log, rules, externalUrl, shelf, waitMs })
    this.dispatcher = new Dispatcher(config, {
      clock,
      fetch,
      random,
      log,
      writer,
      telemetry,
      externalUrl,
      silences,
      leads: () => !this.#begun || leads(),
      templates: () => this.#options.config.templates,
      brief: (alerts) => briefer.brief(alerts),
    })
    this.#routing = createRouting({
      telemetry,
      db,
      clock,
      writer,
      dispatcher: this.dispatcher,
      silences,
      ready: this.#ready,
      resolveTimeoutMs: () => this.#resolveTimeoutMs(),
    })
    this.engine = new Engine({
      reader,
      clock,
      log,
      writer,
      telemetry,
      ready: this.#ready,
      leads,
      shared,
      onAlerts,
    })
    this.#own = new SelfWatch({
      clock,
      log,
      writer,
      telemetry,
      host,
      health: async () => [
        ...alertReadings(ruleStatuses(this.engine), this.#channels(), clock.now()),
        ...(await health()),
      ],
      since,
      onAlerts,
    })
    const held = () =>
      whyHeld(ruleStatuses(this.engine), this.#channels(), clock.now(), (group) => this.engine.evaluatedAt(group))
    this.#heartbeats = new Heartbeats({ clock, fetch, log, held })
    this.#changes = new Changes({ clock, db, log, writer, courier: this.dispatcher.courier, leads })
    this.engine.load(withoutOwn(groups))
  }

  get silences(): Silences {
    return this.#silences
  }

  get routing(): Routing {
    return this.#routing
  }

  active(): ActiveAlert[] {
    return [...activeAlerts(this.engine), ...activeAlerts(this.#own)]
  }

  rules(): RuleStatus[] {
    return [...ruleStatuses(this.engine), ...ruleStatuses(this.#own)]
  }

  /** The heartbeats among them. */
  channels(): ChannelStatus[] {
    return [...this.#channels(), ...this.#heartbeats.statuses()]
  }

  /** Goes on where the last process ended. */
  async begin(): Promise<void> {
    const { config, groups, log } = this.#options
    this.#begun = true
    this.#begunAt = this.#options.clock.now()
    // Before anything is asked of storage, which may be away: that is what some of these rules are about.
    this.#own.load(groups)
    this.#heartbeats.configure(config)
    this.#changes.start()
    // The first evaluation tries again, and says so in the rules' health.
    await this.#ready().catch((error: unknown) => log.warn({ err: error }, 'alert state cannot be read yet'))
    this.engine.begin()
  }

  /** Shows what the process that evaluates has written last. */
  async mirror(): Promise<void> {
    this.engine.mirror(await activeAlertStates(this.#options.db))
  }

  /** Takes over what people did through processes that don't evaluate. */
  async hear(): Promise<void> {
    await this.#routing.hear()
  }

  /** The clock was set by that much: alerts go on from now, and what waits waits as long as it would have. */
  stepped(byMs: number): void {
    if (!this.#begun) return
    this.#begunAt += byMs
    this.engine.stepped(byMs)
    this.#own.stepped(byMs)
    this.dispatcher.stepped(byMs)
    // Nobody could send in the time that was left out.
    if (byMs > 0) this.#routing.restore()
  }

  configure(config: AlertsConfig, groups: RuleGroup[]): void {
    Object.assign(this.#options, { config, groups })
    this.#toldOnce = toldOnce(groups)
    this.dispatcher.configure(config)
    this.engine.load(withoutOwn(groups))
    if (!this.#begun) return
    this.#own.load(groups)
    this.#heartbeats.configure(config)
  }

  /** Ends evaluations, lets deliveries under way finish for `graceMs`, writes what is left. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.engine.stop(), this.#own.stop(), this.#heartbeats.stop(), this.#changes.stop()])
    this.#routing.stop()
    await this.dispatcher.stop(graceMs)
    await this.#writer.flushWithin(graceMs)
    this.#writer.stop()
  }

  /** Ends everything at once and writes nothing: the state is another process's now. */
  async abandon(): Promise<void> {
    this.#writer.discard()
    this.#routing.stop()
    const rooms = [this.engine, this.#own, this.#heartbeats, this.#changes]
    await Promise.all([...rooms.map((room) => room.stop()), this.dispatcher.stop(0)])
  }

  /** One that fires for want of data, or by an error, is told again as any other. */
  #isToldOnce({ group, rule_id, reason }: Instance): boolean {
    return reason === '' && this.#toldOnce.has(JSON.stringify([group, rule_id]))
  }

  #resolveTimeoutMs(): number {
    return durationMs(this.#options.config.resolve_timeout)
  }

  #channels(): ChannelStatus[] {
    return channelStatuses(this.dispatcher, this.#options.clock.now())
  }

  async #restore(): Promise<void> {
    const { db, clock } = this.#options
    // What the last process could not store is read with the rest.
    await this.#writer.flushWithin(longestReplayMs)
    const [states, openGroups, silenceRows, progress, version] = await Promise.all([
      activeAlertStates(db),
      openAlertGroups(db),
      silencesEndingAfter(db, clock.now() - expiredShownMs),
      evaluationProgress(db),
      highestStateVersion(db),
    ])
    this.#writer.startAbove(version)
    this.#silences.restore(silenceRows)
    this.dispatcher.restore(openGroups)
    const byMs = this.#setBackSince([...progress.values(), ...states.map(({ evaluated_at }) => evaluated_at)])
    if (byMs < 0) this.dispatcher.stepped(byMs)
    this.#routing.restore()
    const rows = byMs < 0 ? states.map((row) => shiftTimes(row, byMs)) : states
    const own = new Set(this.#own.restore(rows))
    this.engine.restore(
      rows.filter((row) => !own.has(row)),
      progress,
    )
    const firing = [...this.engine.active(), ...this.#own.active()].filter(({ state }) => state === 'firing')
    this.dispatcher.reconcile(new Set(firing.map(({ fingerprint }) => fingerprint)))
  }

  /** By how much the clock was set back, at least, since these moments were evaluated; negative, or zero. */
  #setBackSince(evaluatedAt: readonly number[]): number {
    const latest = evaluatedAt.reduce((one, other) => Math.max(one, other), 0)
    if (latest <= this.#options.clock.now()) return 0
    const byMs = this.#begunAt - latest
    this.#options.log.warn(
      { by_ms: byMs },
      'the clock was set back since alerts were evaluated last; they go on from now',
    )
    return byMs
  }
}

const toldOnce = (groups: readonly RuleGroup[]): Set<string> =>
  new Set(
    groups.flatMap(({ rules }) =>
      rules.flatMap((rule) => (rule.told_once ? [JSON.stringify([rule.group, rule.id])] : [])),
    ),
  )

const withoutOwn = (groups: readonly RuleGroup[]): RuleGroup[] =>
  groups.map((group) => ({ ...group, rules: group.rules.filter((rule) => !isOwn(rule)) }))

/** Runs `task` until it succeeds for the first time; calls in the meantime share one run. */
function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null
  return () => {
    done ??= task().catch((error: unknown) => {
      done = null
      throw error
    })
    return done
  }
}
