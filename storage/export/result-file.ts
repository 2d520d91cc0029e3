/** Writes the rows of a query to a file on this machine, and makes sure that they are all there. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib'
import type { ClickhouseDb } from '../client.ts'
import { quote } from '../embedded/settings.ts'
import type { Compression, ExportJob } from './config.ts'
import { ExportError } from './error.ts'

export interface FileFormat {
  format: ExportJob['format']
  compression: Compression
}

/** Writes a file as a whole or throws; half of one may then be left. */
export type WriteResult = (
  sql: string,
  params: Record<string, unknown>,
  file: FileFormat & { path: string; rows: number; columns: readonly string[] },
) => Promise<void>

const names = { parquet: 'Parquet', csv: 'CSVWithNames', jsonl: 'JSONEachRow' } as const

/** Groups of rows as DuckDB and others make them: a reader of a few columns or of a part needs no more than those. */
const groupRows = 122_880
const newline = 0x0a

/**
 * The embedded engine writes the file itself: over HTTP it would hold the result in memory, whole. It reports no error of a full
 * disk, though, so the file is read again.
 */
export function byEngine(db: ClickhouseDb): WriteResult {
  return async (sql, params, { path, rows, columns, ...file }) => {
    const packed = file.format === 'parquet' ? 'none' : file.compression
    const asFile = (format: string, structure: string) =>
      `file(${quote(path)}, '${format}', ${quote(structure)}, '${packed}')`
    await db.command(
      `INSERT INTO FUNCTION ${asFile(names[file.format], 'auto')} ${sql}
      SETTINGS ${settingsText(file)}, engine_file_truncate_on_insert = 1`,
      params,
    )
    // As texts: what the engine would take each column for is not asked.
    const sources = {
      parquet: () => asFile('Parquet', 'auto'),
      csv: () => asFile('CSVWithNames', columns.map((name) => `\`${name}\` String`).join(', ')),
      jsonl: () => asFile('LineAsString', 'line String'),
    }
    const found = await rowsIn(db, sources[file.format](), path, file)
    if (found !== rows)
      throw new ExportError(`${path}: ${found ?? 'no'} whole rows of ${rows} were written: is the disk full?`)
  }
}

/** Null when the file is cut off or no such file. */
async function rowsIn(db: ClickhouseDb, source: string, path: string, file: FileFormat): Promise<number | null> {
  try {
    if (file.format !== 'parquet' && !(await endsLine(path, file.compression))) return null
    const [row] = await db.query<{ rows: number }>(`SELECT count() AS rows FROM ${source}`)
    return row?.rows ?? null
  } catch {
    return null
  }
}

/** Parquet ends with what it holds; a text is whole when it ends with its last line. The engine reads a cut archive without complaint. */
async function endsLine(path: string, compression: Compression): Promise<boolean> {
  let last: number | undefined
  const look = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) last = chunk.at(-1) ?? last
  }
  const bytes = createReadStream(path, { highWaterMark: 2 ** 20 })
  if (compression === 'none') await pipeline(bytes, look)
  else await pipeline(bytes, compression === 'gzip' ? createGunzip() : createZstdDecompress(), look)
  return last === newline
}

/** A server's file() would write on the server's disk: its answer is streamed to ours. */
export function byStream(db: ClickhouseDb): WriteResult {
  return async (sql, params, { path, format, compression }) => {
    const rows = await db.stream(
      `${sql} SETTINGS ${settingsText({ format, compression })} FORMAT ${names[format]}`,
      params,
    )
    const file = createWriteStream(path)
    if (format === 'parquet' || compression === 'none') await pipeline(rows, file)
    else await pipeline(rows, compression === 'gzip' ? createGzip() : createZstdCompress(), file)
  }
}

function settingsText({ format, compression }: FileFormat): string {
  const settings: Record<string, string | number> = {
    final: 1,
    ...(format === 'parquet'
      ? {
          output_format_parquet_compression_method: `'${compression}'`,
          output_format_parquet_row_group_size: groupRows,
        }
      : {
          date_time_output_format: "'iso'",
          output_format_json_quote_64bit_integers: 0,
          output_format_csv_serialize_tuple_into_separate_columns: 0,
        }),
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ')
}

/** Size and SHA-256 in hex. */
export async function measured(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
