/** A trace to look at again, since its spans came too far apart to be merged on arrival; table `unsettled_traces`. */
import type { EpochMicros } from './span.ts'

export interface UnsettledTrace {
  /** Start of the span. */
  timestamp: EpochMicros
  end_timestamp: EpochMicros
  trace_id: string
  /** Spans of other traces may carry it too; empty when unknown. */
  request_id: string
  /** late: the span began before anything that is remembered · unfinished: spans of it are missing · forgotten: for want of memory. */
  reason: 'late' | 'unfinished' | 'forgotten'
}
