/**
 * The spool: what makes "acknowledged" mean "durable". Rows go to disk first, and from there, in segments, to ClickHouse.
 * Kill the process at any point: every row whose append resolved is inserted, once, by this run or the next.
 */
import { access, constants, mkdir, open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Db } from '../../storage/client.ts'
import { errorCode } from '../../records/error-code.ts'
import { DataDirError } from '../../storage/data-dir.ts'
import { tables, type Table, type TableRows } from '../../storage/tables.ts'
import type { SpoolConfig } from '../config.ts'
import { diskRoom, diskSpace, type DiskSpace } from './disk-room.ts'
import { Drain, moveToRejected } from './drain.ts'
import { spoolMetrics, type SpoolStats } from './metrics.ts'
import { recoverSegment, segmentSuffix, UnreadableSegment, type Segment } from './segment.ts'
import { TableWal } from './wal.ts'

export type { SpoolStats } from './metrics.ts'

export type Batch = { [T in keyof TableRows]?: TableRows[T][] }

export interface Spool {
  /**
   * Resolves once every row is on disk (group fsync). Rejects with SpoolFull, and the sender may try again later; with
   * TypeError when a row is malformed. After a rejection some rows may be stored all the same: sending them again is safe.
   */
  append(batch: Batch): Promise<void>
}

export interface RunningSpool extends Spool {
  stats(): SpoolStats
  /** Resolves once everything appended before the call is in ClickHouse, however long that takes. */
  drained(): Promise<void>
  /** Seals, drains for at most `limitMs`, leaves the rest on disk for the next start. Appends are refused. Idempotent. */
  stop(limitMs?: number): Promise<void>
}

/** No room for these rows now: the limit is reached or the disk does not take them. */
export class SpoolFull extends Error {
  override name = 'SpoolFull'
}

export interface SpoolOptions {
  dir: string
  config: SpoolConfig
  db: Pick<Db, 'insertRowBinary'>
  log: Logger
  /** Epoch ms. */
  clock?: () => number
  /** Room on the disk of `dir`. */
  space?: () => Promise<DiskSpace>
  /** Told of rows that ClickHouse refused for good. */
  onRejected?: (reason: string, rows: number, example: string) => void
}

/** Samples come without end and are looked at over minutes: in fewer, larger inserts they cost the engine half. */
const sampleTables: ReadonlySet<string> = new Set(['gpu_samples', 'server_samples', 'metric_samples', 'queue_samples'])
/** Their segments are this many times as old as others when they are sealed. */
const sampleSegments = 5

type Names = keyof TableRows
type Wals = { [T in Names]: TableWal<TableRows[T]> }

