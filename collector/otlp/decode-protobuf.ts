/** ExportTraceServiceRequest → spans. */
import type { Span, SpanEvent, SpanLink } from '../../records/span.ts'
import { spanKinds, spanStatuses } from '../../records/span.ts'
import type { Envelopes, Scope } from './json.ts'
import { bytes, fixed64, noTime, ProtoDecoder, varint } from './proto-decoder.ts'
import { ProtoReader } from './protobuf.ts'
import { TraceBuilder, type DecodeOptions, type DecodedTraces } from './validate.ts'

const envelopes: Envelopes = ['resourceSpans', 'scopeSpans', 'spans']

/** Throws DecodeError when the body is no such message. `body` is not kept: every text is copied. */
export function decodeProtobuf(body: Buffer, options: DecodeOptions): DecodedTraces {
  const decoder = new TraceDecoder(new ProtoReader(body), new TraceBuilder(options), envelopes)
  decoder.request(body.length)
  return decoder.builder
}

class TraceDecoder extends ProtoDecoder<TraceBuilder> {
  protected item(end: number, { resource, name, version }: Scope): void {
    const { reader } = this
    let start = noTime
    let finish = noTime
    const span: Span = {
      timestamp: 0,
      duration_ms: 0,
      trace_id: '',
      span_id: '',
      parent_span_id: '',
      name: '',
      kind: 'unspecified',
      service: resource.service,
      environment: resource.environment,
      scope_name: name,
      scope_version: version,
      status: 'unset',
      status_message: '',
      attributes: new Map(),
      resource_attributes: resource.attributes,
      events: [],
      links: [],
      version: 0,
    }
    while (reader.at < end) {
      const tag = reader.tag()
      switch (tag) {
        case bytes(1):
          span.trace_id = reader.hex(end)
          break
        case bytes(2):
          span.span_id = reader.hex(end)
          break
        case bytes(4):
          span.parent_span_id = reader.hex(end)
          break
        case bytes(5):
          span.name = reader.text(end)
          break
        case varint(6):
          span.kind = spanKinds[reader.varint()] ?? 'unspecified'
          break
        case fixed64(7):
          start = reader.time(end)
          break
        case fixed64(8):
          finish = reader.time(end)
          break
        case bytes(9):
          this.attribute(reader.message(end), span.attributes)
          break
        case bytes(11):
          span.events.push(this.event(reader.message(end)))
          break
        case bytes(13):
          this.link(reader.message(end), span.links)
          break
        case bytes(15):
          this.status(reader.message(end), span)
          break
        default:
          reader.skip(tag, end)
      }
    }
    reader.finish(end)
    this.builder.add(span, start, finish, this.where)
  }

  private event(end: number): SpanEvent {
    const { reader } = this
    const event: SpanEvent = { timestamp: 0, name: '', attributes: new Map() }
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === fixed64(1)) event.timestamp = reader.time(end).micros
      else if (tag === bytes(2)) event.name = this.builder.name(reader.text(end))
      else if (tag === bytes(3)) this.attribute(reader.message(end), event.attributes)
      else reader.skip(tag, end)
    }
    reader.finish(end)
    return event
  }

  private link(end: number, links: SpanLink[]): void {
    const { reader } = this
    const link: SpanLink = { trace_id: '', span_id: '' }
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === bytes(1)) link.trace_id = reader.hex(end)
      else if (tag === bytes(2)) link.span_id = reader.hex(end)
      else reader.skip(tag, end)
    }
    reader.finish(end)
    links.push(link)
  }

  private status(end: number, span: Span): void {
    const { reader } = this
    while (reader.at < end) {
      const tag = reader.tag()
      if (tag === bytes(2)) span.status_message = this.builder.cut(reader.text(end))
      else if (tag === varint(3)) span.status = spanStatuses[reader.varint()] ?? 'unset'
      else reader.skip(tag, end)
    }
    reader.finish(end)
  }
}
