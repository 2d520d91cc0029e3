/** One row of a file → one request. */
import { emptyRequest, tpotMs, type LlmRequest } from '../../records/llm-request.ts'
import { modelName } from '../../records/model-name.ts'
import { normalProvider } from '../../records/provider.ts'
import type { EpochMicros } from '../../records/span.ts'
import { assign, BadValue, type Target } from './columns.ts'
import { hexId, type Identities } from './identity.ts'
import type { Mapping } from './mapping.ts'
import type { SourceRow } from './source.ts'
import { parseTimestamp, type ZoneOffset } from './timestamp.ts'

/** A row that is refused: `reason` is a stable word to count by, the message names column and value. */
export class BadRow extends Error {
  override name = 'BadRow'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

const year2000 = Date.UTC(2000, 0, 1) * 1000
/** Shown of a bad value in messages. */
const shownChars = 80

export interface RowContext {
  mapping: Mapping
  zone: ZoneOffset
  columns: readonly string[]
  /** Added to every time. */
  shift: EpochMicros
  version: number
  /** Times after this are refused. */
  latest: EpochMicros
}

interface Plan {
  /** Columns that fill fields, sorted by field. */
  fields: { target: Target; at: number }[]
  attributes: { name: string; at: number }[]
}

export class RowReader {
  private readonly context: RowContext
  private plan: Plan = { fields: [], attributes: [] }
  private planned = -1

  constructor(context: RowContext) {
    this.context = context
  }

  /** The time of a row as it stands in the file. Throws BadRow. */
  timestampOf(row: SourceRow): EpochMicros {
    return this.time(this.values(row))
  }

  private time(values: (readonly [Target, string])[]): EpochMicros {
    const text = values.findLast(([target]) => target === 'timestamp')?.[1]
    if (text === undefined) throw new BadRow('timestamp_missing', 'timestamp is empty')
    const timestamp = parseTimestamp(text, this.context.zone)
    if (timestamp === null) throw new BadRow('timestamp_invalid', `timestamp ${shown(text)} is not a time`)
    if (timestamp < year2000)
      throw new BadRow('timestamp_out_of_range', `timestamp ${shown(text)} is before the year 2000`)
    if (timestamp > this.context.latest)
      throw new BadRow('timestamp_in_future', `timestamp ${shown(text)} is in the future`)
    return timestamp
  }

  /** Throws BadRow. */
  request(row: SourceRow, identities: Identities): LlmRequest {
    const request = emptyRequest()
    const values = this.values(row)
    request.timestamp = this.time(values) + this.context.shift
    request.dialect = 'import'
    request.version = this.context.version
    let identity = ''
    let statusKnown = false
    for (const [target, value] of values) {
      identity += `${target}\u0001${value}\u0000`
      statusKnown ||= target === 'status'
      if (target !== 'timestamp') assignChecked(request, target, value)
    }
    for (const { name, at } of this.plan.attributes) {
      const value = row.cells[at]
      if (value !== null && value !== undefined && value !== '') addAttribute(request, name, value)
    }
    identify(request, identities.of(identity))
    nameModel(request)
    request.provider = normalProvider(request.provider)
    request.tpot_ms ??= tpotMs(request.duration_ms, request.ttft_ms, request.output_tokens)
    if (!statusKnown) request.status = statusFrom(request)
    return request
  }

  /** What the row's fields are filled with: mapped and set values, without the empty ones. */
  private values(row: SourceRow): (readonly [Target, string])[] {
    const { mapping, columns } = this.context
    if (this.planned !== columns.length) {
      this.plan = planOf(mapping, columns)
      this.planned = columns.length
    }
    const values: (readonly [Target, string])[] = [...mapping.fixed]
    for (const { target, at } of this.plan.fields) {
      const value = row.cells[at]?.trim()
      if (value !== undefined && value !== '') values.push([target, value])
    }
    return values
  }
}

function planOf(mapping: Mapping, columns: readonly string[]): Plan {
  const plan: Plan = { fields: [], attributes: [] }
  for (const [at, name] of columns.entries()) {
    const targets = mapping.targetsOf(name)
    if (targets.length === 0) plan.attributes.push({ name, at })
    for (const target of targets) plan.fields.push({ target, at })
  }
  plan.fields.sort((a, b) => (a.target < b.target ? -1 : 1))
  return plan
}

function assignChecked(request: LlmRequest, target: Exclude<Target, 'timestamp'>, value: string): void {
  try {
    assign(request, target, value)
  } catch (error) {
    if (!(error instanceof BadValue)) throw error
    throw new BadRow(`${target}_${error.reason}`, `${target} ${shown(value)} ${error.message}`)
  }
}

/** Our own exports carry their attributes as one object. */
function addAttribute(request: LlmRequest, name: string, value: string): void {
  if (name === 'attributes' && value.startsWith('{')) {
    try {
      const entries = Object.entries(JSON.parse(value) as Record<string, unknown>)
      for (const [key, item] of entries)
        request.attributes.set(key, typeof item === 'string' ? item : JSON.stringify(item))
      return
    } catch {
      // Not JSON after all: kept as the text that it is.
    }
  }
  request.attributes.set(name, value)
}

/** Ids of the file where it has some, else ones made of the row's own values. */
function identify(request: LlmRequest, made: { trace_id: string; span_id: string }): void {
  request.trace_id = request.trace_id === '' ? made.trace_id : hexId(request.trace_id, 32)
  request.span_id = request.span_id === '' ? made.span_id : hexId(request.span_id, 16)
}

/** One model is one name, whatever the file calls it; see `modelName`. */
function nameModel(request: LlmRequest): void {
  const { model, version } = modelName(request.model || request.requested_model)
  request.requested_model ||= request.model
  request.model = model
  request.model_version ||= version
}

/** A file without a status may still tell one. */
function statusFrom({ http_status: code, error_type: type }: LlmRequest): LlmRequest['status'] {
  if (code === 429) return 'rate_limited'
  if (code === 408 || code === 504) return 'timeout'
  return (code !== null && code >= 400) || type !== '' ? 'error' : 'ok'
}

const shown = (value: string) => JSON.stringify(value.length > shownChars ? `${value.slice(0, shownChars)}…` : value)
