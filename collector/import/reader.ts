/** Reads CSV, TSV, JSON lines and Parquet into rows of texts, in file order, at the pace at which they are taken. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { CsvReader, type CsvRecord } from './csv.ts'
import { ImportError } from './error.ts'
import { linesOf } from './lines.ts'

export const fileFormats = ['csv', 'tsv', 'jsonl', 'parquet'] as const
export type FileFormat = (typeof fileFormats)[number]

/** A row as texts, aligned with `columns`; `raw` shows it as it stands in the file. */
export interface SourceRow {
  /** Line in a text file, row in a Parquet file; counted from 1. */
  line: number
  cells: (string | null)[]
  raw: () => unknown
}

/** A row that could not even be split into cells. */
export interface BrokenRow {
  line: number
  cells: null
  reason: string
  message: string
  raw: () => unknown
}

export interface Batch {
  rows: (SourceRow | BrokenRow)[]
  /** Bytes of the uncompressed text, or rows of a Parquet file, that this batch took. */
  progress: number
}

export interface Source {
  format: FileFormat
  /** Grows while JSON lines bring new keys; positions stay. */
  columns: readonly string[]
  /** What the sum of `progress` will come to; null when it cannot be known beforehand. */
  total: number | null
  batches: AsyncIterable<Batch>
}

interface Header {
  columns: { name: string; type: string }[]
  rows: number | null
}

type Lines = AsyncGenerator<{ lines: string[]; bytes: number }>

const compressions = new Map([
  ['gz', 'gzip'],
  ['zst', 'zstd'],
  ['xz', 'xz'],
  ['br', 'br'],
  ['lz4', 'lz4'],
  ['bz2', 'bz2'],
])
const extensions = new Map<string, FileFormat>([
  ['csv', 'csv'],
  ['tsv', 'tsv'],
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['json', 'jsonl'],
  ['parquet', 'parquet'],
  ['pq', 'parquet'],
])

/** Whether a file can be opened, and as what. Throws ImportError with what to do. */
export async function checkFile(
  file: string,
  chosen: FileFormat | undefined,
): Promise<{ format: FileFormat; compression: string; size: number }> {
  const parts = file.toLowerCase().split('.')
  const compression = compressions.get(parts.at(-1) ?? '')
  const format = chosen ?? extensions.get(parts.at(compression ? -2 : -1) ?? '')
  if (!format)
    throw new ImportError(`${file}: its name says no format; give one with --format ${fileFormats.join('|')}`)
  await access(file, constants.R_OK).catch(() => {
    throw new ImportError(`${file}: no such file, or not readable`)
  })
  const info = await stat(file)
  if (!info.isFile()) throw new ImportError(`${file}: not a file`)
  return { format, compression: compression ?? 'none', size: info.size }
}

/**
 * Opens a file; compressed ones by their extension (gz, zst, xz, br, lz4, bz2). A process reads it until `batches` ends or is
 * left. Throws ImportError with what to do.
 */
export async function openSource(file: string, chosen: FileFormat | undefined, signal?: AbortSignal): Promise<Source> {
  const { format, compression, size } = await checkFile(file, chosen)
  const lines = readChild(file, format, compression, signal)
  try {
    const source = await sourceOf(file, format, compression === 'none' ? size : null, lines)
    return { ...source, batches: closing(source.batches, lines) }
  } catch (error) {
    await lines.return(undefined)
    throw error
  }
}

async function sourceOf(file: string, format: FileFormat, size: number | null, lines: Lines): Promise<Source> {
  const first = await lines.next()
  if (first.done) throw new ImportError(`${file}: nothing could be read`)
  const [header = '', ...rest] = first.value.lines
  const { columns, rows } = JSON.parse(header) as Header
  const all = prepend({ lines: rest, bytes: Math.max(first.value.bytes - header.length - 1, 0) }, lines)
  if (format === 'parquet') return parquetSource(columns, rows, all)
  return format === 'jsonl' ? jsonSource(size, all) : await csvSource(file, format, size, all)
}

