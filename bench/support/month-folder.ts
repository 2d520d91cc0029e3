/** Where the month of requests lies: in a folder that goes away afterwards, or in one that is kept for the next measurement. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** What was loaded there; written when all of it was. */
export interface Month {
  rows: number
  /** End of the month, epoch ms: questions are asked as if it were now. */
  to: number
}

export interface MonthFolder {
  path: string
  /** Null where it is still to be loaded. */
  loaded: Month | null
  /** Call it when the loading is done. */
  finished(month: Month): void
  /** Removes what is not to be kept. */
  close(): void
}

export interface Wanted {
  rows: number
  /** Load into this folder, and leave it there. */
  keep?: string
  /** Measure what was kept there. */
  data?: string
}

/** On disk, rollups included, and what merges need beside it for a while. */
const bytesPerRow = 250
/** Rollups of a month hold this much however few requests there are. */
const fixedBytes = 1e9

const bytesNeeded = (rows: number) => rows * bytesPerRow + Math.min(fixedBytes, rows * 1000)

/** Throws with one line that says what to do: too little space, or a folder that does not fit what is asked. */
export function openMonth({ rows, keep, data }: Wanted, said: (line: string) => void): MonthFolder {
  if (data !== undefined) return existing(resolve(data))
  if (keep !== undefined) return kept(resolve(keep), rows, said)
  const path = mkdtempSync(join(tmpdir(), 'inferwatch-bench-query-'))
  try {
    checkSpace(path, rows, said)
  } catch (error) {
    rmSync(path, { recursive: true })
    throw error
  }
  return {
    path,
    loaded: null,
    finished() {},
    close: () => rmSync(path, { recursive: true, force: true }),
  }
}

function existing(path: string): MonthFolder {
  const loaded = monthOf(path)
  if (!loaded) throw new Error(`${path}: no finished load is there: begin with --keep ${path}`)
  return { path, loaded, finished() {}, close() {} }
}

function kept(path: string, rows: number, said: (line: string) => void): MonthFolder {
  mkdirSync(path, { recursive: true })
  if (readdirSync(path).length > 0)
    throw new Error(
      monthOf(path)
        ? `${path}: a finished load is there: measure it with --data ${path}, or remove the folder`
        : `${path}: the folder is not empty and holds no finished load: remove it or name another one`,
    )
  checkSpace(path, rows, said)
  const finished = (month: Month) => writeFileSync(recordOf(path), `${JSON.stringify(month)}\n`)
  return { path, loaded: null, finished, close() {} }
}

function checkSpace(path: string, rows: number, said: (line: string) => void): void {
  const { bavail, bsize } = statfsSync(path)
  const [needed, free] = [bytesNeeded(rows), bavail * bsize].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`)
  if (bavail * bsize < bytesNeeded(rows))
    throw new Error(`${path}: ${needed} are needed, ${free} are free: name another folder with --keep or TMPDIR`)
  said(`${path}: up to ${needed} are needed, ${free} are free`)
}

const recordOf = (path: string) => join(path, 'month.json')

function monthOf(path: string): Month | null {
  const record = recordOf(path)
  return existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as Month) : null
}
