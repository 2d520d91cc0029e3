/** GPUs and inference servers of the small fleet, the same every time. */
import { emptyGpu } from '../../collector/scrape/gpu.ts'
import type { GpuSample } from '../../records/gpu-sample.ts'
import { emptyServerSample, type ServerSample } from '../../records/server-sample.ts'
import type { Db } from '../../storage/client.ts'
import { random } from './seed.ts'
import { store } from './store.ts'

const gib = 2 ** 30

/** Four GPUs on two hosts, a sample every 10 s; one was not scraped for a while. */
export function gpuSamples(now: number, minutes: number): GpuSample[] {
  const draw = random(7)
  const rows: GpuSample[] = []
  for (let age = minutes * 60; age >= 0; age -= 10) {
    for (const [index, host] of ['gpu-node-1', 'gpu-node-1', 'gpu-node-2', 'gpu-node-2'].entries()) {
      if (index === 3 && age > minutes * 20 && age < minutes * 30) continue
      const load = 0.55 + 0.25 * Math.sin(age / 700 + index) + draw() * 0.12
      rows.push({
        ...emptyGpu({
          timestamp: Math.floor(now - age * 1000) * 1000,
          target: `http://${host}:9400/metrics`,
          host,
          fallbackHost: '',
        }),
        gpu: String(index % 2),
        uuid: `GPU-${index}`,
        device: 'NVIDIA H100 80GB HBM3',
        utilization_ratio: Math.min(load, 1),
        memory_used_bytes: Math.floor((index === 2 ? 41 : 71 + draw()) * gib),
        memory_total_bytes: 80 * gib,
        memory_free_bytes: 8 * gib,
        power_watts: 300 + load * 320,
        power_limit_watts: 700,
        temperature_celsius: 48 + load * 22,
        sm_clock_hz: 1.755e9,
        throttle_reasons: index === 1 ? ['sw_power_cap'] : [],
        interval_ms: 10_000,
      })
    }
  }
  return rows
}

/** Two vLLM servers; the second counts no prefix cache. */
export function serverSamples(now: number, minutes: number): ServerSample[] {
  const draw = random(9)
  const rows: ServerSample[] = []
  for (let age = minutes * 60; age >= 0; age -= 10) {
    for (const [index, model] of ['llama-3.1-70b', 'qwen2.5-coder'].entries()) {
      rows.push({
        ...emptyServerSample(),
        timestamp: Math.floor(now - age * 1000) * 1000,
        interval_ms: 10_000,
        server: 'vllm',
        instance: `vllm-${index + 1}:8000`,
        endpoint: index === 0 ? 'llama-70b' : 'qwen-coder',
        model,
        running: Math.floor(draw() * 20),
        waiting: Math.floor(draw() * 3),
        kv_cache_ratio: 0.3 + draw() * 0.4,
        input_tokens: 14_000,
        output_tokens: 4_200,
        requests_ok: 11,
        requests_failed: 0,
        preemptions: 0,
        prefix_hits: index === 0 ? 5_000 : null,
        prefix_queries: index === 0 ? 14_000 : null,
      })
    }
  }
  return rows
}

/** Both, of the last minutes. */
export async function storeFleet(db: Db, now: number, minutes: number): Promise<void> {
  await store(db, 'gpu_samples', gpuSamples(now, minutes))
  await store(db, 'server_samples', serverSamples(now, minutes))
}
