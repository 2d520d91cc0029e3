/** Test helpers: OTLP messages as JSON objects, and the same encoded by an independent protobuf implementation. */
import protobuf from 'protobufjs'

/** The part of OTLP that carries traces, written from the specification's field numbers. */
const proto = `
syntax = "proto3";
message Request { repeated ResourceSpans resourceSpans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; string schemaUrl = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 droppedAttributesCount = 2; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schemaUrl = 3; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
message Span {
  bytes traceId = 1; bytes spanId = 2; string traceState = 3; bytes parentSpanId = 4; string name = 5; int32 kind = 6;
  fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8; repeated KeyValue attributes = 9;
  uint32 droppedAttributesCount = 10; repeated Event events = 11; repeated Link links = 13; Status status = 15;
  fixed32 flags = 16;
}
message Event { fixed64 timeUnixNano = 1; string name = 2; repeated KeyValue attributes = 3; }
message Link { bytes traceId = 1; bytes spanId = 2; string traceState = 3; fixed32 flags = 6; }
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message ArrayValue { repeated AnyValue values = 1; }
message KvList { repeated KeyValue values = 1; }
message AnyValue {
  oneof value {
    string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; ArrayValue arrayValue = 5;
    KvList kvlistValue = 6; bytes bytesValue = 7;
  }
}
message Partial { int64 rejected = 1; string errorMessage = 2; }
message Response { Partial partialSuccess = 1; }
message RpcStatus { int32 code = 1; string message = 2; repeated Any details = 3; }
message Any { string typeUrl = 1; RetryInfo retryInfo = 2; }
message RetryInfo { Duration retryDelay = 1; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
`
const { root } = protobuf.parse(proto, { keepCase: true })

/** OTLP/JSON's request → protobuf bytes. Ids are hex there and bytes here; the rest is proto3 JSON. */
export function toProtobuf(request: object): Buffer {
  const type = root.lookupType('Request')
  return Buffer.from(type.encode(type.fromObject(bytesForHex(request) as object)).finish())
}

export function fromProtobuf(type: 'Response' | 'RpcStatus', bytes: Uint8Array): Record<string, unknown> {
  return root.lookupType(type).toObject(root.lookupType(type).decode(bytes), { longs: Number })
}

const ids = new Set(['traceId', 'spanId', 'parentSpanId'])

function bytesForHex(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bytesForHex)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      ids.has(key)
        ? Buffer.from(item as string, 'hex')
        : key === 'bytesValue'
          ? Buffer.from(item, 'base64')
          : bytesForHex(item),
    ]),
  )
}

/** Numbers from a seed: a failing case can be run again. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A valid span as OTLP/JSON: times in ns as strings, ids as hex. */
export function jsonSpan(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    name: 'chat gpt-4o',
    kind: 3,
    startTimeUnixNano: '1760000000123456789',
    endTimeUnixNano: '1760000001623456789',
    attributes: [{ key: 'gen_ai.request.model', value: { stringValue: 'gpt-4o' } }],
    ...overrides,
  }
}

/** A request with these spans in one resource. */
export function jsonRequest(spans: object[], resource: object[] = []): Record<string, unknown> {
  return {
    resourceSpans: [
      { resource: { attributes: resource }, scopeSpans: [{ scope: { name: 'test', version: '1' }, spans }] },
    ],
  }
}
