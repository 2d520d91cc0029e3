/** Attributes that stand on no span, as a span that holds nothing else: dialects read spans, and names are the same everywhere. */
import type { Attributes, Span } from '../../records/span.ts'

export function attributesSpan(attributes: Attributes, known: Partial<Span> = {}): Span {
  return {
    timestamp: 0,
    duration_ms: 0,
    trace_id: '',
    span_id: '',
    parent_span_id: '',
    name: '',
    kind: 'client',
    service: '',
    environment: '',
    scope_name: '',
    scope_version: '',
    status: 'unset',
    status_message: '',
    attributes,
    resource_attributes: new Map(),
    events: [],
    links: [],
    version: 0,
    ...known,
  }
}
