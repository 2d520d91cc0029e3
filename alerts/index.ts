/** Alerts: evaluates rules, keeps their state over restarts, and tells receivers. */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import { ChartShelf } from './chart/shelf.ts'
import { systemClock, type Clock } from './clock.ts'
import type { AlertsConfig } from './config.ts'
import { ownLease, SharedLease, type Lease, type LeaseStatus, type Loss } from './lease.ts'
import { Outage } from './outage.ts'
import type { Routing } from './routing/index.ts'
import { loadRuleGroups } from './rule-file.ts'
import type { Reading } from './self/reading.ts'
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
  /** Null while another process evaluates: groups and silences are in its memory. */
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
  const { baseDir, db, reader, log, clock = systemClock, fetch = globalThis.fetch, random = Math.random } = options
  const { health = () => Promise.resolve([]), host = hostname() } = options
  let { config } = options
  let groups = await loadRuleGroups(config, baseDir)
  const telemetry = createTelemetry()
  const externalUrl = () => (config.external_url ?? options.dashboardUrl()).replace(/\/+$/, '')
  const leads = () => lease.held()
  const shelf = new ChartShelf()
  const waitMs = options.contextWaitMs ?? contextWaitMs
  const since = clock.now()
  const own = { health, since, host }
  const room = { db, reader, log, clock, fetch, random, telemetry, externalUrl, leads, ...own, shelf, waitMs }
  const outage = new Outage(room)
  const terms = {
    onTaken() {
      outage.end()
      return watch.begin()
    },
    onFollowed() {
      outage.end()
      return watch.mirror()
    },
    async onLost(why: Loss) {
      const over = watch
      watch = new Watch({ ...room, config, groups })
      await over.abandon()
      if (why === 'cut_off') outage.begin(config, groups, over.silences)
    },
  }
  const lease: Lease = options.shared ? new SharedLease({ db, clock, log, ...terms }) : ownLease(terms)
  let watch = new Watch({ ...room, config, groups })
  let stopping: Promise<void> | null = null

  async function stop(): Promise<void> {
    await watch.stop(deliveryGraceMs)
    await lease.stop()
    await outage.stop(deliveryGraceMs)
  }

  await lease.start()
  return {
    active: () => [...watch.active(), ...outage.active()],
    rules: () => watch.rules(),
    channels: () => watch.channels(),
    lease: () => lease.status(),
    get routing() {
      return lease.held() ? watch.routing : null
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
