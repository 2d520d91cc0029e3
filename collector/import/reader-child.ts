/**
 * A child process that lets the engine open and decompress one file, and writes what is in it to stdout: one line of JSON that
 * says what follows, then the lines of a text file as they are, or the rows of a Parquet file as JSON arrays.
 * Its own process, so that the import needs no engine of its own for the rest of its life and a crash in it is an error message.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Session } from 'chdb'

const [, , file = '', format = '', compression = 'none'] = process.argv
const directory = mkdtempSync(join(tmpdir(), 'inferwatch-import-'))
const clean = () => rmSync(directory, { recursive: true, force: true })
process.once('exit', clean)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(130))
// The importer has gone away.
process.stdout.once('error', () => process.exit(1))

try {
  await main()
} catch (error) {
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(text.replace(/^(Query failed: )?(Code: \d+\. DB::Exception: )+/, ''))
  process.exitCode = 1
}

async function main(): Promise<void> {
  // `file()` expands * ? { } in names and reads `::` as "inside an archive": a link of a plain name is neither.
  const link = join(directory, 'input')
  symlinkSync(resolve(file), link)
  const session = new Session(join(directory, 'engine'))
  try {
    const quoted = link.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
    const source =
      format === 'parquet'
        ? `file('${quoted}', Parquet)`
        : `file('${quoted}', LineAsString, 'line String', '${compression}')`
    await write(`${JSON.stringify(await describe(session, source))}\n`)
    const output = format === 'parquet' ? 'JSONCompactEachRow' : 'TSVRaw'
    const sql = `SELECT * FROM ${source} SETTINGS max_threads = 1, max_block_size = 8192, input_format_parallel_parsing = 0,
      session_timezone = 'UTC', output_format_json_quote_64bit_integers = 1, output_format_json_quote_decimals = 1,
      output_format_json_quote_denormals = 1 FORMAT ${output}`
    for await (const chunk of session.queryStream(sql, { format: output })) await write(chunk.raw())
  } finally {
    session.close()
  }
}

async function describe(session: Session, source: string): Promise<object> {
  if (format !== 'parquet') return { columns: [], rows: null }
  const columns = await session.queryAsync(`DESCRIBE TABLE ${source} FORMAT JSON`, { format: 'JSON' })
  const rows = await session.queryAsync(`SELECT count() AS rows FROM ${source} FORMAT JSON`, { format: 'JSON' })
  return {
    columns: columns.json<{ data: { name: string; type: string }[] }>().data.map(({ name, type }) => ({ name, type })),
    rows: Number(rows.json<{ data: { rows: number | string }[] }>().data[0]?.rows ?? 0),
  }
}

function write(data: string | Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    process.stdout.write(data, (error) => (error ? fail(error) : done()))
  })
}
