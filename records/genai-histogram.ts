/** A histogram of one series over one interval, as clients and servers report it over OTLP; table `genai_histograms`. */
import type { EpochMicros } from './span.ts'

export interface GenAiHistogram {
  /** End of the interval. */
  timestamp: EpochMicros
  /** Null when its start is unknown. */
  interval_ms: number | null
  /** gen_ai.client.operation.duration, gen_ai.server.time_to_first_token, … */
  name: string
  /** As sent: s, {token}, … */
  unit: string
  service: string
  environment: string
  provider: string
  /** Normalised like LlmRequest.model. */
  model: string
  operation: string
  /** input, output or total; empty for what counts no tokens. */
  token_type: string
  /** host:port of the server, as far as the client knows. */
  server_address: string
  error_type: string
  /** What stands in no other column, as strings. */
  attributes: Map<string, string>
  /** Observations in the interval: an increase, whatever the client sends. */
  count: number
  sum: number | null
  min: number | null
  max: number | null
  /** Upper bounds of the buckets in `unit`. */
  bounds: number[]
  /** Observations per bucket, not cumulative; one more than there are bounds: the last is +Inf's. */
  counts: number[]
  /** Hash of resource, scope, name and attributes: what tells series apart. */
  series: string
  /** The higher version of one (name, series, timestamp) wins; the time of receipt in microseconds. */
  version: number
}
