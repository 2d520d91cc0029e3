/**
 * Writes state behind the decisions: a database that is away delays a row and never an alert. Rows wait in memory, the latest
 * of each key, and are tried again.
 */
import type { Logger } from 'pino'
import type { Db } from '../storage/client.ts'
import type { Clock } from './clock.ts'
import type { Telemetry } from './telemetry.ts'

/** In the order in which they are written: progress last, so that what a crash cut off is evaluated again. */
const tables = [
  'alert_events',
  'alert_state',
  'alert_groups',
  'notifications',
  'silences',
  'alert_actions',
  'alert_progress',
] as const
export type StateTable = (typeof tables)[number]

const retryMs = 5_000
const mostWaiting = 20_000

export class RowWriter {
  readonly #db: Pick<Db, 'insert'>
  readonly #clock: Clock
  readonly #log: Logger
  readonly #telemetry: Telemetry
  readonly #waiting = new Map<StateTable, Map<string, object>>(tables.map((table) => [table, new Map()]))
  #sequence = 0
  #lastVersion = 0
  #failing = false
  #late = false
  #discarded = false
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null
  #cancelRetry = () => {}

  constructor(options: { db: Pick<Db, 'insert'>; clock: Clock; log: Logger; telemetry: Telemetry }) {
    this.#db = options.db
    this.#clock = options.clock
    this.#log = options.log
    this.#telemetry = options.telemetry
  }

  /** Rises with every call, over restarts too: the version of a replacing row. */
  nextVersion(): number {
    this.#lastVersion = Math.max(this.#lastVersion + 1, this.#clock.now() * 1000)
    return this.#lastVersion
  }

  /** Versions from now on are above this one. */
  startAbove(version: number): void {
    this.#lastVersion = Math.max(this.#lastVersion, version)
  }

  /** A later row replaces a waiting one of the same key; without a key, every row is kept. */
  put(table: StateTable, row: object, key = `#${this.#sequence++}`): void {
    const rows = this.#waiting.get(table)
    if (!rows || this.#discarded) return
    if (rows.size >= mostWaiting && !rows.has(key)) {
      this.#telemetry.rowsDropped.add(1, { table })
      return
    }
    rows.set(key, row)
  }

  /** Writes what waits. Never rejects: rows that could not be written stay, and are tried again. */
  flush(): Promise<void> {
    // One at a time, so that an older row can't overtake; calls while one runs share the next.
    this.#next ??= this.#writeAfter(this.#running)
    return this.#next
  }

  /** As `flush`, but waits no longer than `ms`: a write that hangs goes on behind, and is counted. */
  async flushWithin(ms: number): Promise<void> {
    let cancel = () => {}
    const late = new Promise<true>((resolve) => {
      cancel = this.#clock.after(ms, () => resolve(true))
    })
    const wasLate = await Promise.race([late, this.flush().then(() => false)])
    cancel()
    if (wasLate) this.#telemetry.lateWrites.add(1)
    if (wasLate && !this.#late)
      this.#log.warn({ waited_ms: ms }, 'alert state is slow to be written; rules do not wait for it')
    this.#late = wasLate
  }

  /** Whether rows of these tables are not stored: they wait, or were given up with everything else. */
  lacks(...asked: StateTable[]): boolean {
    return this.#discarded || asked.some((table) => (this.#waiting.get(table)?.size ?? 0) > 0)
  }

  stop(): void {
    this.#cancelRetry()
  }

  /** Writes nothing any more: somebody else keeps the state now. */
  discard(): void {
    this.#discarded = true
    this.#cancelRetry()
    for (const rows of this.#waiting.values()) rows.clear()
  }

  async #writeAfter(running: Promise<void> | null): Promise<void> {
    await running
    this.#next = null
    this.#running = this.#writeAll()
    await this.#running
  }

  async #writeAll(): Promise<void> {
    this.#cancelRetry()
    try {
      for (const table of tables) await this.#write(table)
      if (this.#failing) this.#log.info('alert state is written again')
      this.#failing = false
    } catch (error) {
      if (this.#discarded) return
      if (!this.#failing) this.#log.error({ err: error }, 'alert state cannot be written; it waits in memory')
      this.#failing = true
      this.#cancelRetry = this.#clock.after(retryMs, () => this.flush())
    }
  }

  async #write(table: StateTable): Promise<void> {
    const rows = this.#waiting.get(table)
    if (!rows || rows.size === 0) return
    const batch = new Map(rows)
    await this.#db.insert(table, [...batch.values()])
    for (const [key, row] of batch) if (rows.get(key) === row) rows.delete(key)
  }
}
