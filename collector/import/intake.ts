/** Where the rows of a file go, one at a time: requests, or sums that a provider made. */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { ProviderUsage } from '../../records/provider-usage.ts'
import type { Db } from '../../storage/client.ts'
import type { Clock } from './bad-row.ts'
import { Blocks } from './blocks.ts'
import { RowNames } from './format-reader.ts'
import type { Skipped, UsageFormat } from './formats/format.ts'
import { groupingOf } from './formats/openai-usage.ts'
import type { RequestReader } from './row.ts'
import type { SourceRow } from './source.ts'
import type { Totals } from './summary.ts'

export interface Intake {
  readonly table: 'requests' | 'provider_usage'
  /** Rows that were not in the table before, and those that were. */
  readonly imported: number
  readonly existing: number
  /** Takes a row in, or says why it is none to take. Throws BadRow. */
  add(row: SourceRow): Promise<Skipped | null>
  /** Resolves once every row is in the table. */
  finish(): Promise<void>
}

interface RequestIntakeContext {
  db: Db
  pricer: (request: LlmRequest) => void
  redactor: { request(request: LlmRequest): void }
  totals: Totals
}

export class RequestIntake implements Intake {
  readonly table = 'requests'
  private readonly reader: RequestReader
  private readonly context: RequestIntakeContext
  private readonly blocks: Blocks

  constructor(reader: RequestReader, context: RequestIntakeContext) {
    this.reader = reader
    this.context = context
    this.blocks = new Blocks(context.db)
  }

  get imported(): number {
    return this.blocks.imported
  }

  get existing(): number {
    return this.blocks.existing
  }

  async add(row: SourceRow): Promise<Skipped | null> {
    const request = this.reader.request(row)
    if ('skipped' in request) return request
    this.context.pricer(request)
    this.context.redactor.request(request)
    this.context.totals.add(request)
    await this.blocks.add(request)
    return null
  }

  finish(): Promise<void> {
    return this.blocks.finish()
  }
}

/** Held before they are stored, to know by what all of them are split: more than exports have, some hundred MiB. */
const heldUsage = 200_000
const insertRows = 5_000

interface UsageIntakeContext extends Clock {
  db: Db
  columns: readonly string[]
  file: string
  version: number
  totals: Totals
}

export class UsageIntake implements Intake {
  readonly table = 'provider_usage'
  imported = 0
  existing = 0
  private readonly format: UsageFormat
  private readonly context: UsageIntakeContext
  private readonly names: RowNames
  private readonly grouping = new Set<string>()
  private held: ProviderUsage[] = []

  constructor(format: UsageFormat, context: UsageIntakeContext) {
    this.format = format
    this.context = context
    this.names = new RowNames(context.columns)
  }

  async add(row: SourceRow): Promise<Skipped | null> {
    const usage = this.format.toUsage(this.names.of(row), this.context)
    if ('skipped' in usage) return usage
    for (const one of usage) this.context.totals.addUsage(one)
    this.held.push(...usage)
    if (this.held.length >= heldUsage) await this.finish()
    return null
  }

  async finish(): Promise<void> {
    const { db, file, version } = this.context
    const rows = this.held
    this.held = []
    for (const field of groupingOf(rows)) this.grouping.add(field)
    const shared = { grouped_by: [...this.grouping].sort().join(','), source_file: file, version }
    const before = await this.stored()
    for (let from = 0; from < rows.length; from += insertRows) {
      const block = rows.slice(from, from + insertRows)
      for (const row of block) Object.assign(row, shared)
      await db.insert('provider_usage', block)
    }
    const added = (await this.stored()) - before
    this.imported += added
    this.existing += rows.length - added
  }

  private async stored(): Promise<number> {
    const [row] = await this.context.db.query<{ stored: number }>(
      'SELECT toFloat64(count()) AS stored FROM provider_usage',
    )
    return row?.stored ?? 0
  }
}
