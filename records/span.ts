/**
 * A span as it came in, whatever it describes; table `spans`. LLM calls are also an `LlmRequest`.
 * Pure data: dialects read it, the spool encodes it.
 */

/** A point in time as whole microseconds since 1970 UTC: exact in a double until the year 2255. */
export type EpochMicros = number

/** An OTLP AnyValue after decoding; 64-bit integers beyond 2^53 arrive as bigint, "empty" values as null. */
export type AttributeValue =
  string | number | boolean | bigint | null | Uint8Array | AttributeValue[] | { [key: string]: AttributeValue }

/** A Map, not an object: keys come from outside, and `__proto__` is a legal attribute name. */
export type Attributes = Map<string, AttributeValue>

export interface SpanEvent {
  timestamp: EpochMicros
  name: string
  attributes: Attributes
}

export interface SpanLink {
  trace_id: string
  span_id: string
}

export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export type SpanKind = (typeof spanKinds)[number]

export const spanStatuses = ['unset', 'ok', 'error'] as const
export type SpanStatus = (typeof spanStatuses)[number]

export interface Span {
  timestamp: EpochMicros
  duration_ms: number
  /** 32 lower-case hex digits, never all zero. */
  trace_id: string
  /** 16 lower-case hex digits, never all zero. */
  span_id: string
  /** Empty for a root. */
  parent_span_id: string
  name: string
  kind: SpanKind
  /** Resource `service.name`; empty when unknown. */
  service: string
  /** Resource `deployment.environment.name` or its older spelling; empty when unknown. */
  environment: string
  scope_name: string
  scope_version: string
  status: SpanStatus
  status_message: string
  attributes: Attributes
  /** Shared by all spans of one resource: never written to. */
  resource_attributes: Attributes
  events: SpanEvent[]
  links: SpanLink[]
  /** The higher version of one (timestamp, trace_id, span_id) wins; the time of receipt in microseconds. */
  version: number
}
