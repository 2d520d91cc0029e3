/** One term of watching: from when this process takes over the rules until it stops or somebody else does. */
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import {
  activeAlertStates,
  evaluationProgress,
  highestStateVersion,
  openAlertGroups,
} from '../storage/queries/alert-state.ts'
import type { Clock } from './clock.ts'
import type { AlertsConfig } from './config.ts'
import { Dispatcher } from './dispatch.ts'
import { Engine } from './engine.ts'
import type { GroupedAlert } from './group.ts'
import type { Instance } from './instance.ts'
import type { RuleGroup } from './rule.ts'
import { RowWriter } from './row-writer.ts'
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
}

export class Watch {
  readonly engine: Engine
  readonly dispatcher: Dispatcher
  readonly #options: WatchOptions
  readonly #writer: RowWriter
  readonly #ready = once(() => this.#restore())
  #begun = false

  constructor(options: WatchOptions) {
    const { config, groups, db, reader, log, clock, random, telemetry, externalUrl, leads } = options
    this.#options = options
    this.#writer = new RowWriter({ db, clock, log, telemetry })
    const writer = this.#writer
    const fetch: typeof globalThis.fetch = (...call) =>
      this.#begun && !leads()
        ? Promise.reject(new Error('another process tells receivers now'))
        : options.fetch(...call)
    this.dispatcher = new Dispatcher(config, { clock, fetch, random, log, writer, telemetry, externalUrl })
    this.engine = new Engine({
      reader,
      clock,
      log,
      writer,
      telemetry,
      ready: this.#ready,
      leads,
      onAlerts: (firing, ceased) => this.dispatcher.update([...firing, ...ceased].map(toGroupedAlert)),
    })
    this.engine.load(groups)
  }

  /** Goes on where the last process ended. */
  async begin(): Promise<void> {
    const { log } = this.#options
    this.#begun = true
    // The first evaluation tries again, and says so in the rules' health.
    await this.#ready().catch((error: unknown) => log.warn({ err: error }, 'alert state cannot be read yet'))
    this.engine.begin()
  }

  /** Shows what the process that evaluates has written last. */
  async mirror(): Promise<void> {
    this.engine.mirror(await activeAlertStates(this.#options.db))
  }

  configure(config: AlertsConfig, groups: RuleGroup[]): void {
    this.dispatcher.configure(config)
    this.engine.load(groups)
  }

  /** Ends evaluations, lets deliveries under way finish for `graceMs`, writes what is left. */
  async stop(graceMs: number): Promise<void> {
    await this.engine.stop()
    await this.dispatcher.stop(graceMs)
    await this.#writer.flush()
    this.#writer.stop()
  }

  /** Ends everything at once and writes nothing: the state is another process's now. */
  async abandon(): Promise<void> {
    this.#writer.discard()
    await Promise.all([this.engine.stop(), this.dispatcher.stop(0)])
  }

  async #restore(): Promise<void> {
    const { db } = this.#options
    const [states, openGroups, progress, version] = await Promise.all([
      activeAlertStates(db),
      openAlertGroups(db),
      evaluationProgress(db),
      highestStateVersion(db),
    ])
    this.#writer.startAbove(version)
    this.dispatcher.restore(openGroups)
    this.engine.restore(states, progress)
    const firing = this.engine.active().filter(({ state }) => state === 'firing')
    this.dispatcher.reconcile(new Set(firing.map(({ fingerprint }) => fingerprint)))
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
