/**
 * Traffic out of the Azure trace of LLM inference (code), which has one hour of arrivals and token counts: the hour is played over and
 * over, thinned by the time of day. Latencies and costs are made from the token counts. Always the same for a seed.
 */
import { readFileSync } from 'node:fs'
import { emptyRequest, tpotMs, type LlmRequest } from '../../records/llm-request.ts'
import { random } from '../dashboard/seed.ts'

export interface TraceCall {
  /** From the first one. */
  at_ms: number
  input_tokens: number
  output_tokens: number
}

/** What goes wrong from `from` to `to`, epoch milliseconds. */
export interface Fault {
  name: string
  from: number
  to: number
  /** Changes one request; `progress` goes from 0 to 1 within the fault. */
  apply: (request: LlmRequest, progress: number, chance: number) => void
}

const hourMs = 3_600_000

export function readTrace(path: string): TraceCall[] {
  const [, ...lines] = readFileSync(path, 'utf8').trim().split('\n')
  const calls = lines.map((line) => {
    const [time = '', input, output] = line.split(',')
    return { at_ms: Date.parse(`${time.slice(0, 23)}Z`), input_tokens: Number(input), output_tokens: Number(output) }
  })
  const start = calls[0]?.at_ms ?? 0
  for (const call of calls) call.at_ms -= start
  return calls.filter(({ at_ms }) => at_ms < hourMs)
}

/** The requests of one hour from `start` on. */
export function requestsOfHour(trace: readonly TraceCall[], start: number, faults: readonly Fault[], seed: number) {
  const next = random(seed + Math.floor(start / hourMs))
  const share = shareOfDay(new Date(start).getUTCHours())
  return trace.flatMap((call): LlmRequest[] => {
    const [kept, noise, chance] = [next(), next() + next() + next() - 1.5, next()]
    if (kept > share) return []
    const request = requestOf(call, start + call.at_ms, Math.exp(noise * 0.5))
    for (const { from, to, apply } of faults) {
      const at = start + call.at_ms
      if (at >= from && at < to) apply(request, (at - from) / (to - from), chance)
    }
    return [request]
  })
}

/** Few at night, all of them in the afternoon. */
function shareOfDay(hour: number): number {
  return 0.6 - 0.4 * Math.cos(((hour - 3) / 24) * 2 * Math.PI)
}

let spans = 0

function requestOf({ input_tokens, output_tokens }: TraceCall, at: number, noise: number): LlmRequest {
  const span_id = (++spans).toString(16).padStart(16, '0')
  const ttft_ms = (80 + input_tokens * 0.08) * noise
  const duration_ms = ttft_ms + output_tokens * 12 * noise
  return {
    ...emptyRequest(),
    timestamp: at * 1000,
    trace_id: span_id.repeat(2),
    span_id,
    service: 'assistant',
    provider: 'azure',
    model: 'code-model',
    environment: 'production',
    streamed: true,
    duration_ms,
    ttft_ms,
    tpot_ms: tpotMs(duration_ms, ttft_ms, output_tokens),
    input_tokens,
    output_tokens,
    cost_usd: input_tokens * 0.6e-6 + output_tokens * 2.4e-6,
    cost_source: 'catalogue',
  }
}

export function slower(request: LlmRequest, factor: number): void {
  request.duration_ms = (request.duration_ms ?? 0) * factor
  request.ttft_ms = (request.ttft_ms ?? 0) * factor
  request.tpot_ms = (request.tpot_ms ?? 0) * factor
}

export function failed(request: LlmRequest): void {
  Object.assign(request, {
    status: 'error',
    error_type: 'server_error',
    http_status: 503,
    output_tokens: 0,
    cost_usd: null,
  })
}
