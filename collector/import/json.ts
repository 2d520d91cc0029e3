/** A JSON file that is one list, a page of an API with its list under `data`, or objects one after another. */
import { createReadStream } from 'node:fs'
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import { PassThrough, type Transform } from 'node:stream'
import { ImportError } from './error.ts'
import { ItemTooLong, JsonItems, maxItemBytes } from './json-items.ts'
import { JsonRows } from './json-rows.ts'
import { jsonSource } from './jsonl.ts'
import { linesOf } from './lines.ts'
import type { Batch, Source } from './source.ts'

type Chunks = AsyncGenerator<Buffer>

const unpackers: Record<string, () => Transform> = {
  none: () => new PassThrough(),
  gzip: createGunzip,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}
/** As far as the first line is looked at to tell lines from a document. */
const sniffedBytes = 1024 * 1024

/** Memory stays that of one item, whatever the file's size. Throws ImportError. */
export async function jsonFileSource(
  file: string,
  { compression, size }: { compression: string; size: number },
  signal?: AbortSignal,
): Promise<Source> {
  const chunks = chunksOf(file, compression, signal)
  const total = compression === 'none' ? size : null
  const { start, asLines } = await sniff(chunks)
  const all = joined(start, chunks)
  const source = asLines
    ? { ...jsonSource(total, linesOf(all)), format: 'json' as const }
    : documentSource(file, total, all)
  return { ...source, batches: closing(source.batches, chunks) }
}

function documentSource(file: string, total: number | null, chunks: AsyncIterable<Buffer>): Source {
  const json = new JsonRows('expected a list of JSON objects')
  async function* batches(): AsyncGenerator<Batch> {
    const items = new JsonItems()
    let item = 0
    try {
      for await (const chunk of chunks)
        yield { rows: items.push(chunk).map((text) => json.row(text, ++item)), progress: chunk.length }
    } catch (error) {
      if (!(error instanceof ItemTooLong)) throw error
      throw new ImportError(`${file}: item ${item + 1} is longer than ${maxItemBytes >> 20} MiB or never ends`)
    }
    const rest = items.end()
    if (rest === null) return
    const message = 'the file ends inside a list or an object'
    yield { rows: [{ line: item + 1, cells: null, reason: 'cut_short', message, raw: () => rest }], progress: 0 }
  }
  return { format: 'json', columns: json.columns, total, batches: batches() }
}

/** A first line that is a whole object of its own begins a file of lines, of which a broken one costs no other. */
async function sniff(chunks: Chunks): Promise<{ start: Buffer; asLines: boolean }> {
  let start: Buffer = Buffer.alloc(0)
  while (start.length < sniffedBytes) {
    const next = await chunks.next()
    if (next.done) return { start: withoutMark(start), asLines: false }
    start = Buffer.concat([start, next.value])
    const text = withoutMark(start)
    const end = text.indexOf(10)
    if (end >= 0 && text.subarray(0, end).some((byte) => byte > 32))
      return { start: text, asLines: isRow(text.subarray(0, end)) }
  }
  return { start: withoutMark(start), asLines: false }
}

/** Whether a line is an object, and not a page. */
function isRow(line: Buffer): boolean {
  try {
    const value = JSON.parse(line.toString('utf8')) as unknown
    return (
      value !== null &&
      typeof value === 'object' &&
      !Array.isArray(value) &&
      !Array.isArray((value as { data?: unknown }).data)
    )
  } catch {
    return false
  }
}

const mark = Buffer.from('\uFEFF')
const withoutMark = (bytes: Buffer) =>
  bytes.subarray(0, mark.length).equals(mark) ? bytes.subarray(mark.length) : bytes

async function* joined(start: Buffer, rest: Chunks): Chunks {
  if (start.length > 0) yield start
  yield* rest
}

/** Whoever stops reading early closes the file. */
async function* closing(batches: AsyncIterable<Batch>, chunks: Chunks): AsyncGenerator<Batch> {
  try {
    yield* batches
  } finally {
    await chunks.return(undefined)
  }
}

async function* chunksOf(file: string, compression: string, signal?: AbortSignal): Chunks {
  const unpacker = unpackers[compression]?.()
  if (!unpacker)
    throw new ImportError(
      `${file}: JSON compressed with ${compression} is read as lines only; give --format jsonl, or unpack it`,
    )
  const reading = pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), unpacker, signal ? { signal } : {})
  // Seen by whoever reads the stream.
  reading.catch(() => {})
  try {
    yield* unpacker as AsyncIterable<Buffer>
  } catch (cause) {
    signal?.throwIfAborted()
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ImportError(`${file}: cannot be read: ${why}`, { cause })
  } finally {
    unpacker.destroy()
  }
}
