/** OTLP/JSON → spans. */
import type { Span, SpanEvent } from '../../records/span.ts'
import { spanKinds, spanStatuses } from '../../records/span.ts'
import {
  attributesOf,
  eachItem,
  enumeration,
  hexOf,
  list,
  optional,
  text,
  time,
  type Json,
  type Scope,
} from './json.ts'
import { TraceBuilder, type DecodeOptions, type DecodedTraces } from './validate.ts'

/** Throws DecodeError naming the field: `resourceSpans[0].scopeSpans[0].spans[3].kind: expected an integer, got "CLIENT"`. */
export function decodeJson(body: Buffer, options: DecodeOptions): DecodedTraces {
  const builder = new TraceBuilder(options)
  eachItem(body, ['resourceSpans', 'scopeSpans', 'spans'], builder, (raw, where, scope) =>
    span(raw, where, scope, builder),
  )
  return builder
}

function span(raw: Json, where: string, { resource, name, version }: Scope, builder: TraceBuilder): void {
  const span: Span = {
    timestamp: 0,
    duration_ms: 0,
    trace_id: hexOf(text(raw, 'traceId', where)),
    span_id: hexOf(text(raw, 'spanId', where)),
    parent_span_id: hexOf(text(raw, 'parentSpanId', where)),
    name: text(raw, 'name', where),
    kind: spanKinds[enumeration(raw, 'kind', where)] ?? 'unspecified',
    service: resource.service,
    environment: resource.environment,
    scope_name: name,
    scope_version: version,
    status: 'unset',
    status_message: '',
    attributes: attributesOf(raw, where, builder),
    resource_attributes: resource.attributes,
    events: [],
    links: [],
    version: 0,
  }
  list(raw, 'events', where, (event, at) => span.events.push(eventOf(event, at, builder)))
  list(raw, 'links', where, (link, at) =>
    span.links.push({
      trace_id: hexOf(text(link, 'traceId', at)),
      span_id: hexOf(text(link, 'spanId', at)),
    }),
  )
  status(raw, where, span, builder)
  builder.add(span, time(raw, 'startTimeUnixNano', where), time(raw, 'endTimeUnixNano', where), () => where)
}

function status(raw: Json, where: string, span: Span, builder: TraceBuilder): void {
  const found = optional(raw['status'], `${where}.status`)
  span.status = spanStatuses[enumeration(found, 'code', `${where}.status`)] ?? 'unset'
  span.status_message = builder.cut(text(found, 'message', `${where}.status`))
}

function eventOf(raw: Json, where: string, builder: TraceBuilder): SpanEvent {
  return {
    timestamp: time(raw, 'timeUnixNano', where).micros,
    name: builder.name(text(raw, 'name', where)),
    attributes: attributesOf(raw, where, builder),
  }
}
