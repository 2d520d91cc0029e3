/** What a model, a rule or a person judged of an answer; table `evaluations`. */
import type { EpochMicros } from './span.ts'

export interface Evaluation {
  /** Equal for a judgement that is sent again. */
  id: string
  timestamp: EpochMicros
  /** What it is about: a call, a whole trace (no span_id), or a whole session (neither). */
  trace_id: string
  span_id: string
  session_id: string
  /** Id of the call at its provider, where the client names that instead of a span; else empty. */
  request_id: string
  /** llm, code, human, or the judge's own name; empty when unknown. */
  evaluator: string
  evaluator_version: string
  /** What is judged: relevance, toxicity, … */
  name: string
  score: number | null
  /** Class: pass, fail, … */
  label: string
  explanation: string
  cost_usd: number | null
  /** The higher version of one id wins; the time of receipt in microseconds. */
  version: number
}
