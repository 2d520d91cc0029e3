/** A GenAI event that came as a log record: a message, a choice, an exception, a judgement; table `log_events`. */
import type { Attributes, EpochMicros } from './span.ts'

export interface LogEvent {
  timestamp: EpochMicros
  /** Of the span it was emitted in; both may be empty. */
  trace_id: string
  span_id: string
  /** gen_ai.user.message, gen_ai.choice, …; empty when the client names none. */
  event_name: string
  /** Equal for an event that is sent again, different for any other of the same span and time. */
  event_id: string
  /** OTel's 1 (trace) to 24 (fatal); 0 when unknown. */
  severity_number: number
  service: string
  environment: string
  scope_name: string
  /** Text as it is, structured bodies as JSON; empty when there is none. */
  body: string
  attributes: Attributes
  /** Shared by all events of one resource: never written to. */
  resource_attributes: Attributes
  /** Rises with every event: the higher one of two copies wins, and events of one moment keep their order. */
  version: number
}
