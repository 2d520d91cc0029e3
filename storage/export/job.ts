/**
 * One export job: writes what is due and what changed, a file at a time. The process may die at any point: a file that the manifest
 * does not name yet is written again under the same name, and half of one never has that name.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { durationMs } from '../../records/duration.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { makeFolders } from '../folders.ts'
import { passFrom } from '../rollups.ts'
import { compressionOf, type ExportJob } from './config.ts'
import { clearStaging, temporaryName, type Destination } from './destination.ts'
import { ExportError } from './error.ts'
import { manifestText, parseManifest, withFile, withoutFiles, type Exported, type Manifest } from './manifest.ts'
import { periodName, rangeOf, startOf, stepMs, wholePeriods } from './period.ts'
import type { WriteResult } from './result-file.ts'
import { measured } from './result-file.ts'
import { boundPeriod, fileName, fingerprint, sourceOf, touchedPeriods, type Source } from './source.ts'

export interface JobDeps {
  db: Db
  /** Checks what a query of the configuration asks. */
  reader: Db
  write: WriteResult
  destination: Destination
  /** Fires when the process is about to stop: a pass ends after the file that is being written. */
  signal: AbortSignal
  onFile?: (file: Exported) => void
  /** Periods looked at of all, and rows written. */
  onProgress?: (done: number, total: number, rows: number) => void
}

export interface Pass {
  files: number
  rows: number
  /** Periods whose file says what the tables say. */
  unchanged: number
  /** Periods that changed after rows of theirs had expired: their files stay, since they hold more than the tables. */
  frozen: number
}

const manifestName = 'manifest.json'
/** Rows become visible after their inserted_at. */
const overlapMs = 60_000
/** Rows that come while a file is written make it wrong: it is written again. */
const attempts = 3

export class ExportRun {
  private readonly job: ExportJob
  private readonly deps: JobDeps
  /** Of `performance.now()`: when the last pass, or the process, began. */
  private begunAt = performance.now()
  /** As in the manifest, which is not written anew for this alone. */
  private checkedUntil = 0

  constructor(job: ExportJob, deps: JobDeps) {
    this.job = job
    this.deps = deps
  }

  /** Everything that is due at a time, and every period that changed. Throws ExportError, StorageError or of the file system. */
  async pass(nowMs: number): Promise<Pass> {
    const { job, deps } = this
    const source = await this.prepared()
    const begun = performance.now()
    const closed = startOf(nowMs - durationMs(job.delay), job.partition)
    const engineNow = await this.engineNow()
    const before = (await this.stored()) ?? this.fresh(nowMs, engineNow)
    const watermark = Math.max(Date.parse(before.checked_until), this.checkedUntil)
    const since = passFrom(watermark, engineNow, begun - this.begunAt)
    const next = Math.max(engineNow - overlapMs, since)

    const written = new Set(before.files.map(({ from }) => Date.parse(from)))
    const oldest = this.oldest(nowMs)
    const due = wholePeriods({ from: Math.max(Date.parse(before.begins), oldest), to: closed }, job.partition)
    const touched = await touchedPeriods(deps.db, source, job.partition, since)
    const periods = [
      ...due.filter((start) => !written.has(start)),
      ...touched.filter((start) => written.has(start) && start >= oldest),
    ].toSorted((a, b) => a - b)
    const { pass, manifest } = await this.exportAll(source, before, periods, nowMs)
    const kept = await this.expired({ ...manifest, checked_until: new Date(next).toISOString() }, oldest)
    if (pass.files > 0 || kept.files.length < manifest.files.length) await this.store(kept)
    this.checkedUntil = next
    this.begunAt = begun
    return pass
  }

  /** Every closed period that lies in the range as a whole, whether the schedule would write it or not. */
  async backfill(range: TimeRange, nowMs: number): Promise<Pass> {
    const source = await this.prepared()
    const closed = startOf(nowMs, this.job.partition)
    const before = (await this.stored()) ?? this.fresh(nowMs, await this.engineNow())
    const periods = wholePeriods({ from: range.from, to: Math.min(range.to, closed) }, this.job.partition)
    const { pass } = await this.exportAll(source, before, periods, nowMs)
    return pass
  }

  /** Null before the first file. */
  async stored(): Promise<Manifest | null> {
    const text = await this.deps.destination.read(manifestName)
    const place = `${this.deps.destination.place}/${manifestName}`
    return text === null ? null : parseManifest(text, place, this.job.partition)
  }

  private async prepared(): Promise<Source> {
    const { db, reader, destination } = this.deps
    const source = await sourceOf(this.job, db, reader)
    await clearStaging(destination.staging)
    return source
  }

