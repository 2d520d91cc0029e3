/** One row of a file → one request. */
import { emptyRequest, tpotMs, type LlmRequest } from '../../records/llm-request.ts'
import { modelName } from '../../records/model-name.ts'
import { normalProvider } from '../../records/provider.ts'
import type { EpochMicros } from '../../records/span.ts'
import { assignChecked, checkedTime, type Clock } from './bad-row.ts'
import type { Target } from './columns.ts'
import type { Skipped } from './formats/format.ts'
import { hexId, Identities } from './identity.ts'
import type { Mapping } from './mapping.ts'
import type { SourceRow } from './source.ts'

export interface RowContext extends Clock {
  mapping: Mapping
  columns: readonly string[]
  /** Added to every time. */
  shift: EpochMicros
  version: number
}

interface Plan {
  /** Columns that fill fields, sorted by field. */
  fields: { target: Target; at: number }[]
  attributes: { name: string; at: number }[]
}

/** Rows of a file → requests, whoever wrote it. */
export interface RequestReader {
  /** The time of a row as it stands in the file. Throws BadRow. */
  timestampOf(row: SourceRow): EpochMicros
  /** Throws BadRow. */
  request(row: SourceRow): LlmRequest | Skipped
}

/** Columns of our own, or mapped ones. */
export class RowReader implements RequestReader {
  private readonly context: RowContext
  private readonly identities = new Identities()
  private plan: Plan = { fields: [], attributes: [] }
  private planned = -1

  constructor(context: RowContext) {
    this.context = context
  }

  timestampOf(row: SourceRow): EpochMicros {
    return this.time(this.values(row))
  }

  private time(values: (readonly [Target, string])[]): EpochMicros {
    const text = values.findLast(([target]) => target === 'timestamp')?.[1]
    return checkedTime(text, 'timestamp', this.context)
  }

  request(row: SourceRow): LlmRequest {
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
    identify(request, this.identities.of(identity))
    normalise(request)
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

/** One model and one provider is one name, whatever the file calls it; what follows from other fields is worked out. */
export function normalise(request: LlmRequest): void {
  const { model, version } = modelName(request.model || request.requested_model)
  request.requested_model ||= request.model
  request.model = model
  request.model_version ||= version
  request.provider = normalProvider(request.provider)
  request.tpot_ms ??= tpotMs(request.duration_ms, request.ttft_ms, request.output_tokens)
}

/** A file without a status may still tell one. */
function statusFrom({ http_status: code, error_type: type }: LlmRequest): LlmRequest['status'] {
  if (code === 429) return 'rate_limited'
  if (code === 408 || code === 504) return 'timeout'
  return (code !== null && code >= 400) || type !== '' ? 'error' : 'ok'
}
