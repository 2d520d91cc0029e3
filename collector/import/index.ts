/** Imports a file of past requests, or of what a provider summed up. Safe to repeat, and to stop half-way. */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { Db } from '../../storage/client.ts'
import { BadRow } from './bad-row.ts'
import { ImportError } from './error.ts'
import { FormatReader } from './format-reader.ts'
import type { ExportFormat } from './formats/format.ts'
import { recognise } from './formats/index.ts'
import { clockOf, fileHashes, knownShift, recordImport, shiftedImports } from './history.ts'
import { RequestIntake, UsageIntake, type Intake } from './intake.ts'
import { Mapping } from './mapping.ts'
import { noProgress, type Progress } from '../../storage/progress.ts'
import { checkFile, openSource } from './reader.ts'
import { Rejects } from './rejects.ts'
import { RowReader, type RequestReader, type RowContext } from './row.ts'
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
  /** Whose export it is; by its columns unless given, when none are mapped. */
  export?: ExportFormat
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
  const recorded = JSON.stringify({ map, set, timezone, ...(options.export && { format: options.export.name }) })
  const earlier = moved ? await shiftedImports(db) : []
  const lengths = earlier.map((one) => one.file_bytes)
  const hashes = await fileHashes(file, lengths)
  const rows = { mapping, zone, version, latest, shift: 0 }
  if (moved) {
    const known = knownShift(earlier, hashes.prefixes, clockOf(recorded))
    rows.shift = known ?? version - ((await lastTime(options, rows)) ?? version)
  }
  const { rejects, skips, intake, format, totals } = await importRows(options, context, rows)
  const { read: rows_read, ...sums } = totals.result()
  const { imported, existing } = intake ?? { imported: 0, existing: 0 }
  const skipped = sumOf(skips)
  await recordImport(db, {
    file,
    file_hash: hashes.hash,
    file_bytes: hashes.bytes,
    mapping: recorded,
    format: format?.name ?? '',
    shift_us: rows.shift,
    rows_read,
    rows_imported: imported,
    rows_existing: existing,
    rows_skipped: skipped,
    rows_rejected: rejects.count,
  })
  const summary: ImportSummary = {
    file,
    format: format?.name ?? null,
    table: intake?.table ?? 'requests',
    rows_read,
    imported,
    existing,
    skipped,
    skips,
    rejected: rejects.count,
    reasons: rejects.reasons,
    rejects_file: rejects.count > 0 ? rejects.path : null,
    shift_us: rows.shift,
    ...sums,
    elapsed_ms: now() - started,
  }
  return summary
}

const sumOf = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0)

async function importRows(
  options: ImportOptions,
  { db, pricer, redactor, progress = noProgress }: ImportContext,
  rows: Omit<RowContext, 'columns'>,
) {
  const { file, signal } = options
  const rejects = await Rejects.open(file, options.rejects)
  const source = await openSource(file, options.format, signal)
  const totals = new Totals()
  const skips = new Map<string, number>()
  const intakeFor = (format: ExportFormat | null): Intake => {
    const context = { ...rows, columns: source.columns }
    if (format?.kind === 'usage') return new UsageIntake(format, { ...context, db, file, totals })
    return new RequestIntake(readerFor(format, context), { db, pricer, redactor, totals })
  }
  let intake = null as Intake | null
  let format = null as ExportFormat | null
  progress.start(source.total)
  try {
    for await (const step of recognised(options, source, rows.mapping)) {
      format = step.format
      if (step.known) intake ??= intakeFor(format)
      for (const row of step.batch.rows) {
        totals.read++
        const outcome = row.cells === null ? row : await taken(intake, row)
        if (outcome === null) continue
        if ('skipped' in outcome) skips.set(outcome.skipped, (skips.get(outcome.skipped) ?? 0) + 1)
        else await rejects.add({ line: row.line, reason: outcome.reason, message: outcome.message, row: row.raw() })
      }
      progress.update(step.done, totals.read)
    }
    await intake?.finish()
  } finally {
    progress.stop()
    await rejects.close()
  }
  return { rejects, skips, intake, format, totals }
}

async function taken(intake: Intake | null, row: SourceRow) {
  try {
    // No object before this one had a key, either.
    if (!intake) throw new BadRow('empty_row', 'the object is empty')
    return await intake.add(row)
  } catch (error) {
    if (error instanceof BadRow) return error
    throw error
  }
}

function readerFor(format: ExportFormat | null, context: RowContext): RequestReader {
  return format?.kind === 'requests' ? new FormatReader(format, context) : new RowReader(context)
}

/** The source's batches, with whose export they are once its columns are known: JSON tells them with its first rows. */
async function* recognised(options: ImportOptions, source: Source, mapping: Mapping) {
  let known = false
  let format: ExportFormat | null = null
  let done = 0
  for await (const batch of source.batches) {
    if (!known && source.columns.length > 0) {
      format = formatOf(options, source.columns, mapping)
      known = true
    }
    done += batch.progress
    yield { batch, done, known, format }
  }
}

/** Null for columns of our own and mapped ones. Throws ImportError when they fit neither those nor the format that was given. */
function formatOf(options: ImportOptions, columns: readonly string[], mapping: Mapping): ExportFormat | null {
  const { file, map = {}, export: given } = options
  const own = Object.keys(map).length > 0 || mapping.isTimed(columns)
  const format = given ?? (own ? null : recognise(columns))
  if (!format) mapping.check(file, columns)
  else mapping.checkExport(file, columns, format)
  return format
}

/** Reads the file once for its last time; null when no row has one. */
async function lastTime(options: ImportOptions, row: Omit<RowContext, 'columns'>): Promise<number | null> {
  const source = await openSource(options.file, options.format, options.signal)
  let reader: RequestReader | null = null
  let last = Number.NEGATIVE_INFINITY
  for await (const { batch, known, format } of recognised(options, source, row.mapping)) {
    if (!known) continue
    if (format?.kind === 'usage')
      throw new ImportError(`--shift-to: ${options.file} holds a provider's sums, whose days must stay as they are`)
    reader ??= readerFor(format, { ...row, columns: source.columns })
    for (const item of batch.rows) if (item.cells !== null) last = Math.max(last, timestampOf(reader, item))
  }
  return Number.isFinite(last) ? last : null
}

function timestampOf(reader: RequestReader, row: SourceRow): number {
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
