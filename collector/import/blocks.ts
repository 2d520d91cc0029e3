/** Collects requests and inserts them in blocks, one ahead of the other: memory stays that of two blocks. */
import { randomUUID } from 'node:crypto'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { Db } from '../../storage/client.ts'
import { RowBinaryWriter } from '../../storage/rowbinary.ts'
import { tables } from '../../storage/tables.ts'

const blockRows = 50_000
const blockBytes = 8 * 1024 * 1024

export class Blocks {
  /** Rows that were not in the table before. */
  imported = 0
  /** Rows whose (timestamp, trace_id, span_id) was there already. */
  existing = 0
  private readonly db: Db
  /** New in every run: a token of the file would keep rows out that somebody has deleted since. */
  private readonly run = randomUUID()
  private readonly writer = new RowBinaryWriter(1024 * 1024)
  private readonly columns = tables.requests.columns.map(({ name }) => name)
  private blocks = 0
  private rows = 0
  private from = Number.POSITIVE_INFINITY
  private to = Number.NEGATIVE_INFINITY
  private inserting: Promise<void> = Promise.resolve()

  constructor(db: Db) {
    this.db = db
  }

  async add(request: LlmRequest): Promise<void> {
    tables.requests.encode(this.writer, request)
    this.rows++
    this.from = Math.min(this.from, request.timestamp)
    this.to = Math.max(this.to, request.timestamp)
    if (this.rows >= blockRows || this.writer.length >= blockBytes) await this.flush()
  }

  /** Resolves once every row is in the table. */
  async finish(): Promise<void> {
    await this.flush()
    await this.inserting
  }

  private async flush(): Promise<void> {
    const { rows, from, to } = this
    if (rows === 0) return
    const body = this.writer.take()
    this.rows = 0
    this.from = Number.POSITIVE_INFINITY
    this.to = Number.NEGATIVE_INFINITY
    await this.inserting
    this.inserting = this.insert(body, rows, from, to)
    // Awaited by the next flush; until then a failure must not count as unhandled.
    this.inserting.catch(() => {})
  }

  private async insert(body: Buffer, rows: number, from: number, to: number): Promise<void> {
    const before = await this.stored(from, to)
    await this.db.insertRowBinary('requests', this.columns, body, `import-${this.run}-${this.blocks++}`)
    const added = (await this.stored(from, to)) - before
    this.imported += added
    this.existing += rows - added
  }

  /** Imported rows of a time range; the key makes a row that comes again replace itself. */
  private async stored(from: number, to: number): Promise<number> {
    const [row] = await this.db.query<{ stored: number }>(
      `SELECT toFloat64(count()) AS stored FROM requests
       WHERE dialect = 'import' AND timestamp BETWEEN fromUnixTimestamp64Micro({from:Int64}) AND fromUnixTimestamp64Micro({to:Int64})`,
      { from, to },
    )
    return row?.stored ?? 0
  }
}
