/** The write-ahead log of one table: rows of concurrent requests share one fdatasync. */
import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { RowBinaryWriter } from '../../storage/rowbinary.ts'
import type { Table } from '../../storage/tables.ts'
import { headerBytes, OpenSegment, type Segment } from './segment.ts'

/** A buffer that one huge request made grow beyond this is given back. */
const keptBuffer = 16 * 2 ** 20

export interface WalOptions<Row> {
  dir: string
  /** An open handle of `dir`, to make new names durable. */
  directory: FileHandle
  table: Table<Row>
  segment_bytes: number
  segment_ms: number
  /** True while sealed segments of this table wait: small ones are then not sealed by age, so that an outage leaves few. */
  congested: () => boolean
  /** Takes over a sealed segment. */
  onSealed: (segment: Segment) => void
  clock: () => number
}

export class TableWal<Row> {
  private readonly options: WalOptions<Row>
  private readonly columns: readonly string[]
  private segment: OpenSegment | null = null
  /** Of `performance.now()`: the wall clock may be set back, and the segment would then not come of age. */
  private openedAt = 0
  private filling = new RowBinaryWriter()
  private spare = new RowBinaryWriter()
  private stagedRows = 0
  private committing = 0
  /** It is being sealed, and nobody else's yet. */
  private leaving: { bytes: number; created_ms: number } | null = null
  private group: PromiseWithResolvers<void> | null = null
  private running: Promise<void> | null = null
  private sealing = false

  constructor(options: WalOptions<Row>) {
    this.options = options
    this.columns = options.table.columns.map((column) => column.name)
  }

  /** Bytes waiting for their commit; also a mark for `unstage`. */
  get staged(): number {
    return this.filling.length
  }

  /** Bytes on disk, or on their way there: staged rows, the open segment, and one that is being handed over. */
  get bytes(): number {
    const rows = this.staged + this.committing
    const segment = this.segment?.bytes ?? (rows > 0 ? headerBytes : 0)
    return rows + segment + (this.leaving?.bytes ?? 0)
  }

  /** Since when a segment that is not handed over holds rows; null without one. */
  get openSince(): number | null {
    return (this.leaving ?? this.segment)?.created_ms ?? null
  }

  /** Encodes rows; they become durable with the next `commit`. Throws on a malformed row, with nothing staged. */
  stage(rows: readonly Row[]): void {
    const mark = this.filling.length
    try {
      for (const row of rows) this.options.table.encode(this.filling, row)
    } catch (error) {
      this.filling.rewind(mark)
      throw error
    }
    this.stagedRows += rows.length
  }

  /** Takes back the rows staged since `mark`, in the same turn of the event loop. */
  unstage(mark: number, rows: number): void {
    this.filling.rewind(mark)
    this.stagedRows -= rows
  }

  /** Resolves once everything staged is on disk; rejects with the file system's error, the rows then being nowhere. */
  commit(): Promise<void> {
    this.group ??= Promise.withResolvers<void>()
    this.start()
    return this.group.promise
  }

  /** Hands the open segment over when it is due; with `now` in any case, after what is staged. Resolves when done. */
  async seal(now: boolean): Promise<void> {
    if (now) this.sealing = true
    if (now || (this.due() && !this.running)) this.start()
    await this.running
    // The run that was waited for may have been past the point where it looks at this.
    if (now && this.sealing) await this.seal(true)
  }

  private start(): void {
    // Waits for the other requests of this turn of the event loop, then for nobody.
    this.running ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.run())
      .finally(() => {
        this.running = null
        if (this.group) this.start()
      })
  }

  private async run(): Promise<void> {
    do {
      await this.commitGroup()
      if (this.sealing || this.due()) {
        this.sealing = false
        await this.handOver()
      }
    } while (this.group || (this.sealing && this.segment))
  }

  private async commitGroup(): Promise<void> {
    const { group } = this
    if (!group) return
    this.group = null
    try {
      await this.commitStaged()
      group.resolve()
    } catch (error) {
      group.reject(error)
    }
  }

  private async commitStaged(): Promise<void> {
    const writer = this.filling
    const rows = this.stagedRows
    this.filling = this.spare
    this.committing = writer.length
    this.stagedRows = 0
    try {
      this.segment ??= await this.create()
      await this.segment.commit(writer.view(), rows)
    } catch (error) {
      await this.handOver()
      throw error
    } finally {
      this.committing = 0
      const large = writer.length > keptBuffer
      writer.reset()
      this.spare = large ? new RowBinaryWriter() : writer
    }
  }

  private create(): Promise<OpenSegment> {
    const { dir, directory, table, clock } = this.options
    this.openedAt = performance.now()
    const created_ms = clock()
    const id = `${table.name}-${created_ms.toString(36)}-${randomBytes(5).toString('hex')}`
    return OpenSegment.create(dir, directory, id, { table: table.name, columns: this.columns, created_ms })
  }

  private due(): boolean {
    const { segment, options } = this
    if (!segment) return false
    if (segment.length >= options.segment_bytes) return true
    return performance.now() - this.openedAt >= options.segment_ms && !options.congested()
  }

  private async handOver(): Promise<void> {
    const { segment } = this
    this.segment = null
    this.leaving = segment && { bytes: segment.bytes, created_ms: segment.created_ms }
    const sealed = await segment?.seal()
    this.leaving = null
    if (sealed) this.options.onSealed(sealed)
  }
}
