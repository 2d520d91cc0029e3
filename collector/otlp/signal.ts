/** OTLP's signals, as receivers see them: where one comes in, and what makes it durable. They serve a list of these. */
import type { Encoding } from './answer.ts'
import type { Findings } from './findings.ts'
import type { DecodeOptions } from './validate.ts'

export interface Signal {
  name: 'traces' | 'logs' | 'metrics'
  /** Over HTTP; the first is the specification's. */
  paths: readonly string[]
  /** Over gRPC: /opentelemetry.proto.collector.trace.v1.TraceService/Export */
  method: string
  /** The field of the partial success, which counts what was not stored. */
  rejectedField: 'rejectedSpans' | 'rejectedLogRecords' | 'rejectedDataPoints'
  /**
   * Resolves once what is good of the body is durable. Calls `decoded` as soon as nothing refers to the bytes any more:
   * another request gets them then. Throws DecodeError, Refusal, SpoolFull.
   */
  take(bytes: Buffer, encoding: Encoding, options: DecodeOptions, decoded: () => void): Promise<Taken>
}

export interface Taken {
  /** Made durable. */
  items: number
  /** Items that were not. */
  rejected: Findings
  /** Items that were put right first. */
  noted: Findings
}
