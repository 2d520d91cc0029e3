/** What the scrapes of the past would have read, made from the requests of their time. */
import type { GpuSample } from '../../../records/gpu-sample.ts'
import type { LlmRequest } from '../../../records/llm-request.ts'
import { emptyServerSample, type HistogramDelta, type ServerSample } from '../../../records/server-sample.ts'
import { emptyGpu } from '../../scrape/gpu.ts'
import { throttleReasons } from '../../scrape/gpus/throttle.ts'
import type { Random } from '../random.ts'
import { gpuHost, pastFault, vllmEndpoint, vllmModel } from '../scenario.ts'
import { gpuCount, gpuIdentity, readGpu } from '../stand-ins/gpus.ts'
import { e2eBounds, itlBounds, kvBlocks, ttftBounds } from '../stand-ins/vllm-engine.ts'

export const sampleMs = 30_000
const mib = 2 ** 20

/** The sample that ends at `endMs`; `requests` are those of the self-hosted model that began in its interval. */
export function pastServerSample(endMs: number, requests: readonly LlmRequest[], instance: string): ServerSample {
  const answered = requests.filter(({ status }) => status === 'ok')
  const sum = (value: (request: LlmRequest) => number | null) =>
    answered.reduce((total, request) => total + (value(request) ?? 0), 0)
  const saturated = pastFault(endMs - sampleMs) === 'queue_saturation'
  const decodeMs = (request: LlmRequest) => (request.duration_ms ?? 0) - queueMs(request, saturated)
  const inFlight = sum(decodeMs) / sampleMs
  const running = saturated ? 2 : Math.round(inFlight)
  const perToken = (request: LlmRequest) => decodeMs(request) / Math.max((request.output_tokens ?? 1) - 1, 1)
  const shared = sum((request) => Math.min(request.input_tokens ?? 0, 384))
  return {
    ...emptyServerSample(),
    timestamp: endMs * 1000,
    interval_ms: sampleMs,
    server: 'vllm',
    instance,
    endpoint: vllmEndpoint,
    model: vllmModel,
    running,
    waiting: saturated ? Math.round(sum((request) => queueMs(request, true)) / sampleMs) : 0,
    kv_cache_ratio: saturated ? 0.95 : Math.min((running * 1500) / 16 / kvBlocks, 0.95),
    input_tokens: sum((request) => request.input_tokens),
    output_tokens: sum((request) => request.output_tokens),
    requests_ok: answered.length,
    requests_failed: requests.length - answered.length,
    preemptions: saturated ? answered.length % 4 : 0,
    prefix_hits: shared,
    prefix_queries: sum((request) => request.input_tokens),
    finished: new Map([
      ['stop', answered.filter((request) => request.finish_reason === 'stop').length],
      ['length', answered.filter((request) => request.finish_reason === 'length').length],
    ]),
    ttft_ms: histogram(ttftBounds, answered, (request) => request.ttft_ms ?? queueMs(request, saturated) + 90),
    itl_ms: histogram(itlBounds, answered, perToken, (request) => request.output_tokens ?? 1),
    tpot_ms: histogram(itlBounds, answered, perToken),
    e2e_ms: histogram(e2eBounds, answered, (request) => request.duration_ms ?? 0),
    queue_ms: histogram(e2eBounds, answered, (request) => queueMs(request, saturated)),
    prefill_ms: histogram(e2eBounds, answered, () => 80),
    decode_ms: histogram(e2eBounds, answered, decodeMs),
  }
}

/** All GPUs at `endMs`, with `running` requests on the server. */
export function pastGpuSamples(
  endMs: number,
  running: number,
  kv: number,
  target: string,
  random: Random,
): GpuSample[] {
  const timestamp = endMs * 1000
  const load = {
    duty: 1 - Math.exp(-0.5 * running),
    batch: Math.min(running / 16, 1),
    kv,
    throttled: pastFault(endMs - sampleMs) === 'gpu_throttling',
  }
  return Array.from({ length: gpuCount }, (_, gpu) => {
    const reading = readGpu(gpu, load, random.next() * 2 - 1)
    return {
      ...emptyGpu({ timestamp, target, host: gpuHost, fallbackHost: gpuHost }),
      ...gpuIdentity(gpu),
      utilization_ratio: reading.utilization,
      gr_engine_active_ratio: reading.utilization,
      tensor_active_ratio: reading.tensor,
      dram_active_ratio: reading.dram,
      memory_used_bytes: reading.used_mib * mib,
      memory_free_bytes: reading.free_mib * mib,
      memory_reserved_bytes: reading.reserved_mib * mib,
      memory_total_bytes: (reading.used_mib + reading.free_mib + reading.reserved_mib) * mib,
      power_watts: reading.power_watts,
      power_limit_watts: 700,
      energy_delta_joules: (reading.power_watts * sampleMs) / 1000,
      temperature_celsius: reading.temperature,
      memory_temperature_celsius: reading.memory_temperature,
      sm_clock_hz: reading.sm_clock_mhz * 1e6,
      memory_clock_hz: 2619e6,
      throttle_reasons: throttleReasons(reading.throttle_reasons),
      interval_ms: sampleMs,
    }
  })
}

/** Of a saturated server nearly all of the time to the first token is waiting. */
function queueMs({ ttft_ms, duration_ms }: LlmRequest, saturated: boolean): number {
  if (!saturated) return 10
  return Math.max((ttft_ms ?? (duration_ms ?? 0) * 0.9) - 150, 0)
}

function histogram(
  boundsS: readonly number[],
  requests: readonly LlmRequest[],
  valueMs: (request: LlmRequest) => number,
  times: (request: LlmRequest) => number = () => 1,
): HistogramDelta {
  const bounds_ms = boundsS.map((bound) => bound * 1000)
  const counts = Array.from({ length: bounds_ms.length + 1 }, () => 0)
  let sum_ms = 0
  for (const request of requests) {
    const value = valueMs(request)
    const at = bounds_ms.findIndex((bound) => value <= bound)
    const bucket = at < 0 ? bounds_ms.length : at
    counts[bucket] = (counts[bucket] ?? 0) + times(request)
    sum_ms += value * times(request)
  }
  return { bounds_ms, counts, sum_ms }
}
