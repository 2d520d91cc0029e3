/** Traces: spans for the pipeline. */
import { decodeJson } from './decode-json.ts'
import { decodeProtobuf } from './decode-protobuf.ts'
import type { Signal } from './signal.ts'
import type { DecodedTraces } from './validate.ts'

/** `accept` resolves once every span is durable. */
export function traces(accept: (decoded: DecodedTraces) => Promise<void>): Signal {
  return {
    name: 'traces',
    // The second is where Langfuse's SDK sends its traces.
    paths: ['/v1/traces', '/api/public/otel/v1/traces'],
    method: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    rejectedField: 'rejectedSpans',
    async take(bytes, encoding, options, recycle) {
      const decoded = (encoding === 'json' ? decodeJson : decodeProtobuf)(bytes, options)
      recycle()
      if (decoded.spans.length > 0) await accept(decoded)
      return { items: decoded.spans.length, rejected: decoded.rejected, noted: decoded.noted }
    },
  }
}
