/** One synthetic call that checks an endpoint; table `probes`. What is not known is null, never 0. */
import type { RequestStatus } from './llm-request.ts'
import type { EpochMicros } from './span.ts'

export const probeTypes = ['http', 'completion'] as const
export type ProbeType = (typeof probeTypes)[number]

/** Whether the endpoint first had to load its model: `reported` by the server, or `suspected` from a first token far later than usual. */
export type ColdStart = '' | 'reported' | 'suspected'

export interface Probe {
  timestamp: EpochMicros
  endpoint: string
  /** Its name in the configuration. */
  probe: string
  type: ProbeType
  model: string
  ok: boolean
  status: RequestStatus
  http_status: number | null
  /** Until the next one is due: for so long this one says how the endpoint is. */
  interval_ms: number
  /** To a connection, TLS included. */
  connect_ms: number | null
  ttfb_ms: number | null
  ttft_ms: number | null
  duration_ms: number
  input_tokens: number | null
  output_tokens: number | null
  /** After the first token. */
  tokens_per_second: number | null
  cost_usd: number | null
  /** Until the server's certificate ends; negative when it has. */
  certificate_days: number | null
  cold_start: ColdStart
  /** Share of the time that the endpoint is meant to be up, 0–1. */
  objective_ratio: number
  /** What went wrong and what to do; empty when ok. */
  error: string
}
