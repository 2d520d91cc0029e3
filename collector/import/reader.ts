/** Reads CSV, TSV, JSON and Parquet into rows of texts, in file order, at the pace at which they are taken. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { csvSource } from './csv-source.ts'
import { ImportError } from './error.ts'
import { jsonFileSource } from './json.ts'
import { jsonSource } from './jsonl.ts'
import { linesOf } from './lines.ts'
import { parquetSource } from './parquet.ts'
import { fileFormats, type Batch, type FileFormat, type Lines, type Source, type TypedColumn } from './source.ts'

interface Header {
  columns: TypedColumn[]
  rows: number | null
}

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
  ['json', 'json'],
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
 * Opens a file; compressed ones by their extension (gz, zst, xz, br, lz4, bz2). It stays open until `batches` ends or is
 * left. Throws ImportError with what to do.
 */
export async function openSource(file: string, chosen: FileFormat | undefined, signal?: AbortSignal): Promise<Source> {
  const { format, compression, size } = await checkFile(file, chosen)
  if (format === 'json') return jsonFileSource(file, { compression, size }, signal)
  const lines = readChild(file, format, compression, signal)
  try {
    const source = await sourceOf(file, format, compression === 'none' ? size : null, lines)
    return { ...source, batches: closing(source.batches, lines) }
  } catch (error) {
    await lines.return(undefined)
    throw error
  }
}

async function sourceOf(
  file: string,
  format: Exclude<FileFormat, 'json'>,
  size: number | null,
  lines: Lines,
): Promise<Source> {
  const first = await lines.next()
  if (first.done) throw new ImportError(`${file}: nothing could be read`)
  const [header = '', ...rest] = first.value.lines
  const { columns, rows } = JSON.parse(header) as Header
  const all = prepend({ lines: rest, bytes: Math.max(first.value.bytes - header.length - 1, 0) }, lines)
  if (format === 'parquet') return parquetSource(columns, rows, all)
  return format === 'jsonl' ? jsonSource(size, all) : await csvSource(file, format, size, all)
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
