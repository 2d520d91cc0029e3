/** Alerts: evaluates rules, keeps their state over restarts, and tells receivers. */
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import { activeAlertStates, openAlertGroups } from '../storage/queries/alert-state.ts'
import { Briefer } from './briefing.ts'
import { ChartShelf } from './chart/shelf.ts'
import { systemClock, type Clock } from './clock.ts'
import type { AlertsConfig } from './config.ts'
import { Dispatcher } from './dispatch.ts'
import { Engine } from './engine.ts'
import type { GroupedAlert } from './group.ts'
import type { Instance } from './instance.ts'
import { loadRuleGroups } from './rule-file.ts'
import { RowWriter } from './row-writer.ts'
import { activeAlerts, channelStatuses, ruleStatuses } from './status.ts'
import type { ActiveAlert, ChannelStatus, RuleStatus } from './status.ts'
import { createTelemetry } from './telemetry.ts'
import { tellTestAlert, type TestOutcome } from './test-alert.ts'

export type { ActiveAlert, ChannelStatus, RuleStatus, TestOutcome }

export interface AlertsOptions {
  config: AlertsConfig
  /** Globs of rule files are relative to it. */
  baseDir: string
  /** Keeps the state. */
  db: Db
  /** Answers the rules. */
  reader: Db
  log: Logger
  clock?: Clock
  fetch?: typeof fetch
  /** From 0 to 1: the jitter of retries. */
  random?: () => number
  /** How long a notification waits for what storage knows about its alerts, in ms. */
  contextWaitMs?: number
  /** Address of the dashboard, for links in notifications: asked for each one. `config.external_url` goes before it. */
  dashboardUrl: () => string
}

export interface Alerts {
  /** Pending and firing alerts. */
  active(): ActiveAlert[]
  rules(): RuleStatus[]
  channels(): ChannelStatus[]
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
  let { config } = options
  const groups = await loadRuleGroups(config, baseDir)
  const telemetry = createTelemetry()
  const writer = new RowWriter({ db, clock, log, telemetry })
  const externalUrl = () => (config.external_url ?? options.dashboardUrl()).replace(/\/+$/, '')
  const shelf = new ChartShelf()
  const rules = () => engine.rules().map(({ rule }) => rule)
  const briefer = new Briefer({
    reader,
    clock,
    log,
    rules,
    externalUrl,
    shelf,
    waitMs: options.contextWaitMs ?? contextWaitMs,
  })
  const brief = (alerts: readonly GroupedAlert[]) => briefer.brief(alerts)
  const templates = () => config.templates
  const courier = { clock, fetch, random, log, writer, telemetry, externalUrl, templates, brief }
  const dispatcher = new Dispatcher(config, courier)
  const ready = once(restore)
  const engine = new Engine({
    reader,
    clock,
    log,
    writer,
    telemetry,
    ready,
    onAlerts: (firing, ceased) => dispatcher.update([...firing, ...ceased].map(toGroupedAlert)),
  })
  let stopping: Promise<void> | null = null

  async function restore(): Promise<void> {
    const [states, openGroups] = await Promise.all([activeAlertStates(db), openAlertGroups(db)])
    dispatcher.restore(openGroups)
    engine.restore(states)
    const firing = engine.active().filter(({ state }) => state === 'firing')
    dispatcher.reconcile(new Set(firing.map(({ fingerprint }) => fingerprint)))
  }

  async function stop(): Promise<void> {
    await engine.stop()
    await dispatcher.stop(deliveryGraceMs)
    await writer.flush()
    writer.stop()
  }

  engine.load(groups)
  // The first evaluation tries again, and says so in the rules' health.
  await ready().catch((error: unknown) => log.warn({ err: error }, 'alert state cannot be read yet'))
  return {
    active: () => activeAlerts(engine),
    rules: () => ruleStatuses(engine),
    channels: () => channelStatuses(dispatcher, clock.now()),
    async reload(changed) {
      const next = await loadRuleGroups(changed, baseDir)
      config = changed
      dispatcher.configure(config)
      engine.load(next)
    },
    chart: (id) => shelf.png(id),
    testNotification: (receiver) => tellTestAlert(dispatcher.courier, receiver, clock.now()),
    stop: () => (stopping ??= stop()),
  }
}

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

function toGroupedAlert(instance: Instance): GroupedAlert {
  const { fingerprint, labels, annotations, value, state, active_at, firing_since, resolved_at, evaluated_at } =
    instance
  const ends_at = state === 'firing' ? null : (resolved_at ?? evaluated_at)
  return { fingerprint, labels, annotations, value, starts_at: firing_since ?? active_at, ends_at }
}
