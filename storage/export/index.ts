/** Exports on a schedule: one job after the other, each tried again after a failure, never in the way of what comes in. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { metrics } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { durationMs } from '../../records/duration.ts'
import { plainIssue, type IngestIssue } from '../../records/ingest-issue.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { exclusively } from '../data-dir.ts'
import { traced } from '../traced.ts'
import type { ExportConfig, ExportJob } from './config.ts'
import { folderDestination, type Destination } from './destination.ts'
import { ExportError } from './error.ts'
import { ExportRun, type JobDeps, type Pass } from './job.ts'
import type { Manifest } from './manifest.ts'
import type { WriteResult } from './result-file.ts'
import { bucketDestination } from './s3.ts'

export interface ExportDeps {
  db: Db
  reader: Db
  writeResult: WriteResult
  dataDir: string
}

export interface Exports {
  /** Takes other jobs from the next pass on. */
  reload(config: ExportConfig): void
  /** Waits for the file that is being written, at most `limitMs`: one that is given up is written at the next start. Safe to call twice. */
  stop(limitMs?: number): Promise<void>
}

interface Options extends ExportDeps {
  config: ExportConfig
  log: Logger
  /** Epoch ms. */
  clock?: () => number
  /** How often it looks whether a job is due. */
  tickMs?: number
}

interface Scheduled {
  job: ExportJob
  run: ExportRun
  nextAt: number
  failures: number
  doneAt: number
}

const everyMs = { '1h': 3_600_000, '1d': 86_400_000 }
const firstRetryMs = 60_000
const longestRetryMs = 3_600_000

export function startExports({ config, log, clock = Date.now, tickMs = 30_000, ...deps }: Options): Exports {
  const stopping = new AbortController()
  const meter = metrics.getMeter('inferwatch')
  const files = meter.createCounter('inferwatch.export.files', { description: 'Files that exports wrote' })
  const rows = meter.createCounter('inferwatch.export.rows', { description: 'Rows that exports wrote' })
  const failures = meter.createCounter('inferwatch.export.failures', {
    description: 'Passes of an export that failed and are tried again',
  })
  let jobs: Scheduled[] = []
  let working: Promise<void> = Promise.resolve()

  meter
    .createObservableGauge('inferwatch.export.age_seconds', {
      description: 'Time since an export was last brought up to date',
      unit: 's',
    })
    .addCallback((result) => {
      if (stopping.signal.aborted) return
      for (const { job, doneAt } of jobs) result.observe((clock() - doneAt) / 1000, { job: job.name })
    })

  const reload = (next: ExportConfig) => {
    jobs = next.jobs.map((job) => {
      const before = jobs.find((each) => JSON.stringify(each.job) === JSON.stringify(job))
      if (before) return before
      const run = exportRun(job, deps, stopping.signal, {
        onFile(file) {
          files.add(1, { job: job.name })
          rows.add(file.rows, { job: job.name })
        },
      })
      return { job, run, nextAt: 0, failures: 0, doneAt: clock() }
    })
  }

  const passOf = async (scheduled: Scheduled) => {
    const { job, run } = scheduled
    try {
      const pass = await exclusively(deps.dataDir, 'export', () =>
        traced('export', { 'inferwatch.export.job': job.name }, () => run.pass(clock())),
      )
      // Somebody runs a backfill: after it.
      if (pass === null) return
      if (scheduled.failures > 0) log.info({ job: job.name }, 'export works again')
      if (pass.files > 0) log.info({ job: job.name, ...pass }, 'exported')
      scheduled.failures = 0
      scheduled.doneAt = clock()
      scheduled.nextAt = nextPass(job, clock())
    } catch (error) {
      if (stopping.signal.aborted) return
      failures.add(1, { job: job.name })
      const reason = messageOf(error)
      if (scheduled.failures === 0)
        log.warn({ job: job.name, reason }, 'export failed: it will be tried again, and nothing is left out')
      scheduled.nextAt = clock() + Math.min(firstRetryMs * 2 ** scheduled.failures, longestRetryMs)
      scheduled.failures += 1
      await deps.db.insert('ingest_issues', [failureIssue(job, reason, clock())]).catch(() => undefined)
    }
  }
  const work = async () => {
    for (const scheduled of jobs) {
      if (stopping.signal.aborted) return
      if (clock() >= scheduled.nextAt) await passOf(scheduled)
    }
  }
  let busy = false
  const tick = () => {
    if (busy || stopping.signal.aborted) return
    busy = true
    working = work().finally(() => (busy = false))
  }

  reload(config)
  const timer = setInterval(tick, tickMs).unref()
  tick()
  return {
    reload,
    async stop(limitMs = 5_000) {
      clearInterval(timer)
      stopping.abort()
      await Promise.race([working, sleep(limitMs, undefined, { ref: false })])
    },
  }
}

/** Every job in step with the clock: when rows that come late have come. */
export function nextPass({ every, delay }: Pick<ExportJob, 'every' | 'delay'>, nowMs: number): number {
  const late = durationMs(delay)
  return (Math.floor((nowMs - late) / everyMs[every]) + 1) * everyMs[every] + late
}

/** Writes the closed periods of a range, or what is due without one. Throws ExportError when another process exports now. */
export async function exportNow(
  job: ExportJob,
  deps: ExportDeps,
  { range, ...more }: { range: TimeRange | null; signal: AbortSignal; onProgress?: JobDeps['onProgress'] },
): Promise<Pass> {
  const { signal, onProgress } = more
  const run = exportRun(job, deps, signal, onProgress ? { onProgress } : {})
  const now = Date.now()
  const pass = await exclusively(deps.dataDir, 'export', () => (range ? run.backfill(range, now) : run.pass(now)))
  if (pass === null) throw new ExportError('the process that serves is exporting now: try again when it is done')
  return pass
}

/** What a job has written so far; null when nothing. */
export function manifestOf(job: ExportJob, deps: ExportDeps): Promise<Manifest | null> {
  return exportRun(job, deps, new AbortController().signal).stored()
}

export const placeOf = (job: ExportJob, dataDir: string) => destinationOf(job, dataDir).place

function exportRun(
  job: ExportJob,
  { db, reader, writeResult, dataDir }: ExportDeps,
  signal: AbortSignal,
  watching: Pick<JobDeps, 'onFile' | 'onProgress'> = {},
): ExportRun {
  return new ExportRun(job, {
    db,
    reader,
    write: writeResult,
    destination: destinationOf(job, dataDir),
    signal,
    ...watching,
  })
}

function destinationOf({ to, name }: ExportJob, dataDir: string): Destination {
  if (typeof to === 'string') return folderDestination(join(to, name))
  return bucketDestination(to, { folder: name, staging: join(dataDir, 'exports', name) })
}

function failureIssue({ name }: ExportJob, reason: string, nowMs: number): IngestIssue {
  const about = { source: 'export', reason: 'export_failed', subject: name, items: 1, example: reason.slice(0, 500) }
  return { ...plainIssue, timestamp: nowMs * 1000, ...about }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
