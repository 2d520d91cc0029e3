/** What `inferwatch export` does: a backfill with a progress bar, and the state of every job. */
import { counted } from '../../records/counted.ts'
import { rangeOf } from '../../records/point-in-time.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Progress } from '../progress.ts'
import type { ExportConfig, ExportJob } from './config.ts'
import { ExportError } from './error.ts'
import { exportNow, manifestOf, placeOf, type ExportDeps } from './index.ts'

export interface RunFlags {
  from?: string
  to?: string
}

/**
 * Prints one line per job. Throws ExportError before anything is written when a job or a time is unknown, and after the others are
 * written what went wrong with one.
 */
export async function exportRunCommand(
  name: string | undefined,
  flags: RunFlags,
  config: ExportConfig,
  deps: ExportDeps,
  progress: Progress,
  print: (line: string) => void,
): Promise<void> {
  const jobs = name === undefined ? config.jobs : config.jobs.filter((job) => job.name === name)
  const known = config.jobs.map((job) => job.name).join(', ')
  if (jobs.length === 0)
    throw new ExportError(known === '' ? 'export.jobs names no job' : `there is no job ${name}; known: ${known}`)
  const range = wanted(flags)
  const failures: unknown[] = []
  for (const job of jobs) {
    let started = false
    const onProgress = (done: number, total: number, rows: number) => {
      if (!started) progress.start(total)
      started = true
      progress.update(done, rows)
    }
    try {
      const signal = new AbortController().signal
      const { files, rows, unchanged, frozen } = await exportNow(job, deps, { range, signal, onProgress })
      const kept = frozen > 0 ? `, ${frozen} left as they are since rows of theirs have expired` : ''
      const place = placeOf(job, deps.dataDir)
      print(
        `${job.name}: ${counted(files, 'period')} written with ${counted(rows, 'row')}, ${unchanged} unchanged${kept}, in ${place}`,
      )
    } catch (error) {
      failures.push(explained(error, job, deps.dataDir))
    } finally {
      progress.stop()
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** What the system refuses is for a person to mend. */
function explained(error: unknown, job: ExportJob, dataDir: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return new ExportError(`${job.name}: ${placeOf(job, dataDir)} cannot be written: ${error.message}`, { cause: error })
}

/** A heading, and a line for each job: what it wrote, up to when, and what is wrong. */
export async function exportListCommand(config: ExportConfig, deps: ExportDeps): Promise<string[][]> {
  const problems = await lastProblems(deps.db)
  const lines = await Promise.all(config.jobs.map((job) => stateOf(job, deps, problems.get(job.name))))
  return [['job', 'what', 'files', 'rows', 'bytes', 'first', 'last', 'written', 'place', 'problem'], ...lines]
}

async function stateOf(job: ExportJob, deps: ExportDeps, problem: Problem | undefined): Promise<string[]> {
  const what = `${job.table ?? 'query'} per ${job.partition}, ${job.format}`
  const place = placeOf(job, deps.dataDir)
  try {
    const files = (await manifestOf(job, deps))?.files ?? []
    const total = (of: 'rows' | 'bytes') => String(files.reduce((sum, file) => sum + file[of], 0))
    const written = files.reduce((newest, file) => (file.written_at > newest ? file.written_at : newest), '')
    // What failed before the newest file was written is over.
    const current = problem && problem.at > written ? problem.text : ''
    return [
      job.name,
      what,
      String(files.filter(({ file }) => file !== null).length),
      total('rows'),
      total('bytes'),
      files[0]?.period ?? '-',
      files.at(-1)?.period ?? '-',
      written || '-',
      place,
      current || '-',
    ]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [job.name, what, '?', '?', '?', '?', '?', '?', place, reason]
  }
}

interface Problem {
  job: string
  at: string
  text: string
}

async function lastProblems(db: Db): Promise<Map<string, Problem>> {
  const rows = await db.query<Problem>(
    `SELECT subject AS job, formatDateTime(max(timestamp), '%Y-%m-%dT%H:%i:%S.%fZ') AS at, argMax(example, timestamp) AS text
    FROM ingest_issues WHERE source = 'export' GROUP BY job`,
  )
  return new Map(rows.map((row) => [row.job, row]))
}

/** Null without --from: what is due. */
function wanted({ from, to }: RunFlags): TimeRange | null {
  if (from !== undefined) return rangeOf({ from, to }, Date.now(), ExportError)
  if (to !== undefined) throw new ExportError('--to goes with --from')
  return null
}