function parquetSource(columns: Header['columns'], total: number | null, lines: Lines): Source {
  // The engine writes times of a column that has a zone in UTC; the others are wall clock, for --timezone to place.
  const zoned = columns.map(({ type }) => /DateTime.*'/.test(type))
  async function* batches(): AsyncGenerator<Batch> {
    let row = 0
    for await (const batch of lines) {
      const rows = batch.lines.map((text) => {
        row++
        const values = parseJson(text) as unknown[]
        const cells = values.map((value, at) =>
          zoned[at] && typeof value === 'string' ? `${value}Z` : cellText(value),
        )
        return { line: row, cells, raw: () => Object.fromEntries(columns.map(({ name }, at) => [name, values[at]])) }
      })
      yield { rows, progress: rows.length }
    }
  }
  return { format: 'parquet', columns: columns.map(({ name }) => name), total, batches: batches() }
}

function jsonSource(total: number | null, lines: Lines): Source {
  const columns: string[] = []
  const positions = new Map<string, number>()
  const position = (name: string) => {
    const known = positions.get(name)
    if (known !== undefined) return known
    positions.set(name, columns.length)
    return columns.push(name) - 1
  }
  const read = (text: string, line: number): SourceRow | BrokenRow => {
    let value: unknown
    try {
      value = parseJson(text)
    } catch (error) {
      const message = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error)
      return { line, cells: null, reason: 'invalid_json', message, raw: () => text }
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      return { line, cells: null, reason: 'not_an_object', message: 'expected one JSON object a line', raw: () => text }
    const cells: (string | null)[] = []
    for (const [key, item] of Object.entries(value)) cells[position(key)] = cellText(item)
    return { line, cells, raw: () => text }
  }
  async function* batches(): AsyncGenerator<Batch> {
    let line = 0
    for await (const batch of lines) {
      const rows: (SourceRow | BrokenRow)[] = []
      for (const text of batch.lines) {
        line++
        if (text.trim() !== '') rows.push(read(line === 1 ? withoutMark(text) : text, line))
      }
      yield { rows, progress: batch.bytes }
    }
  }
  return { format: 'jsonl', columns, total, batches: batches() }
}

async function csvSource(file: string, format: 'csv' | 'tsv', total: number | null, lines: Lines): Promise<Source> {
  const reader = new CsvReader(format === 'tsv' ? '\t' : ',')
  let line = 0
  const records = (batch: string[]) => batch.flatMap((text) => reader.push(text, ++line))
  async function* all(): AsyncGenerator<{ records: CsvRecord[]; bytes: number }> {
    for await (const batch of lines) yield { records: records(batch.lines), bytes: batch.bytes }
    yield { records: reader.end(), bytes: 0 }
  }
  const rest = all()
  let first: { records: CsvRecord[]; bytes: number } = { records: [], bytes: 0 }
  while (first.records.length === 0) {
    const next = await rest.next()
    if (next.done) throw new ImportError(`${file}: is empty; the first line names the columns`)
    first = { records: next.value.records, bytes: first.bytes + next.value.bytes }
  }
  const head = first.records.shift()
  const columns = head?.cells?.map((name, at) => (at === 0 ? withoutMark(name) : name).trim())
  if (!columns) throw new ImportError(`${file}: its first line, which names the columns, has an unclosed quote`)
  const row = (record: CsvRecord): SourceRow | BrokenRow => {
    const { line: at, cells } = record
    if (!cells) return { ...record, message: 'a quoted field is not closed', raw: () => record.raw }
    const raw = () => cells.join(reader.delimiter)
    if (cells.length === columns.length) return { line: at, cells, raw }
    const message = `${cells.length} columns, the first line has ${columns.length}`
    return { line: at, cells: null, reason: 'column_count', message, raw }
  }
  async function* batches(): AsyncGenerator<Batch> {
    yield { rows: first.records.map(row), progress: first.bytes }
    for await (const batch of rest) yield { rows: batch.records.map(row), progress: batch.bytes }
  }
  return { format, columns, total, batches: batches() }
}

async function* readChild(file: string, format: string, compression: string, signal?: AbortSignal): Lines {
  const script = fileURLToPath(new URL('reader-child.ts', import.meta.url))
  const options = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) }
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, file, format, compression],
    options,
  )
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(0, 2000)))
  const exit = new Promise<number | null>((done) => child.once('close', done).once('error', () => done(null)))
  try {
    yield* linesOf(child.stdout)
    const code = await exit
    signal?.throwIfAborted()
    if (code !== 0)
      throw new ImportError(
        `${file}: cannot be read: ${complaint.trim().split('\n')[0] ?? `reader ended with ${code}`}`,
      )
  } finally {
    if (child.exitCode === null) child.kill()
    await exit
  }
}

async function* prepend(first: { lines: string[]; bytes: number }, rest: Lines): Lines {
  if (first.lines.length > 0) yield first
  yield* rest
}

/** Whoever stops reading early ends the reader. */
async function* closing(batches: AsyncIterable<Batch>, lines: Lines): AsyncGenerator<Batch> {
  try {
    yield* batches
  } finally {
    await lines.return(undefined)
  }
}

/** JSON in which a number that a double cannot hold, such as an id of 18 digits, is the text that stands there. */
function parseJson(text: string): unknown {
  return JSON.parse(text, exactNumbers)
}

function exactNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return String(value) === context.source ? value : context.source
}

function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return JSON.stringify(value)
}

const withoutMark = (text: string) => (text.codePointAt(0) === 0xfeff ? text.slice(1) : text)
