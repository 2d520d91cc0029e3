/**
 * Writes state behind the decisions: a database that is away delays a row and never an alert. Rows wait in memory, the latest
 * of each key, and are tried again. A row that can never be stored is given up, so that it holds up no other.
 */
import type { Logger } from 'pino'
import { StorageError, type Db } from '../storage/client.ts'
import type { Clock } from './clock.ts'
import type { JournalEntry, StateJournal } from './state-journal.ts'
import type { Telemetry } from './telemetry.ts'

/**
 * Kinds of rows in the order in which they are written, and their tables: progress last, so that what a crash cut off is evaluated
 * again, and first how far it was before, so that nothing earlier is.
 */
const tables = {
  progress_before: 'alert_progress',
  alert_events: 'alert_events',
  alert_state: 'alert_state',
  alert_groups: 'alert_groups',
  notifications: 'notifications',
  silences: 'silences',
  alert_actions: 'alert_actions',
  alert_progress: 'alert_progress',
} as const
export type StateRows = keyof typeof tables
const kinds = Object.keys(tables) as StateRows[]

/** Without these a restart does not know what was told. Rows of them replace each other by version: once too often does no harm. */
const journaled: readonly StateRows[] = ['alert_groups', 'alert_state', 'silences']

const retryMs = 5_000
const mostWaiting = 20_000

export interface RowWriterOptions {
  db: Pick<Db, 'insert'>
  clock: Clock
  log: Logger
  telemetry: Telemetry
  /** Keeps what cannot be written over a restart. */
  journal?: StateJournal | null
}

export class RowWriter {
  readonly #db: Pick<Db, 'insert'>
  readonly #clock: Clock
  readonly #log: Logger
  readonly #telemetry: Telemetry
  readonly #journal: StateJournal | null
  readonly #waiting = new Map<StateRows, Map<string, object>>(kinds.map((kind) => [kind, new Map()]))
  #sequence = 0
  #lastVersion = 0
  #failing = false
  #lastRefusal = ''
  #isJournaled = false
  #late = false
  #discarded = false
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null
  #cancelRetry = () => {}

  /** What its journal has of an earlier process waits at once. */
  constructor(options: RowWriterOptions) {
    this.#db = options.db
    this.#clock = options.clock
    this.#log = options.log
    this.#telemetry = options.telemetry
    this.#journal = options.journal ?? null
    const left = this.#journal?.left ?? []
    for (const [kind, key, row] of left) this.put(kind, row, key)
    this.#isJournaled = left.length > 0
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
  put(kind: StateRows, row: object, key = `#${this.#sequence++}`): void {
    const rows = this.#waiting.get(kind)
    if (!rows || this.#discarded) return
    if (rows.size >= mostWaiting && !rows.has(key)) {
      this.#telemetry.rowsDropped.add(1, { table: tables[kind] })
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

  /** Whether rows of these kinds are not stored: they wait, or were given up with everything else. */
  lacks(...asked: StateRows[]): boolean {
    return this.#discarded || asked.some((kind) => (this.#waiting.get(kind)?.size ?? 0) > 0)
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
      // As it waits now: what is put meanwhile comes in its order too, with the next.
      const batches = kinds.map((kind) => [kind, new Map(this.#waiting.get(kind))] as const)
      for (const [kind, batch] of batches) if (batch.size > 0) await this.#write(kind, [...batch])
      if (this.#failing) this.#log.info('alert state is written again')
      this.#failing = false
      if (this.#isJournaled) await this.#writeBeside([])
      this.#isJournaled = false
    } catch (error) {
      if (this.#discarded) return
      if (!this.#failing) this.#log.error({ err: error }, 'alert state cannot be written; it waits in memory')
      this.#failing = true
      this.#cancelRetry = this.#clock.after(retryMs, () => this.flush())
      await this.#writeBeside(journaled.flatMap((kind) => this.#entriesOf(kind)))
      this.#isJournaled = true
    }
  }

  #entriesOf(kind: StateRows): JournalEntry[] {
    return Array.from(this.#waiting.get(kind) ?? [], ([key, row]): JournalEntry => [kind, key, row])
  }

  async #writeBeside(entries: JournalEntry[]): Promise<void> {
    await this.#journal?.write(entries).catch((error: unknown) => {
      this.#log.error({ err: error }, 'alert state cannot be written beside the database either')
    })
  }

  async #write(kind: StateRows, batch: readonly (readonly [string, object])[]): Promise<void> {
    if (this.#discarded) return
    try {
      await this.#db.insert(
        tables[kind],
        batch.map(([, row]) => row),
      )
    } catch (error) {
      if (!(error instanceof StorageError && error.isOfRow)) throw error
      if (batch.length > 1) return await this.#writeHalves(kind, batch)
      this.#giveUp(kind, error)
    }
    const rows = this.#waiting.get(kind)
    for (const [key, row] of batch) if (rows?.get(key) === row) rows.delete(key)
  }

  /** Finds the row that is to blame. */
  async #writeHalves(kind: StateRows, batch: readonly (readonly [string, object])[]): Promise<void> {
    const half = Math.ceil(batch.length / 2)
    await this.#write(kind, batch.slice(0, half))
    await this.#write(kind, batch.slice(half))
  }

  #giveUp(kind: StateRows, error: StorageError): void {
    const table = tables[kind]
    this.#telemetry.rowsDropped.add(1, { table })
    // Once, until the reason changes: the next of its key may be no better.
    const refusal = `${table} ${error.code}`
    if (refusal !== this.#lastRefusal)
      this.#log.error({ err: error, table }, 'a row of alert state can never be stored; it is given up')
    this.#lastRefusal = refusal
  }
}
