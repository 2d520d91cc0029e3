/** What both encodings of OTLP must agree on: which items can be stored, and what is put right on the way. */
import type { AttributeValue, Attributes, EpochMicros, Span } from '../../records/span.ts'
import { attributeText } from '../../storage/column-kinds.ts'
import { Findings } from './findings.ts'

export interface DecodedTraces {
  spans: Span[]
  /** Spans that cannot be stored, by reason: the partial success of the answer. */
  rejected: Findings
  /** Spans that were put right, or values that were cut, by reason. */
  noted: Findings
}

export interface DecodeOptions {
  max_attribute_bytes: number
  /** The time of receipt. */
  now: EpochMicros
}

/** A nanosecond time of the wire, split: exact, which one double could not be. */
export interface WireTime {
  micros: EpochMicros
  /** 0–999 */
  nanos: number
}

const year2000: EpochMicros = 946_684_800_000_000
const day: EpochMicros = 86_400_000_000
/** Values nested deeper than this are refused; protobuf's own limit is 100 messages, two a level. */
export const maxDepth = 40
/** A resource stands in every row of its spans: what is tolerable once is not a hundred thousand times. */
const maxResourceCharacters = 64 * 1024
const maxNameBytes = 1024
const utf8 = new TextDecoder()

/** What the items of one resource share. */
export interface Resource {
  attributes: Attributes
  service: string
  environment: string
}

/** Collects the items of one request, whatever the signal. */
export class ItemBuilder {
  /** Items that cannot be stored, by reason. */
  readonly rejected = new Findings()
  /** Items that were put right, or values that were cut, by reason. */
  readonly noted = new Findings()
  protected readonly options: DecodeOptions

  constructor(options: DecodeOptions) {
    this.options = options
  }

  /** An attribute's value, cut when it is longer than configured. */
  limit(value: AttributeValue): AttributeValue {
    const max = this.options.max_attribute_bytes
    if (typeof value === 'string') return value.length * 3 > max ? this.cut(value, max) : value
    if (value === null || typeof value !== 'object') return value
    const text = attributeText(value)
    return text.length * 3 > max && Buffer.byteLength(text) > max ? this.cut(text, max) : value
  }

  /** A text cut to `max` bytes (the attribute limit unless said), at a whole character. */
  cut(text: string, max = this.options.max_attribute_bytes): string {
    if (Buffer.byteLength(text) <= max) return text
    this.noted.add('value_too_long', `${Buffer.byteLength(text)} bytes, cut to ${max}`)
    return cutBytes(Buffer.from(text), max)
  }

  /** A resource's attributes without what goes beyond the limit, and the two that have columns of their own. */
  resource(attributes: Attributes): Resource {
    let characters = 0
    for (const [key, value] of attributes) {
      characters += key.length + attributeText(value).length
      if (characters <= maxResourceCharacters) continue
      attributes.delete(key)
      this.noted.add('resource_too_large', `more than ${maxResourceCharacters} characters`)
    }
    const text = (...keys: string[]) => {
      const value = keys.map((key) => attributes.get(key)).find((found) => typeof found === 'string')
      return typeof value === 'string' ? this.cut(value, maxNameBytes) : ''
    }
    return {
      attributes,
      service: text('service.name'),
      environment: text('deployment.environment.name', 'deployment.environment'),
    }
  }

  /** Attribute keys, scopes and events: names, which nobody makes long with good intent. */
  name(name: string): string {
    return name.length * 3 > maxNameBytes ? this.cut(name, maxNameBytes) : name
  }

  /** `<field>_before_2000` or `<field>_in_the_future`; null for a time that can be. */
  protected misplaced(time: EpochMicros, field: string): string | null {
    if (time < year2000) return `${field}_before_2000`
    return time > this.options.now + day ? `${field}_in_the_future` : null
  }
}

/** Collects the spans of one request. */
export class TraceBuilder extends ItemBuilder implements DecodedTraces {
  readonly spans: Span[] = []

  /**
   * Takes a span with its ids and texts as they came, or rejects it. `where` names its place in the request, and is asked
   * only when something is wrong.
   */
  add(span: Span, start: WireTime, end: WireTime, where: () => string): void {
    const reason = this.unusable(span, start)
    if (reason) return this.rejected.add(reason, where())
    if (span.parent_span_id !== '' && !isId(span.parent_span_id, 16)) {
      if (!/^0*$/.test(span.parent_span_id)) this.noted.add('invalid_parent_span_id', where())
      span.parent_span_id = ''
    }
    span.timestamp = start.micros
    span.duration_ms = this.duration(start, end, where)
    span.name = this.name(span.name)
    if (span.events.length > 0) this.placeEvents(span, where)
    if (span.links.length > 0) this.checkLinks(span, where)
    this.spans.push(span)
  }

  private unusable(span: Span, start: WireTime): string | null {
    if (!isId(span.trace_id, 32)) return idFault(span.trace_id, 32, 'trace_id')
    if (!isId(span.span_id, 16)) return idFault(span.span_id, 16, 'span_id')
    if (start.micros === 0) return 'missing_start_time'
    return this.misplaced(start.micros, 'start')
  }

  private duration(start: WireTime, end: WireTime, where: () => string): number {
    const nanos = (end.micros - start.micros) * 1000 + (end.nanos - start.nanos)
    if (nanos >= 0 && end.micros < this.options.now + 366 * day) return nanos / 1e6
    this.noted.add(
      end.micros === 0 ? 'missing_end_time' : nanos < 0 ? 'end_before_start' : 'end_in_the_future',
      where(),
    )
    return 0
  }

  private checkLinks(span: Span, where: () => string): void {
    const usable = span.links.filter((link) => isId(link.trace_id, 32) && isId(link.span_id, 16))
    if (usable.length < span.links.length) this.noted.add('invalid_link', where(), span.links.length - usable.length)
    span.links = usable
  }

  private placeEvents(span: Span, where: () => string): void {
    for (const event of span.events) {
      if (this.misplaced(event.timestamp, 'event') === null) continue
      if (event.timestamp !== 0) this.noted.add('invalid_event_time', where())
      event.timestamp = span.timestamp
    }
  }
}

/** At most `max` bytes of a UTF-8 text, without half a character at the end. */
function cutBytes(bytes: Uint8Array, max: number): string {
  let end = max
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return utf8.decode(bytes.subarray(0, end))
}

/** Lower-case hex of the right length, not all zero. The decoders lower-case; here only length and zero can be wrong. */
export function isId(id: string, length: number): boolean {
  if (id.length !== length) return false
  for (let i = 0; i < length; i++) if (id.charCodeAt(i) !== 48) return true
  return false
}

const idFault = (id: string, length: number, field: string) =>
  id.length === length ? `zero_${field}` : id === '' ? `missing_${field}` : `invalid_${field}`
