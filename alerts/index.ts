/** Alerts: evaluates rules, keeps their state over restarts, and tells receivers. */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import { ChartShelf } from './chart/shelf.ts'
import { noticingSteps, systemClock, type Clock } from './clock.ts'
import type { AlertsConfig } from './config.ts'
import { ownLease, SharedLease, type Lease, type LeaseStatus, type Loss } from './lease.ts'
import { Outage } from './outage.ts'
import { followRouting } from './routing/followed.ts'
import type { Routing } from './routing/index.ts'
import { Silences } from './routing/silences.ts'
import { RowWriter } from './row-writer.ts'
import { loadRuleGroups } from './rule-file.ts'
import type { Reading } from './self/reading.ts'
import { StateJournal } from './state-journal.ts'
import type { ActiveAlert, ChannelStatus, RuleStatus } from './status.ts'
import { createTelemetry } from './telemetry.ts'
import { tellTestAlert, type TestOutcome } from './test-alert.ts'
import { Watch } from './watch.ts'

export type { ActiveAlert, ChannelStatus, LeaseStatus, Reading, Routing, RuleStatus, TestOutcome }

export interface AlertsOptions {
  config: AlertsConfig
  /** Globs of rule files are relative to it. */
  baseDir: string
  /** Keeps the state. */
  db: Db
  /** Answers the rules. */
  reader: Db
  /** Whether other processes may use the same database: then one of them evaluates, by a lease. */
  shared?: boolean
  /** Whether it never evaluates, and shows what others do; of a shared database. */
  follows?: boolean
  /** Where the charts of messages are kept; a restart forgets them without one. */
  dataDir?: string
  log: Logger
  clock?: Clock
  fetch?: typeof fetch
  /** From 0 to 1: the jitter of retries. */
  random?: () => number
  /** How long a notification waits for what storage knows about its alerts, in ms. */
  contextWaitMs?: number
  /** Address of the dashboard, for links in notifications: asked for each one. `config.external_url` goes before it. */
  dashboardUrl: () => string
  /** What the other rooms say of their health, for rules about ourselves. */
  health?: () => Promise<Reading[]>
  /** Tells the alerts about this process from those of others. */
  host?: string
}

export interface Alerts {
  /** Pending and firing alerts. */
  active(): ActiveAlert[]
  rules(): RuleStatus[]
  /** The heartbeats among them. */
  channels(): ChannelStatus[]
  /** Which process this is, and which one evaluates. A follower shows the alerts that the leader wrote. */
  lease(): LeaseStatus
  /** Groups and silences; while another process evaluates, as that one stored them. Null where none does. */
  readonly routing: Routing | null
  /** Takes over a configuration and reads its rule files; on ConfigError everything runs on as before. */
  reload(config: AlertsConfig): Promise<void>
  /** Sends an alert that isn't one to every channel of a receiver, firing and then resolved. Throws RangeError on an unknown one. */
  testNotification(receiver: string): Promise<TestOutcome[]>
  /** A chart that a message links to, as PNG; null for an id that is unknown by now. */
  chart(id: string): Promise<Uint8Array | null>
  /** Ends evaluations, lets deliveries under way finish for a few seconds, writes what is left. Safe to call twice. */
  stop(): Promise<void>
}

/** Of the context of a notification, which must not hold it up. */
const contextWaitMs = 3_000
const deliveryGraceMs = 5_000

