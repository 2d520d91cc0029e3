/** Test helper: a span as the decoder makes it, from a plain object of attributes. */
import type { AttributeValue, Span, SpanEvent } from '../../../records/span.ts'

export type PlainAttributes = { [key: string]: AttributeValue }

export interface SpanParts extends Partial<Omit<Span, 'attributes' | 'events' | 'resource_attributes'>> {
  attributes?: PlainAttributes
  resource?: PlainAttributes
  /** `after_ms` counts from the span's start. */
  events?: { name: string; after_ms?: number; attributes?: PlainAttributes }[]
}

/** A finished span of one second that began at a fixed time. */
export function span({ attributes = {}, resource = {}, events = [], ...parts }: SpanParts = {}): Span {
  const timestamp = Date.UTC(2026, 10, 21, 10) * 1000
  return {
    timestamp,
    duration_ms: 1000,
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    span_id: 'b7ad6b7169203331',
    parent_span_id: '',
    name: 'chat gpt-4o',
    kind: 'client',
    service: 'shop',
    environment: 'production',
    scope_name: 'test',
    scope_version: '',
    status: 'unset',
    status_message: '',
    attributes: new Map(Object.entries(attributes)),
    resource_attributes: new Map(Object.entries(resource)),
    events: events.map(({ name, after_ms = 0, attributes = {} }): SpanEvent => ({
      timestamp: timestamp + after_ms * 1000,
      name,
      attributes: new Map(Object.entries(attributes)),
    })),
    links: [],
    version: 1,
    ...parts,
  }
}
