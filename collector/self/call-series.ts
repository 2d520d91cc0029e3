/**
 * What /metrics says of model calls, under the names of OpenTelemetry's GenAI conventions, for those who stay with Prometheus.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 *
 * Counted here rather than in instruments of the SDK, which sort and serialize the attributes of every measurement and cost
 * twenty times as much a call. Names come from clients, so there is a bound on how many are kept apart.
 */
import type { Attributes } from '@opentelemetry/api'
import type { LlmRequest, RequestStatus } from '../../records/llm-request.ts'
import { Histogram } from './histogram.ts'

/** Combinations of provider, models, operation and endpoint: each is some hundred lines of /metrics. */
const mostSeries = 300
/** Types of errors of one combination. */
const mostErrorTypes = 10
/** Of a name from outside; what is longer is no name. */
const longestName = 200

/** The convention's word for types that are not kept apart. */
const otherError = '_OTHER'
/** The attribute by which SDKs mark what was too much to keep apart. */
const overflow = { 'otel.metric.overflow': true }

const failures: ReadonlySet<RequestStatus> = new Set(['error', 'rate_limited', 'timeout'])

/** As the conventions advise. */
const bounds = {
  duration: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  tokens: [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  ttft: [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  tpot: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
}

/** What is known of the calls of one combination of names. */
export interface Series {
  attributes: Attributes
  byStatus: Map<RequestStatus, number>
  /** By type of error; empty for calls that did not fail. */
  durations: Map<string, Histogram>
  inputTokens: Histogram
  outputTokens: Histogram
  ttft: Histogram
  tpot: Histogram
  costUsd: number
  priced: number
  unpriced: number
}

export class CallSeries {
  private readonly series = new Map<string, Series>()
  private readonly limit: number
  private rest: Series | null = null
  /** Calls that are in no combination of their own. */
  overflowed = 0

  constructor(limit = mostSeries) {
    this.limit = limit
  }

  /** Combinations of names that are kept apart. */
  get size(): number {
    return this.series.size
  }

  /** These, and the one of all other names. */
  all(): Series[] {
    return [...this.series.values(), ...(this.rest ? [this.rest] : [])]
  }

  /** Counts a call; once each. What is unknown of it is in no series. */
  count(call: LlmRequest): void {
    const { status, duration_ms, ttft_ms, tpot_ms, input_tokens, output_tokens, cost_usd } = call
    const series = this.seriesOf(call)
    series.byStatus.set(status, (series.byStatus.get(status) ?? 0) + 1)
    if (duration_ms !== null) durationsOf(series, errorTypeOf(call)).add(duration_ms / 1000)
    if (ttft_ms !== null) series.ttft.add(ttft_ms / 1000)
    if (tpot_ms !== null) series.tpot.add(tpot_ms / 1000)
    if (input_tokens !== null) series.inputTokens.add(input_tokens)
    if (output_tokens !== null) series.outputTokens.add(output_tokens)
    if (cost_usd === null) series.unpriced += 1
    else {
      series.priced += 1
      // Counters only rise: what a gateway pays back is in the tables alone.
      series.costUsd += Math.max(cost_usd, 0)
    }
  }

  private seriesOf(call: LlmRequest): Series {
    const { provider, requested_model, model, operation, endpoint } = call
    const key = `${provider}\n${requested_model}\n${model}\n${operation}\n${endpoint}`
    const known = this.series.get(key)
    if (known) return known
    const names = [provider, requested_model, model, operation, endpoint]
    if (this.series.size >= this.limit || names.some((name) => name.length > longestName)) {
      this.overflowed += 1
      this.rest ??= newSeries(overflow)
      return this.rest
    }
    const added = newSeries(attributesOf(call))
    this.series.set(key, added)
    return added
  }
}

function newSeries(attributes: Attributes): Series {
  return {
    attributes,
    byStatus: new Map(),
    durations: new Map(),
    inputTokens: new Histogram(bounds.tokens),
    outputTokens: new Histogram(bounds.tokens),
    ttft: new Histogram(bounds.ttft),
    tpot: new Histogram(bounds.tpot),
    costUsd: 0,
    priced: 0,
    unpriced: 0,
  }
}

/** What is unknown is left out, as the conventions want. */
function attributesOf({ provider, requested_model, model, operation, endpoint }: LlmRequest): Attributes {
  const named = {
    'gen_ai.provider.name': provider,
    'gen_ai.operation.name': operation,
    'gen_ai.request.model': requested_model,
    'gen_ai.response.model': model,
    endpoint,
  }
  return Object.fromEntries(Object.entries(named).filter(([, name]) => name !== ''))
}

/** Empty for what is no error in Inferwatch: what the caller cancelled, what a content filter stopped. */
function errorTypeOf({ status, error_type }: LlmRequest): string {
  if (!failures.has(status)) return ''
  if (error_type !== '') return error_type.length > longestName ? otherError : error_type
  return status === 'error' ? otherError : status
}

function durationsOf({ durations }: Series, errorType: string): Histogram {
  const known = durations.get(errorType)
  if (known) return known
  // Beside these there are at most the calls that did not fail, and the other errors.
  const type = errorType === '' || durations.size < mostErrorTypes ? errorType : otherError
  const histogram = durations.get(type) ?? new Histogram(bounds.duration)
  durations.set(type, histogram)
  return histogram
}
