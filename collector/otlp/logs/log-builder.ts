/** Which log records are GenAI events, and what is put right on the way, whatever the encoding. */
import { hash } from 'node:crypto'
import type { LogEvent } from '../../../records/log-event.ts'
import type { AttributeValue, Attributes } from '../../../records/span.ts'
import { attributeText } from '../../../storage/column-kinds.ts'
import type { Findings } from '../findings.ts'
import type { Scope } from '../json.ts'
import { isId, ItemBuilder, type WireTime } from '../validate.ts'

export interface DecodedLogs {
  events: LogEvent[]
  /** Records that are not stored, by reason. */
  rejected: Findings
  /** Records that were put right, or values that were cut, by reason. */
  noted: Findings
}

/** A record as it stands on the wire. */
export interface LogRecord {
  time: WireTime
  observed: WireTime
  severity: number
  trace_id: string
  span_id: string
  event_name: string
  body: AttributeValue
  attributes: Attributes
}

/** Older clients have no field for an event's name; LiteLLM spells the attribute its own way. */
const eventNames = ['event.name', 'event_name']
const vocabulary = 'gen_ai.'

export class LogBuilder extends ItemBuilder implements DecodedLogs {
  readonly events: LogEvent[] = []
  /** How often an event came: two equal messages of one conversation are two. */
  private readonly seen = new Map<string, number>()

  /** Takes a record with its ids as they came, or rejects it. */
  add(record: LogRecord, scope: Scope, where: () => string): void {
    const { attributes } = record
    const event_name = this.name(record.event_name || nameIn(attributes))
    if (!isGenAi(event_name, attributes)) return this.rejected.add('not_genai', where())
    // Clients may leave the time out, but not the time at which their SDK saw the record.
    const time = record.time.micros === 0 ? record.observed : record.time
    const fault = time.micros === 0 ? 'missing_time' : this.misplaced(time.micros, 'time')
    if (fault) return this.rejected.add(fault, where())
    const trace_id = this.id(record.trace_id, 32, 'trace_id', where)
    const body = this.limit(record.body)
    const event: LogEvent = {
      timestamp: time.micros,
      trace_id,
      span_id: trace_id === '' ? '' : this.id(record.span_id, 16, 'span_id', where),
      event_name,
      event_id: '',
      severity_number: record.severity >= 0 && record.severity <= 24 ? record.severity : 0,
      service: scope.resource.service,
      environment: scope.resource.environment,
      scope_name: scope.name,
      body: attributeText(body),
      attributes,
      resource_attributes: scope.resource.attributes,
      version: 0,
    }
    event.event_id = this.identity(event, time)
    this.events.push(event)
  }

  /** Logs need no ids: a wrong one is as good as none. */
  private id(id: string, length: number, field: string, where: () => string): string {
    if (isId(id, length)) return id
    if (!/^0*$/.test(id)) this.noted.add(`invalid_${field}`, where())
    return ''
  }

  private identity(event: LogEvent, { nanos }: WireTime): string {
    const { timestamp, trace_id, span_id, event_name, severity_number, service, scope_name, body, attributes } = event
    const told = [...attributes].map(([key, value]) => [key, attributeText(value)])
    const content = [timestamp, nanos, trace_id, span_id, event_name, severity_number, service, scope_name, body, told]
    const id = hash('sha256', JSON.stringify(content)).slice(0, 32)
    const before = this.seen.get(id) ?? 0
    this.seen.set(id, before + 1)
    return before === 0 ? id : hash('sha256', `${id} ${before}`).slice(0, 32)
  }
}

function nameIn(attributes: Attributes): string {
  const name = eventNames.map((key) => attributes.get(key)).find((value) => typeof value === 'string')
  return typeof name === 'string' ? name : ''
}

function isGenAi(name: string, attributes: Attributes): boolean {
  return name.startsWith(vocabulary) || [...attributes.keys()].some((key) => key.startsWith(vocabulary))
}
