/** Rows of another product's export → requests. */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { EpochMicros } from '../../records/span.ts'
import { assignChecked, BadRow, checkedTime } from './bad-row.ts'
import type { RequestFormat, Skipped } from './formats/format.ts'
import { NamedRow } from './formats/named-row.ts'
import { normalise, type RequestReader, type RowContext } from './row.ts'
import type { SourceRow } from './source.ts'

export class FormatReader implements RequestReader {
  private readonly format: RequestFormat
  private readonly context: RowContext
  private readonly names: RowNames

  constructor(format: RequestFormat, context: RowContext) {
    this.format = format
    this.context = context
    this.names = new RowNames(context.columns)
  }

  timestampOf(row: SourceRow): EpochMicros {
    const request = this.read(row)
    if ('skipped' in request) throw new BadRow(request.skipped, 'is no call of a model')
    return request.timestamp
  }

  request(row: SourceRow): LlmRequest | Skipped {
    const { mapping, shift, version } = this.context
    const request = this.read(row)
    if ('skipped' in request) return request
    for (const [target, value] of mapping.fixed) if (target !== 'timestamp') assignChecked(request, target, value)
    request.timestamp += shift
    request.dialect = 'import'
    request.version = version
    request.attributes.set('import.format', this.format.name)
    normalise(request)
    return request
  }

  private read(row: SourceRow): LlmRequest | Skipped {
    const request = this.format.toRequest(this.names.of(row), this.context)
    if (this.format.timeless === undefined || 'skipped' in request) return request
    request.timestamp = checkedTime(this.context.mapping.fixedTime, 'timestamp', this.context)
    return request
  }
}

/** Looks cells up by column; columns of JSON lines grow. */
export class RowNames {
  private readonly columns: readonly string[]
  private positions: ReadonlyMap<string, number> = new Map()

  constructor(columns: readonly string[]) {
    this.columns = columns
  }

  of({ cells }: SourceRow): NamedRow {
    if (this.positions.size !== this.columns.length)
      this.positions = new Map(this.columns.map((name, position) => [name, position]))
    return new NamedRow(cells, this.positions)
  }
}
