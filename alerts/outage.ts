/**
 * Of a process that shares a database and led until that went away: goes on watching whether storage answers, and tells when it does
 * not. Without a lease nobody may speak for all, but each can say what it sees itself: alerts carry the name of the host. Nothing is
 * stored; it ends once it has told that storage is back.
 */
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import type { Clock } from './clock.ts'
import type { AlertsConfig } from './config.ts'
import { Dispatcher } from './dispatch.ts'
import { toGroupedAlert } from './instance.ts'
import type { RuleGroup } from './rule.ts'
import type { Silences } from './routing/silences.ts'
import { RowWriter } from './row-writer.ts'
import type { Reading } from './self/reading.ts'
import { SelfWatch } from './self/watch.ts'
import { activeAlerts, type ActiveAlert } from './status.ts'
import type { Telemetry } from './telemetry.ts'

export interface OutageOptions {
  clock: Clock
  fetch: typeof fetch
  random: () => number
  log: Logger
  telemetry: Telemetry
  externalUrl: () => string
  host: string
  health: () => Promise<Reading[]>
  /** When the process began, epoch ms. */
  since: number
  /** Those that held, and those that people make here meanwhile. */
  silences: Silences
}

const lookMs = 15_000

export class Outage {
  readonly #options: OutageOptions
  #room: { own: SelfWatch; dispatcher: Dispatcher; templates: AlertsConfig['templates'] } | null = null
  #isOver = false
  #cancelLook = () => {}

  constructor(options: OutageOptions) {
    this.#options = options
  }

  /** Storage took the lease with it; one that goes on already does so. */
  begin(config: AlertsConfig, groups: readonly RuleGroup[]): void {
    this.#isOver = false
    if (this.#room) return
    const { health } = this.#options
    const writer = new RowWriter({ ...this.#options, db: nowhere })
    writer.discard()
    const dispatcher = new Dispatcher(config, {
      ...this.#options,
      writer,
      // It speaks for itself alone.
      leads: () => true,
      templates: () => this.#room?.templates ?? {},
      brief: () => Promise.resolve(new Map()),
    })
    const own = new SelfWatch({
      ...this.#options,
      writer,
      // The rest is the leader's to tell, from when there is one again.
      health: async () => (await health()).filter(({ measure }) => measure === 'storage_down'),
      onAlerts: (firing, ceased) =>
        dispatcher.update([...firing, ...ceased].map((instance) => toGroupedAlert(instance, false))),
    })
    this.#room = { own, dispatcher, templates: config.templates }
    own.load(groups)
    this.#look()
  }

  configure(config: AlertsConfig, groups: readonly RuleGroup[]): void {
    if (!this.#room) return
    this.#room.templates = config.templates
    this.#room.dispatcher.configure(config)
    this.#room.own.load(groups)
  }

  /** The clock was set by that much. */
  stepped(byMs: number): void {
    this.#room?.own.stepped(byMs)
    this.#room?.dispatcher.stepped(byMs)
  }

  /** The lease can be read again. */
  end(): void {
    this.#isOver = true
  }

  active(): ActiveAlert[] {
    return this.#room ? activeAlerts(this.#room.own) : []
  }

  /** Lets a delivery under way finish for `graceMs`. Safe to call twice. */
  async stop(graceMs: number): Promise<void> {
    this.#cancelLook()
    const room = this.#room
    this.#room = null
    await Promise.all([room?.own.stop(), room?.dispatcher.stop(graceMs)])
  }

  /** Ends what has nothing left to tell. */
  #look(): void {
    this.#cancelLook = this.#options.clock.after(lookMs, async () => {
      const isTold = this.active().length === 0 && this.#room?.dispatcher.groups().length === 0
      if (this.#isOver && isTold) await this.stop(0)
      else this.#look()
    })
  }
}

const nowhere: Pick<Db, 'insert'> = { insert: () => Promise.resolve() }
