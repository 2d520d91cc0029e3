/** Four H100 of which two run the model: what they draw, hold and weigh down follows the load of the vLLM stand-in. */
import { seeded } from '../random.ts'
import { gpuHost } from '../scenario.ts'

export interface GpuLoad {
  /** Time with work, 0–1. */
  duty: number
  /** Batch filled, 0–1. */
  batch: number
  /** KV cache filled, 0–1. */
  kv: number
  throttled: boolean
}

export interface GpuReading {
  utilization: number
  sm: number
  tensor: number
  dram: number
  power_watts: number
  temperature: number
  memory_temperature: number
  sm_clock_mhz: number
  used_mib: number
  free_mib: number
  reserved_mib: number
  /** DCGM's bit mask: 0x4 software power cap, 0x20 software and 0x40 hardware thermal slowdown. */
  throttle_reasons: number
}

export const gpuCount = 4
const gpuDevice = 'NVIDIA H100 80GB HBM3'
const gpuDriver = '580.105.08'
/** GPUs 0 and 1 serve the model with tensor parallelism; the others idle: waste that a dashboard should show. */
const servingGpus = 2
const totalMib = 81_559
const reservedMib = 630
const weightsMib = 66_500

const uuids = Array.from({ length: gpuCount }, (_, gpu) => {
  const hex = seeded(77 + gpu).hex(32)
  return `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
})

export function gpuIdentity(gpu: number) {
  return {
    gpu: String(gpu),
    uuid: uuids[gpu] ?? '',
    pci_bus_id: `00000000:${(0x18 + gpu * 0x10).toString(16).toUpperCase()}:00.0`,
    device: gpuDevice,
    driver_version: gpuDriver,
    host: gpuHost,
  }
}

/** `jitter` in [-1, 1) makes two readings of the same load differ a little. */
export function readGpu(gpu: number, { duty, batch, kv, throttled }: GpuLoad, jitter: number): GpuReading {
  if (gpu >= servingGpus) {
    return {
      utilization: 0,
      sm: 0,
      tensor: 0,
      dram: 0,
      power_watts: 71 + gpu + jitter,
      temperature: Math.round(31 + gpu + jitter),
      memory_temperature: Math.round(40 + jitter),
      sm_clock_mhz: 345,
      used_mib: 4,
      free_mib: totalMib - reservedMib - 4,
      reserved_mib: reservedMib,
      throttle_reasons: 0x1,
    }
  }
  const work = Math.min(duty * (0.55 + 0.45 * batch) + 0.02 * jitter * duty, 1)
  const used = Math.round(weightsMib + 10_500 * kv)
  const power = 118 + 520 * work + 6 * jitter
  return {
    utilization: clamp01(duty * (0.9 + 0.08 * batch) + 0.02 * jitter * duty),
    sm: clamp01(0.84 * work),
    tensor: clamp01(0.42 * work),
    dram: clamp01(0.68 * work),
    power_watts: throttled ? Math.min(power, 350) : power,
    temperature: Math.round(throttled ? 87 + jitter : 41 + 32 * work + jitter),
    memory_temperature: Math.round(throttled ? 95 + jitter : 48 + 30 * work + jitter),
    sm_clock_mhz: throttled ? Math.round(1005 + 30 * jitter) : 1980,
    used_mib: used,
    free_mib: totalMib - reservedMib - used,
    reserved_mib: reservedMib,
    throttle_reasons: throttled ? 0x60 : 0,
  }
}

const clamp01 = (value: number) => Math.min(Math.max(value, 0), 1)
