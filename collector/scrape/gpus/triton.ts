/** The GPU metrics that Triton Inference Server puts on its page: base units, and no more than six. */
import { hasAny, nonZero, value, gpuExporter } from '../gpu.ts'

export const triton = gpuExporter({
  name: 'triton',
  detect: hasAny(['nv_gpu_utilization', 'nv_gpu_memory_used_bytes', 'nv_gpu_power_usage']),
  identity: { uuid: ['gpu_uuid'] },
  measures: {
    utilization_ratio: value('nv_gpu_utilization'),
    memory_used_bytes: value('nv_gpu_memory_used_bytes'),
    memory_total_bytes: nonZero('nv_gpu_memory_total_bytes'),
    power_watts: value('nv_gpu_power_usage'),
    power_limit_watts: nonZero('nv_gpu_power_limit'),
    energy_joules: value('nv_energy_consumption'),
  },
  throttle: {},
})
