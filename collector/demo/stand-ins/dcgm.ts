/** A DCGM exporter on the host of the vLLM server. */
import { demoPath, gpuHost } from '../scenario.ts'
import { gpuCount, gpuIdentity, readGpu, type GpuLoad, type GpuReading } from './gpus.ts'
import { sendText, serveLocal, type LocalServer } from './http.ts'

export interface DcgmExporter extends LocalServer {
  metricsUrl: string
}

const metricsPath = `${demoPath}dcgm/metrics`

const metrics: readonly [
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  value: (reading: GpuReading) => number,
][] = [
  ['DCGM_FI_DEV_SM_CLOCK', 'gauge', 'SM clock frequency (in MHz).', (gpu) => gpu.sm_clock_mhz],
  ['DCGM_FI_DEV_MEM_CLOCK', 'gauge', 'Memory clock frequency (in MHz).', () => 2619],
  ['DCGM_FI_DEV_MEMORY_TEMP', 'gauge', 'Memory temperature (in C).', (gpu) => gpu.memory_temperature],
  ['DCGM_FI_DEV_GPU_TEMP', 'gauge', 'GPU temperature (in C).', (gpu) => gpu.temperature],
  ['DCGM_FI_DEV_POWER_USAGE', 'gauge', 'Power draw (in W).', (gpu) => gpu.power_watts],
  ['DCGM_FI_DEV_GPU_UTIL', 'gauge', 'GPU utilization (in %).', (gpu) => Math.round(gpu.utilization * 100)],
  ['DCGM_FI_DEV_FB_FREE', 'gauge', 'Framebuffer memory free (in MiB).', (gpu) => gpu.free_mib],
  ['DCGM_FI_DEV_FB_USED', 'gauge', 'Framebuffer memory used (in MiB).', (gpu) => gpu.used_mib],
  ['DCGM_FI_DEV_FB_RESERVED', 'gauge', 'Framebuffer memory reserved (in MiB).', (gpu) => gpu.reserved_mib],
  [
    'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS',
    'gauge',
    'Current clock throttle reasons (bitmask).',
    (gpu) => gpu.throttle_reasons,
  ],
  ['DCGM_FI_DEV_POWER_MGMT_LIMIT', 'gauge', 'Power limit (in W).', () => 700],
  ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'gauge', 'Ratio of time the graphics engine is active.', (gpu) => gpu.utilization],
  ['DCGM_FI_PROF_SM_ACTIVE', 'gauge', 'Ratio of cycles an SM has work on it.', (gpu) => gpu.sm],
  ['DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', 'counter', 'Total number of double-bit volatile ECC errors.', () => 0],
  ['DCGM_FI_DEV_XID_ERRORS', 'gauge', 'Value of the last XID error encountered.', () => 0],
  [
    'DCGM_FI_PROF_PIPE_TENSOR_ACTIVE',
    'gauge',
    'Ratio of cycles the tensor (HMMA) pipe is active.',
    (gpu) => gpu.tensor,
  ],
  [
    'DCGM_FI_PROF_DRAM_ACTIVE',
    'gauge',
    'Ratio of cycles the device memory interface is active sending or receiving data.',
    (gpu) => gpu.dram,
  ],
]

/** `load` says how busy the serving GPUs were in the last `ms`. */
export async function startDcgm(load: (ms: number) => GpuLoad, now: () => number = Date.now): Promise<DcgmExporter> {
  const energyMj = Array.from({ length: gpuCount }, (_, gpu) => 4.1e11 + gpu * 1e9)
  let last = now() - 1000
  const server = await serveLocal((request, response) => {
    if (request.url !== metricsPath) {
      response.writeHead(404).end()
      return
    }
    const elapsed = Math.max(now() - last, 1)
    last += elapsed
    const state = load(elapsed)
    const readings = energyMj.map((_, gpu) => readGpu(gpu, state, Math.random() * 2 - 1))
    for (const [gpu, { power_watts }] of readings.entries())
      energyMj[gpu] = (energyMj[gpu] ?? 0) + power_watts * elapsed
    sendText(response, pageOf(readings, energyMj))
  })
  return { ...server, metricsUrl: `${server.url}${metricsPath}` }
}

function pageOf(readings: readonly GpuReading[], energyMj: readonly number[]): string {
  const labels = readings.map((_, at) => {
    const { gpu, uuid, pci_bus_id, device, driver_version } = gpuIdentity(at)
    return `{gpu="${gpu}",UUID="${uuid}",pci_bus_id="${pci_bus_id}",device="nvidia${gpu}",modelName="${device}",Hostname="${gpuHost}",DCGM_FI_DRIVER_VERSION="${driver_version}"}`
  })
  const family = (name: string, type: string, help: string, values: readonly number[]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...values.map((value, at) => `${name}${labels[at]} ${Number.isInteger(value) ? value : value.toFixed(6)}`),
  ]
  const energy = energyMj.map((value) => Math.round(value))
  const lines = [
    ...metrics.flatMap(([name, type, help, value]) => family(name, type, help, readings.map(value))),
    ...family(
      'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION',
      'counter',
      'Total energy consumption since boot (in mJ).',
      energy,
    ),
  ]
  return `${lines.join('\n')}\n`
}
