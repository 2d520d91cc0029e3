/** Imports a file of past requests: CSV, TSV, JSON lines or Parquet. Safe to repeat, and to stop half-way. */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { Db } from '../../storage/client.ts'
import { Blocks } from './blocks.ts'
import { ImportError } from './error.ts'
import { clockOf, fileHashes, knownShift, recordImport, shiftedImports } from './history.ts'
import { Identities } from './identity.ts'
import { Mapping } from './mapping.ts'
import { noProgress, type Progress } from './progress.ts'
import { checkFile, openSource } from './reader.ts'
import { Rejects } from './rejects.ts'
import { BadRow, RowReader, type RowContext } from './row.ts'
import type { FileFormat, Source, SourceRow } from './source.ts'
import { Totals, type ImportSummary } from './summary.ts'
import { zoneOffset, type ZoneOffset } from './timestamp.ts'

export { ImportError } from './error.ts'
export type { ImportSummary } from './summary.ts'

const dayMicros = 86_400_000_000

export interface ImportOptions {
  file: string
  /** By the file's name unless given. */
  format?: FileFormat
  /** Field → column of the file. Empty: columns named like fields fill them. */
  map?: Record<string, string>
  /** Field → value for every row. */
  set?: Record<string, string>
  /** Moves all rows by the same time, so that the last one happened now. A file imported again moves as it did before. */
  shift_to?: 'now'
  /** Where rejected rows go; `<file>.rejected.jsonl` unless given. */
  rejects?: string
  /** Zone of times that name none; UTC unless given. */
  timezone?: string
  signal?: AbortSignal
}

export interface ImportContext {
  db: Db
  /** Fills in the cost. */
  pricer: (request: LlmRequest) => void
  redactor: { request(request: LlmRequest): void }
  progress?: Progress
  now?: () => number
}

/** Throws ImportError when the import cannot start or go on; bad rows only count as rejected. */
export async function runImport(options: ImportOptions, context: ImportContext): Promise<ImportSummary> {
  const { file, map = {}, set = {}, timezone = 'UTC' } = options
  const { db, now = Date.now } = context
  const mapping = new Mapping({ map, set })
  const zone = zoneOf(timezone)
  await checkFile(file, options.format)
  const started = now()
  const moved = options.shift_to === 'now'
  const version = started * 1000
  const latest = moved ? Number.POSITIVE_INFINITY : version + dayMicros
  const recorded = JSON.stringify({ map, set, timezone })
  const earlier = moved ? await shiftedImports(db) : []
  const lengths = earlier.map((one) => one.file_bytes)
  const hashes = await fileHashes(file, lengths)
  const rows = { mapping, zone, version, latest, shift: 0 }
  if (moved) {
    const known = knownShift(earlier, hashes.prefixes, clockOf(recorded))
    rows.shift = known ?? version - ((await lastTime(options, rows)) ?? version)
  }
  const { rejects, blocks, totals } = await importRows(options, context, rows)
  const { read: rows_read, ...sums } = totals.result()
  const { imported, existing } = blocks
  await recordImport(db, {
    file,
    file_hash: hashes.hash,
    file_bytes: hashes.bytes,
    mapping: recorded,
    shift_us: rows.shift,
    rows_read,
    rows_imported: imported,
    rows_existing: existing,
    rows_rejected: rejects.count,
  })
  const summary: ImportSummary = {
    file,
    rows_read,
    imported,
    existing,
    rejected: rejects.count,
    reasons: rejects.reasons,
    rejects_file: rejects.count > 0 ? rejects.path : null,
    shift_us: rows.shift,
    ...sums,
    elapsed_ms: now() - started,
  }
  return summary
}

async function importRows(
  { file, format, rejects: path, signal }: ImportOptions,
  { db, pricer, redactor, progress = noProgress }: ImportContext,
  rows: Omit<RowContext, 'columns'>,
) {
  const rejects = await Rejects.open(file, path)
  const source = await openSource(file, format, signal)
  const reader = new RowReader({ ...rows, columns: source.columns })
  const identities = new Identities()
  const blocks = new Blocks(db)
  const totals = new Totals()
  progress.start(source.total)
  try {
    for await (const { batch, done } of checked(file, source, rows.mapping)) {
      for (const row of batch.rows) {
        totals.read++
        const request = row.cells === null ? row : requestOf(reader, row, identities)
        if ('reason' in request) {
          await rejects.add({ line: row.line, reason: request.reason, message: request.message, row: row.raw() })
          continue
        }
        pricer(request)
        redactor.request(request)
        totals.add(request)
        await blocks.add(request)
      }
      progress.update(done, totals.read)
    }
    await blocks.finish()
  } finally {
    progress.stop()
    await rejects.close()
  }
  return { rejects, blocks, totals }
}

function requestOf(reader: RowReader, row: SourceRow, identities: Identities): LlmRequest | BadRow {
  try {
    return reader.request(row, identities)
  } catch (error) {
    if (error instanceof BadRow) return error
    throw error
  }
}

/** The source's batches, once the mapping is known to fit: JSON lines tell their columns with their first rows. */
async function* checked(file: string, source: Source, mapping: Mapping) {
  let fits = false
  let done = 0
  for await (const batch of source.batches) {
    if (!fits && source.columns.length > 0) {
      mapping.check(file, source.columns)
      fits = true
    }
    done += batch.progress
    yield { batch, done }
  }
  if (!fits && source.format !== 'jsonl') mapping.check(file, source.columns)
}

/** Reads the file once for its last time; null when no row has one. */
async function lastTime(
  { file, format, signal }: ImportOptions,
  row: Omit<RowContext, 'columns'>,
): Promise<number | null> {
  const source = await openSource(file, format, signal)
  const reader = new RowReader({ ...row, columns: source.columns })
  let last = Number.NEGATIVE_INFINITY
  for await (const { batch } of checked(file, source, row.mapping)) {
    for (const item of batch.rows) if (item.cells !== null) last = Math.max(last, timestampOf(reader, item))
  }
  return Number.isFinite(last) ? last : null
}

function timestampOf(reader: RowReader, row: SourceRow): number {
  try {
    return reader.timestampOf(row)
  } catch (error) {
    if (error instanceof BadRow) return Number.NEGATIVE_INFINITY
    throw error
  }
}

function zoneOf(name: string): ZoneOffset {
  try {
    return zoneOffset(name)
  } catch (cause) {
    throw new ImportError(`--timezone: no zone "${name}"; give a name such as UTC or Europe/Berlin`, { cause })
  }
}