/** Throws ConfigError when the rule files can't be used. A database that is away delays evaluations only. */
export async function startAlerts(options: AlertsOptions): Promise<Alerts> {
  const { baseDir, db, reader, log, fetch = globalThis.fetch, random = Math.random } = options
  const { health = () => Promise.resolve([]), host = hostname(), shared = false } = options
  let { config } = options
  let groups = await loadRuleGroups(config, baseDir)
  /** What has times of its own: nothing has any before it is there. */
  let timed = (): readonly { stepped(byMs: number): void }[] => []
  let setBackMs = 0
  const clock = noticingSteps(options.clock ?? systemClock, stepped)
  const telemetry = createTelemetry()
  const externalUrl = () => (config.external_url ?? options.dashboardUrl()).replace(/\/+$/, '')
  const leads = () => lease.held()
  const shelf = new ChartShelf(options.dataDir === undefined ? null : join(options.dataDir, 'charts'))
  const waitMs = options.contextWaitMs ?? contextWaitMs
  const since = clock.now()
  const setBack = (): Reading => ({ measure: 'clock_set_back', labels: {}, value: setBackMs })
  const own = { health: async () => [setBack(), ...(await health())], since, host }
  const journal = await journalIn(shared ? undefined : options.dataDir, log)
  const room = {
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
    ...own,
    journal,
    shelf,
    waitMs,
  }
  // Of its own: what people say here while another process evaluates outlives the terms of this one.
  const writer = new RowWriter({ db, clock, log, telemetry })
  const silences = new Silences({ clock, writer, telemetry })
  const followed = followRouting({ db, clock, writer, silences, dispatcher: () => watch.dispatcher })
  const hear = oneAtATime(() => watch.hear(), log)
  const outage = new Outage({ ...room, silences })
  const terms = {
    onTaken() {
      outage.end()
      return watch.begin()
    },
    onHeld: () => hear(),
    async onFollowed() {
      outage.end()
      await watch.mirror()
      await followed.refresh()
    },
    async onLost(why: Loss) {
      const over = watch
      watch = new Watch({ ...room, config, groups })
      silences.adopt(over.silences)
      await over.abandon()
      if (why === 'cut_off') outage.begin(config, groups)
    },
  }
  const lease: Lease = shared
    ? new SharedLease({ db, clock, log, claims: !options.follows, ...terms })
    : ownLease(terms)
  let watch = new Watch({ ...room, config, groups })
  timed = () => [lease, watch, outage]
  let stopping: Promise<void> | null = null

  function stepped(byMs: number): void {
    if (byMs < 0) setBackMs -= byMs
    if (byMs < 0) log.warn({ by_ms: byMs }, 'the clock was set back; alerts go on from now')
    else log.info({ by_ms: byMs }, 'the clock was set forward, or the machine slept; alerts catch up')
    for (const each of timed()) each.stepped(byMs)
  }

  async function stop(): Promise<void> {
    await watch.stop(deliveryGraceMs)
    await writer.flushWithin(deliveryGraceMs)
    writer.stop()
    await lease.stop()
    await outage.stop(deliveryGraceMs)
    await journal?.close()
  }

  await lease.start()
  return {
    active: () => [...watch.active(), ...outage.active()],
    rules: () => watch.rules(),
    channels: () => watch.channels(),
    lease: () => lease.status(),
    get routing() {
      return lease.held() ? watch.routing : followed
    },
    async reload(changed) {
      groups = await loadRuleGroups(changed, baseDir)
      config = changed
      watch.configure(config, groups)
      outage.configure(config, groups)
    },
    testNotification: (receiver) => tellTestAlert(watch.dispatcher.courier, receiver, clock.now()),
    chart: (id) => shelf.png(id),
    stop: () => (stopping ??= stop()),
  }
}

/** Of a database that is this process's alone: of a shared one, another process goes on. */
async function journalIn(dataDir: string | undefined, log: Logger): Promise<StateJournal | null> {
  if (dataDir === undefined) return null
  return StateJournal.open(join(dataDir, 'alert-journal')).catch((error: unknown) => {
    log.warn({ err: error }, 'no room can be taken for alert state that the database has none for')
    return null
  })
}

/** Runs `task` unless it runs already; logs a failure, once until it works again. */
function oneAtATime(task: () => Promise<void>, log: Logger): () => void {
  let running = false
  let failing = false
  return () => {
    if (running) return
    running = true
    void task()
      .then(() => (failing = false))
      .catch((error: unknown) => {
        if (!failing) log.warn({ err: error }, 'what people did through other processes cannot be read')
        failing = true
      })
      .finally(() => (running = false))
  }
}
