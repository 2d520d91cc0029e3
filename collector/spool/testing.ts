/** Test helpers: rows, a database that records what it is sent and fails when told to, and a spool in a new directory. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { plainIssue, type IngestIssue } from '../../records/ingest-issue.ts'
import type { Db } from '../../storage/client.ts'
import { RowBinaryWriter } from '../../storage/rowbinary.ts'
import { tables } from '../../storage/tables.ts'
import { startSpool, type RunningSpool, type SpoolOptions } from './index.ts'

export const issue = (items: number, example = ''): IngestIssue => ({
  ...plainIssue,
  // Last in a row: zeros at a row's end could not be told from a file's.
  example_span_id: 'b7ad6b7169203331',
  timestamp: 1_760_000_000_000_000,
  source: 'test',
  reason: 'test',
  items,
  example,
})

/** The RowBinary of issues, as a segment's body holds it. */
export function encoded(issues: IngestIssue[]): Buffer {
  const writer = new RowBinaryWriter()
  for (const row of issues) tables.ingest_issues.encode(writer, row)
  return writer.take()
}

export interface Insert {
  table: string
  columns: readonly string[]
  body: Buffer
  token: string
}

/** Takes inserts like ClickHouse does, tokens included; `fail` decides what is thrown instead. */
export class RecordingDb implements Pick<Db, 'insertRowBinary'> {
  readonly inserts: Insert[] = []
  /** Every try, the failed ones among them. */
  readonly tries: string[] = []
  fail: (table: string) => Error | null = () => null

  async insertRowBinary(
    table: string,
    columns: readonly string[],
    body: Buffer | { path: string; offset: number },
    token: string,
  ): Promise<void> {
    this.tries.push(token)
    const bytes = Buffer.isBuffer(body) ? body : (await readFile(body.path)).subarray(body.offset)
    const error = this.fail(table)
    if (error) throw error
    if (!this.inserts.some((insert) => insert.token === token))
      this.inserts.push({ table, columns, body: bytes, token })
  }

  bodies(table = 'ingest_issues'): Buffer {
    return Buffer.concat(this.inserts.filter((insert) => insert.table === table).map((insert) => insert.body))
  }
}

export const silent = pino({ level: 'silent' })

export const temporaryDirectory = () => mkdtemp(join(tmpdir(), 'inferwatch-spool-'))

export interface TestSpool {
  dir: string
  db: RecordingDb
  spool: RunningSpool
  /** A second spool on the same directory, as after a restart. */
  restart: (options?: Partial<SpoolOptions>) => Promise<RunningSpool>
  stop: () => Promise<void>
}

export async function testSpool(
  config: Partial<SpoolOptions['config']> = {},
  rest: Partial<SpoolOptions> = {},
): Promise<TestSpool> {
  const dir = await temporaryDirectory()
  const db = new RecordingDb()
  const start = (more: Partial<SpoolOptions> = {}) =>
    startSpool({
      dir,
      db,
      log: silent,
      config: { max_bytes: 2 ** 30, segment_bytes: 8 * 2 ** 20, segment_ms: 50, ...config },
      ...rest,
      ...more,
    })
  const started = [await start()]
  return {
    dir,
    db,
    spool: started[0] as RunningSpool,
    async restart(more) {
      const spool = await start(more)
      started.push(spool)
      return spool
    },
    async stop() {
      for (const spool of started) await spool.stop(0)
      await rm(dir, { recursive: true, force: true })
    },
  }
}
