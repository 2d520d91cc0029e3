/** Table `imports`: what was imported before, and how far its times were moved. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { EpochMicros } from '../../records/span.ts'
import type { Db } from '../../storage/client.ts'

export interface EarlierImport {
  file_hash: string
  file_bytes: number
  mapping: string
  shift_us: number
}

export interface ImportRecord extends EarlierImport {
  file: string
  /** Whose export it was; empty for columns of our own and mapped ones. */
  format: string
  rows_read: number
  rows_imported: number
  rows_existing: number
  rows_skipped: number
  rows_rejected: number
}

/** Imports that moved their times, newest first. */
export async function shiftedImports(db: Db): Promise<EarlierImport[]> {
  return db.query<EarlierImport>(`
    SELECT file_hash, toFloat64(file_bytes) AS file_bytes, mapping, toFloat64(shift_us) AS shift_us
    FROM imports WHERE shift_us != 0 ORDER BY imported_at DESC LIMIT 1000`)
}

export async function recordImport(db: Db, record: ImportRecord): Promise<void> {
  await db.insert('imports', [record])
}

/** SHA-256 of a file, and of its first bytes at each of the given lengths. */
export async function fileHashes(
  file: string,
  lengths: readonly number[],
): Promise<{ hash: string; bytes: number; prefixes: Map<number, string> }> {
  const hash = createHash('sha256')
  const prefixes = new Map<number, string>()
  const marks = [...new Set(lengths)].filter((length) => length > 0).sort((a, b) => a - b)
  let bytes = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let at = 0
    while (marks[0] !== undefined && marks[0] <= bytes + chunk.length) {
      const mark = marks.shift() ?? 0
      hash.update(chunk.subarray(at, mark - bytes))
      at = mark - bytes
      prefixes.set(mark, hash.copy().digest('hex'))
    }
    hash.update(chunk.subarray(at))
    bytes += chunk.length
  }
  return { hash: hash.digest('hex'), bytes, prefixes }
}

/** The shift that this file, or a shorter version of it, was imported with; null when it is new. */
export function knownShift(
  earlier: readonly EarlierImport[],
  prefixes: ReadonlyMap<number, string>,
  clock: string,
): EpochMicros | null {
  const same = earlier.find((one) => prefixes.get(one.file_bytes) === one.file_hash && clockOf(one.mapping) === clock)
  return same ? same.shift_us : null
}

/** How the times of a file were read: another column or zone is another timeline. */
export function clockOf(mapping: string): string {
  try {
    const { map, timezone } = JSON.parse(mapping) as { map?: Record<string, string>; timezone?: string }
    return `${map?.['timestamp'] ?? ''} ${timezone ?? ''}`
  } catch {
    return ''
  }
}