/** Takes over what a former run left in `dir`, then accepts rows. Throws DataDirError when `dir` cannot be written. */
export async function startSpool(options: SpoolOptions): Promise<RunningSpool> {
  const { dir, config, db, log, clock = Date.now, onRejected = () => undefined } = options
  const directory = await openDirectory(dir)
  const room = diskRoom(options.space ?? (() => diskSpace(dir)), config.segment_bytes)
  await room.look()
  let waitingBytes = 0
  let refused = 0
  let lastRefusal = ''
  let rejectedSegments = 0
  let stopped: Promise<void> | null = null
  const appended: Record<string, number> = {}
  const inserted: Record<string, number> = {}
  const meters = spoolMetrics(stats)

  const drain = new Drain({
    db,
    log,
    onInserted(segment, ms) {
      waitingBytes -= segment.bytes
      inserted[segment.table] = (inserted[segment.table] ?? 0) + segment.rows
      meters.inserted.add(segment.rows, { table: segment.table })
      meters.insertSeconds.record(ms / 1000, { table: segment.table })
    },
    // Its bytes stay on disk and so stay counted: even refused segments cannot fill the disk beyond the limit.
    onRejected(segment, reason) {
      rejectedSegments++
      meters.rejected.add(1, { table: segment.table })
      log.error(
        { segment: segment.id, rows: segment.rows, reason },
        'spool: ClickHouse refused a segment; kept in rejected/',
      )
      onRejected('segment_rejected', segment.rows, `${segment.table}: ${reason}`)
    },
  })
  const enqueue = (segment: Segment) => {
    waitingBytes += segment.bytes
    drain.add(segment)
  }

  const wals = eachTable(
    (table) =>
      new TableWal({
        ...config,
        segment_ms: config.segment_ms * (sampleTables.has(table.name) ? sampleSegments : 1),
        dir,
        directory,
        table,
        congested: () => drain.waiting(table.name) > 1,
        onSealed: enqueue,
        clock,
      }),
  )

  await replay()
  const ticker = setInterval(() => {
    void room.look()
    Object.values(wals).forEach((wal) => void wal.seal(false))
  }, config.segment_ms / 4)
  ticker.unref()

  function bytesNow(): number {
    return Object.values(wals).reduce((sum, wal) => sum + wal.bytes, waitingBytes)
  }

  function stats(): SpoolStats {
    const waiting = drain.segments()
    const since = [...waiting.map((segment) => segment.created_ms), ...Object.values(wals).map((wal) => wal.openSince)]
    const oldest = Math.min(...since.filter((time) => time !== null))
    return {
      bytes: bytesNow(),
      max_bytes: config.max_bytes,
      segments: waiting.length,
      oldest_ms: Number.isFinite(oldest) ? Math.max(clock() - oldest, 0) : null,
      appended: { ...appended },
      inserted: { ...inserted },
      refused,
      last_refusal: lastRefusal,
      rejected_segments: rejectedSegments,
      reason: drain.reason,
      no_room: room.reason(),
    }
  }

  function refuse(reason: string, message: string, cause?: unknown): SpoolFull {
    refused++
    lastRefusal = message
    meters.refused.add(1, { reason })
    return new SpoolFull(message, { cause })
  }

  /** Encodes every row or none. */
  function stage(batch: Batch): [Names, number][] {
    const done: { wal: Wals[Names]; mark: number; rows: number }[] = []
    const counts: [Names, number][] = []
    const undo = () => done.forEach(({ wal, mark, rows }) => wal.unstage(mark, rows))
    const add = <T extends Names>(name: T, rows: TableRows[T][]) => {
      const wal: TableWal<TableRows[T]> = wals[name]
      const mark = wal.staged
      wal.stage(rows)
      done.push({ wal: wals[name], mark, rows: rows.length })
      counts.push([name, rows.length])
    }
    try {
      for (const name of namesOf(batch)) add(name, (batch[name] ?? []) as TableRows[typeof name][])
    } catch (error) {
      undo()
      throw error
    }
    if (bytesNow() <= config.max_bytes) return counts
    undo()
    throw refuse('full', `the spool holds its ${config.max_bytes} bytes: ${drain.reason || 'ClickHouse is behind'}`)
  }

  async function append(batch: Batch): Promise<void> {
    if (stopped) throw refuse('stopping', 'the spool is stopping')
    if (room.reason()) throw refuse('disk', room.reason())
    const counts = stage(batch)
    const started = performance.now()
    try {
      await Promise.all(counts.map(([name]) => wals[name].commit()))
    } catch (cause) {
      throw refuse('disk', `the spool cannot be written: ${(cause as Error).message}`, cause)
    }
    meters.appendSeconds.record((performance.now() - started) / 1000)
    for (const [name, rows] of counts) {
      appended[name] = (appended[name] ?? 0) + rows
      meters.appended.add(rows, { table: name })
    }
  }

  async function replay(): Promise<void> {
    const names = (await readdir(dir)).filter((name) => name.endsWith(segmentSuffix))
    const rejected = join(dir, 'rejected')
    for (const name of await readdir(rejected).catch(() => [])) waitingBytes += (await stat(join(rejected, name))).size
    for (const name of names.sort()) {
      const path = join(dir, name)
      try {
        const segment = await recoverSegment(path)
        if (segment) enqueue(segment)
        else await unlink(path)
      } catch (error) {
        // Inserted after all, by the last breath of the former run.
        if (errorCode(error) === 'ENOENT') continue
        waitingBytes += (await stat(path)).size
        rejectedSegments++
        meters.rejected.add(1, { table: name.split('-', 1)[0] ?? '' })
        await moveToRejected(path)
        log.error({ path, reason: (error as Error).message }, 'spool: a segment is damaged; kept in rejected/')
        // At least the file itself counts, when nobody can say how many rows were in it.
        const rows = error instanceof UnreadableSegment ? error.rows : 0
        onRejected('segment_damaged', Math.max(rows, 1), (error as Error).message)
      }
    }
    if (drain.segments().length > 0) log.info({ segments: drain.segments().length }, 'spool: replaying a former run')
  }

  const sealAll = () => Promise.all(Object.values(wals).map((wal) => wal.seal(true)))

  async function shutDown(limitMs: number): Promise<void> {
    clearInterval(ticker)
    await sealAll()
    await drain.stop(limitMs)
    meters.stop()
    await directory.close()
    const left = drain.segments().length
    if (left > 0) log.info({ segments: left }, 'spool: the rest waits on disk for the next start')
  }

  return {
    append,
    stats,
    async drained() {
      await sealAll()
      await drain.idle()
    },
    stop(limitMs = 5_000) {
      stopped ??= shutDown(limitMs)
      return stopped
    },
  }
}

async function openDirectory(dir: string): Promise<FileHandle> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK)
    return await open(dir, 'r')
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new DataDirError(`${dir} is not writable (${code}): give this user rights to it`, { cause })
  }
}

/** Each table's log takes that table's rows: the compiler cannot follow that through a loop over their names. */
function eachTable(make: <Row>(table: Table<Row>) => TableWal<Row>): Wals {
  const wals = Object.values(tables).map((table) => [table.name, make(table as Table<unknown>)])
  return Object.fromEntries(wals) as Wals
}

/** The tables of a batch that have rows. */
const namesOf = (batch: Batch) => (Object.keys(batch) as Names[]).filter((name) => (batch[name]?.length ?? 0) > 0)
