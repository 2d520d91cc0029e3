/**
 * AMD's device-metrics-exporter. Every metric is a gauge, counts included; which there are depends on the generation (MI2xx,
 * MI3xx, Radeon) and on how the exporter runs; the operator may put a prefix before all names. Labels were upper case once.
 * https://github.com/ROCm/device-metrics-exporter
 */
import type { Families } from '../families.ts'
import { highest, nonZero, rate, value, gpuExporter } from '../gpu.ts'

/** The exporter divides bytes by 1024 twice and calls that MB. */
const mib = 2 ** 20

/** One of these stands on every page; the label tells them from other exporters' metrics that end alike. */
const telling =
  /^(.*?)(gpu_(?:nodes_total|package_power|average_package_power|power_usage|gfx_activity|total_vram|total_memory|health|clock|xgmi_link_rx))$/

export const amd = gpuExporter({
  name: 'amd',
  detect(families: Families) {
    for (const { name, samples } of families.values()) {
      const prefix = telling.exec(name)?.[1]
      if (prefix === undefined) continue
      const [first] = samples
      if (first && [...first.series.labels.keys()].some((label) => label.toLowerCase() === 'serial_number'))
        return prefix
    }
    return null
  },
  identity: {
    host: ['hostname'],
    gpu: ['gpu_id', 'serial_number'],
    uuid: ['gpu_uuid'],
    device: ['card_series', 'card_model'],
    pci_bus_id: ['pcie_bus_id'],
    namespace: ['exported_namespace', 'namespace'],
    pod: ['exported_pod', 'pod'],
    container: ['exported_container', 'container'],
    driver_version: ['driver_version'],
  },
  measures: {
    utilization_ratio: value(['gpu_gfx_activity', 'gpu_usage'], 0.01),
    sm_active_ratio: value('gpu_prof_sm_active', 0.01),
    sm_occupancy_ratio: value('gpu_prof_occupancy_percent', 0.01),
    tensor_active_ratio: value('gpu_prof_tensor_active_percent', 0.01),
    memory_utilization_ratio: value('gpu_umc_activity', 0.01),
    memory_used_bytes: value('gpu_used_vram', mib),
    memory_free_bytes: value('gpu_free_vram', mib),
    // Before the rename it divided by 1,000,000.
    memory_total_bytes: [nonZero('gpu_total_vram', mib), nonZero('gpu_total_memory', 1e6)],
    // Guests and partitions but the first say 0.
    power_watts: nonZero(['gpu_package_power', 'gpu_average_package_power', 'gpu_power_usage']),
    energy_joules: nonZero('gpu_energy_consumed', 1e-6),
    temperature_celsius: nonZero(['gpu_junction_temperature', 'gpu_edge_temperature']),
    memory_temperature_celsius: [nonZero('gpu_memory_temperature'), highest('gpu_hbm_temperature')],
    // The highest of the dies.
    sm_clock_hz: highest('gpu_clock', 1e6, { label: 'clock_type', value: 'system' }),
    memory_clock_hz: highest('gpu_clock', 1e6, { label: 'clock_type', value: 'memory' }),
    // pcie_bandwidth is left to the plain metrics: it does not tell the directions apart.
    pcie_tx_bytes_per_second: rate(['pcie_tx']),
    pcie_rx_bytes_per_second: rate(['pcie_rx']),
    pcie_replays: value('pcie_replay_count'),
    nvlink_bytes_per_second: rate(['gpu_xgmi_link_tx', 'gpu_xgmi_link_rx'], 1000),
    ecc_corrected: value('gpu_ecc_correct_total'),
    ecc_uncorrected: value('gpu_ecc_uncorrect_total'),
  },
  throttle: {
    flags: {
      gpu_violation_processor_hot_residency_percentage: 'processor_hot',
      gpu_violation_ppt_residency_percentage: 'package_power',
      gpu_violation_socket_thermal_residency_percentage: 'socket_thermal',
      gpu_violation_vr_thermal_residency_percentage: 'vr_thermal',
      gpu_violation_hbm_thermal_residency_percentage: 'hbm_thermal',
    },
  },
  /** A partition has an index and UUID of its own; the serial number says which GPU it is a part of. */
  part(label) {
    const type = label('gpu_compute_partition_type').toLowerCase()
    const id = label('gpu_partition_id')
    if (type === '' || type === 'spx' || id === '') return null
    return { uuid: label('serial_number') || label('gpu_uuid'), mig_id: id, mig_profile: type }
  },
})
