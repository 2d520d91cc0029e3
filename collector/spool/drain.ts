/** Sends sealed segments to ClickHouse: one INSERT a segment, its id the token that makes a second try a no-op. */
import { mkdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Db } from '../../storage/client.ts'
import type { Segment } from './segment.ts'

const firstDelayMs = 200
const longestDelayMs = 5_000

export interface DrainOptions {
  db: Pick<Db, 'insertRowBinary'>
  log: Logger
  /** The segment is in ClickHouse and its file gone. */
  onInserted: (segment: Segment, ms: number) => void
  /** ClickHouse refuses it for good; its file now lies in `rejected/`. */
  onRejected: (segment: Segment, reason: string) => void
}

/** Each table has its own queue, so that a refused or slow table holds no other up. Within a table the order is free. */
export class Drain {
  private readonly options: DrainOptions
  private readonly queues = new Map<string, Segment[]>()
  private readonly workers = new Map<string, Promise<void>>()
  private readonly stopping = new AbortController()
  private readonly troubles = new Map<string, string>()

  constructor(options: DrainOptions) {
    this.options = options
  }

  add(segment: Segment): void {
    const queue = this.queues.get(segment.table)
    if (queue) queue.push(segment)
    else this.queues.set(segment.table, [segment])
    this.work(segment.table)
  }

  waiting(table: string): number {
    return this.queues.get(table)?.length ?? 0
  }

  /** Segments not yet inserted, the ones in flight among them. */
  segments(): Segment[] {
    return [...this.queues.values()].flat()
  }

  /** What keeps segments from going in; empty while they do. */
  get reason(): string {
    return [...this.troubles.values()][0] ?? ''
  }

  /** Resolves once every queue is empty. */
  async idle(): Promise<void> {
    while (this.workers.size > 0) await Promise.all(this.workers.values())
  }

  /** Goes on for at most `limitMs`, then leaves the rest on disk for the next start. */
  async stop(limitMs: number): Promise<void> {
    const limit = sleep(limitMs, undefined, { ref: false, signal: this.stopping.signal }).catch(() => undefined)
    await Promise.race([this.idle(), limit])
    this.stopping.abort()
  }

  private work(table: string): void {
    if (this.workers.has(table) || this.stopping.signal.aborted) return
    const worker = this.drain(table).finally(() => {
      this.workers.delete(table)
      if (this.waiting(table) > 0) this.work(table)
    })
    this.workers.set(table, worker)
  }

  private async drain(table: string): Promise<void> {
    const queue = this.queues.get(table) ?? []
    let delay = firstDelayMs
    while (!this.stopping.signal.aborted) {
      const segment = queue[0]
      if (!segment) return
      const done = await this.insert(segment)
      queue.shift()
      if (done) {
        delay = firstDelayMs
        continue
      }
      // To the end of the queue: one that the server cannot take now, for its size, must not hold up the others.
      queue.push(segment)
      await sleep(delay * (0.75 + Math.random() / 2), undefined, { signal: this.stopping.signal }).catch(
        () => undefined,
      )
      delay = Math.min(delay * 2, longestDelayMs)
    }
  }

  /** False: try again later. */
  private async insert(segment: Segment): Promise<boolean> {
    const { db, onInserted } = this.options
    const started = performance.now()
    try {
      await db.insertRowBinary(
        segment.table,
        segment.columns,
        { path: segment.path, offset: segment.offset },
        segment.id,
      )
    } catch (error) {
      if (isPermanent(error)) return this.reject(segment, error)
      this.note(segment.table, messageOf(error))
      return false
    }
    this.note(segment.table, '')
    // A file that cannot be deleted is inserted again at the next start, where its token makes that a no-op.
    await unlink(segment.path).catch((error: unknown) => this.note(segment.table, messageOf(error)))
    onInserted(segment, performance.now() - started)
    return true
  }

  /** Kept, not dropped: moved back into the spool directory, it is tried again at the next start. */
  private async reject(segment: Segment, error: unknown): Promise<boolean> {
    const reason = messageOf(error)
    try {
      await moveToRejected(segment.path)
    } catch (cause) {
      this.note(segment.table, messageOf(cause))
      return false
    }
    this.options.onRejected(segment, reason)
    return true
  }

  private note(table: string, reason: string): void {
    if (reason === (this.troubles.get(table) ?? '')) return
    const { log } = this.options
    if (reason) {
      this.troubles.set(table, reason)
      log.warn({ table, reason }, 'spool: ClickHouse does not take segments; they wait on disk')
    } else {
      this.troubles.delete(table)
      log.info({ table }, 'spool: segments go in again')
    }
  }
}

export async function moveToRejected(path: string): Promise<void> {
  const rejected = join(dirname(path), 'rejected')
  await mkdir(rejected, { recursive: true })
  await rename(path, join(rejected, basename(path)))
}

/** No table, no database, no rights: the server is not set up yet, which is no fault of the rows. */
const notSetUp = new Set(['60', '81', '497'])

/** Anything that does not say of itself that it is final is tried again: a lost connection must never cost rows. */
function isPermanent(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('retryable' in error) || error.retryable !== false) return false
  return !('code' in error && typeof error.code === 'string' && notSetUp.has(error.code))
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 500)
