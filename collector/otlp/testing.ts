/** Test helpers: OTLP messages as JSON objects, and the same encoded by an independent protobuf implementation. */
import protobuf from 'protobufjs'

/** OTLP's three requests, written from the specification's field numbers. */
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
message LogsRequest { repeated ResourceLogs resourceLogs = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scopeLogs = 2; string schemaUrl = 3; }
message ScopeLogs { Scope scope = 1; repeated LogRecord logRecords = 2; string schemaUrl = 3; }
message LogRecord {
  fixed64 timeUnixNano = 1; int32 severityNumber = 2; string severityText = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; uint32 droppedAttributesCount = 7; fixed32 flags = 8; bytes traceId = 9;
  bytes spanId = 10; fixed64 observedTimeUnixNano = 11; string eventName = 12;
}
message MetricsRequest { repeated ResourceMetrics resourceMetrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scopeMetrics = 2; string schemaUrl = 3; }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; string schemaUrl = 3; }
message Metric {
  string name = 1; string description = 2; string unit = 3;
  oneof data {
    Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; ExponentialHistogram exponentialHistogram = 10; Summary summary = 11;
  }
  repeated KeyValue metadata = 12;
}
message Gauge { repeated NumberPoint dataPoints = 1; }
message Sum { repeated NumberPoint dataPoints = 1; int32 aggregationTemporality = 2; bool isMonotonic = 3; }
message Histogram { repeated HistogramPoint dataPoints = 1; int32 aggregationTemporality = 2; }
message ExponentialHistogram { repeated ExponentialPoint dataPoints = 1; int32 aggregationTemporality = 2; }
message Summary { repeated SummaryPoint dataPoints = 1; }
message NumberPoint {
  fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3;
  oneof value { double asDouble = 4; sfixed64 asInt = 6; }
  repeated Exemplar exemplars = 5; repeated KeyValue attributes = 7; uint32 flags = 8;
}
message HistogramPoint {
  fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3; fixed64 count = 4; optional double sum = 5;
  repeated fixed64 bucketCounts = 6; repeated double explicitBounds = 7; repeated Exemplar exemplars = 8;
  repeated KeyValue attributes = 9; uint32 flags = 10; optional double min = 11; optional double max = 12;
}
message ExponentialPoint {
  repeated KeyValue attributes = 1; fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3; fixed64 count = 4;
  optional double sum = 5; sint32 scale = 6; fixed64 zeroCount = 7; Buckets positive = 8; Buckets negative = 9;
  uint32 flags = 10; repeated Exemplar exemplars = 11; optional double min = 12; optional double max = 13;
  double zeroThreshold = 14;
}
message Buckets { sint32 offset = 1; repeated uint64 bucketCounts = 2; }
message SummaryPoint {
  fixed64 startTimeUnixNano = 2; fixed64 timeUnixNano = 3; fixed64 count = 4; double sum = 5;
  repeated Quantile quantileValues = 6; repeated KeyValue attributes = 7; uint32 flags = 8;
}
message Quantile { double quantile = 1; double value = 2; }
message Exemplar { fixed64 timeUnixNano = 2; double asDouble = 3; bytes spanId = 4; bytes traceId = 5; }
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
  const type = root.lookupType(
    'resourceLogs' in request ? 'LogsRequest' : 'resourceMetrics' in request ? 'MetricsRequest' : 'Request',
  )
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

/** A GenAI event as OTLP/JSON, the way that OpenTelemetry's instrumentation of openai sends it. */
export function jsonLog(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    timeUnixNano: '1760000000123456789',
    observedTimeUnixNano: '1760000000200000000',
    severityNumber: 9,
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId: 'eee19b7ec3c1b174',
    body: { kvlistValue: { values: [{ key: 'content', value: { stringValue: 'Hello?' } }] } },
    attributes: [{ key: 'event.name', value: { stringValue: 'gen_ai.user.message' } }],
    ...overrides,
  }
}

/** A request with these log records in one resource. */
export function jsonLogs(logRecords: object[], resource: object[] = []): Record<string, unknown> {
  return {
    resourceLogs: [
      { resource: { attributes: resource }, scopeLogs: [{ scope: { name: 'test', version: '1' }, logRecords }] },
    ],
  }
}

/** A request with these metrics in one resource. */
export function jsonMetrics(metrics: object[], resource: object[] = []): Record<string, unknown> {
  return {
    resourceMetrics: [
      { resource: { attributes: resource }, scopeMetrics: [{ scope: { name: 'test', version: '1' }, metrics }] },
    ],
  }
}