  /** A new job begins with the last period that is closed; what lies before is for `backfill`. */
  private fresh(nowMs: number, engineNow: number): Manifest {
    const { name, partition, delay } = this.job
    const begins = startOf(nowMs - durationMs(delay), partition) - stepMs[partition]
    return {
      job: name,
      partition,
      begins: new Date(begins).toISOString(),
      checked_until: new Date(engineNow - overlapMs).toISOString(),
      schemas: [],
      files: [],
    }
  }

  private async engineNow(): Promise<number> {
    const [row] = await this.deps.db.query<{ now: number }>('SELECT toUnixTimestamp64Milli(now64(3)) AS now')
    return row?.now ?? 0
  }

  private oldest(nowMs: number): number {
    const { keep, partition } = this.job
    return keep === undefined ? 0 : startOf(nowMs - durationMs(keep), partition) + stepMs[partition]
  }

  private async exportAll(source: Source, before: Manifest, periods: readonly number[], nowMs: number) {
    const pass: Pass = { files: 0, rows: 0, unchanged: 0, frozen: 0 }
    const complete = source.keptMs === null ? 0 : nowMs - source.keptMs
    let manifest = before
    for (const [index, start] of periods.entries()) {
      if (this.deps.signal.aborted) throw new ExportError('stopped: the next start goes on where this one ended')
      const file = await this.exportPeriod(source, manifest, start, start < complete)
      if (file === 'unchanged' || file === 'frozen') pass[file] += 1
      else {
        manifest = withFile(manifest, file, source.schema)
        await this.store(manifest)
        pass.files += 1
        pass.rows += file.rows
        this.deps.onFile?.(file)
      }
      this.deps.onProgress?.(index + 1, periods.length, pass.rows)
    }
    return { pass, manifest }
  }

  private async exportPeriod(
    source: Source,
    manifest: Manifest,
    start: number,
    mayHaveExpired: boolean,
  ): Promise<Exported | 'unchanged' | 'frozen'> {
    const { job, deps } = this
    const { db, destination } = deps
    const range = rangeOf(start, job.partition)
    const period = periodName(start, job.partition)
    const earlier = manifest.files.find((file) => file.period === period)
    for (let attempt = 0; attempt < attempts; attempt++) {
      const found = await fingerprint(db, source, range)
      const state = `${found.rows}-${found.hash}`
      if (earlier?.fingerprint === state) return 'unchanged'
      if (earlier && mayHaveExpired) return 'frozen'
      const staged = found.rows === 0 ? null : await this.staged(source, range, found.rows)
      const after = await fingerprint(db, source, range)
      if (`${after.rows}-${after.hash}` !== state) {
        if (staged) await rm(staged.path, { force: true })
        continue
      }
      const file = staged && fileName(job, compressionOf(job), start, job.partition)
      if (staged && file) await destination.put(staged.path, file)
      if (earlier?.file && earlier.file !== file) await destination.remove(earlier.file)
      return {
        period,
        from: new Date(range.from).toISOString(),
        to: new Date(range.to).toISOString(),
        version: (earlier?.version ?? 0) + 1,
        file,
        rows: found.rows,
        bytes: staged?.bytes ?? 0,
        sha256: staged?.sha256 ?? '',
        schema: source.schema.id,
        min_timestamp: found.min_timestamp,
        max_timestamp: found.max_timestamp,
        fingerprint: state,
        written_at: new Date().toISOString(),
      }
    }
    throw new ExportError(`rows of ${period} change faster than they can be written: it will be tried again`)
  }

  private async staged(source: Source, range: TimeRange, rows: number) {
    const { format, name } = this.job
    const { query, columns } = source.schema
    const path = join(this.deps.destination.staging, temporaryName(name))
    const params = { ...source.params, ...boundPeriod(range) }
    try {
      await makeFolders(this.deps.destination.staging)
      const file = {
        path,
        rows,
        format,
        compression: compressionOf(this.job),
        columns: columns.map((each) => each.name),
      }
      await this.deps.write(query, params, file)
      return { path, ...(await measured(path)) }
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
  }

  /** Files first: a name that stays in the manifest is looked for again, one that is missing there never. */
  private async expired(manifest: Manifest, oldest: number): Promise<Manifest> {
    const gone = manifest.files.filter(({ from }) => Date.parse(from) < oldest)
    for (const { file } of gone) if (file !== null) await this.deps.destination.remove(file)
    return withoutFiles(manifest, new Set(gone.map(({ period }) => period)))
  }

  private store(manifest: Manifest): Promise<void> {
    return this.deps.destination.write(manifestName, manifestText(manifest))
  }
}
