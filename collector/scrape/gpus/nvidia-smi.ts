/**
 * nvidia_gpu_exporter, in base units already, and `nvidia-smi` on this host, whose answer is put into the same series.
 * Energy, activity, XID and MIG instances come from the exporter's NVML backend alone.
 * https://github.com/utkuozdemir/nvidia_gpu_exporter
 */
import { code, hasAny, sum, value, gpuExporter } from '../gpu.ts'

export const nvidiaSmi = gpuExporter({
  name: 'nvidia-smi',
  detect: hasAny(['nvidia_smi_gpu_info', 'nvidia_smi_memory_used_bytes', 'nvidia_smi_utilization_gpu_ratio']),
  identity: {
    gpu: ['index'],
    uuid: ['uuid'],
    device: ['name'],
    pci_bus_id: ['pci_bus_id'],
    driver_version: ['driver_version'],
  },
  // Every other series names its GPU by the UUID alone.
  info: ['nvidia_smi_gpu_info', 'nvidia_smi_mig_info'],
  measures: {
    utilization_ratio: value('nvidia_smi_utilization_gpu_ratio'),
    gr_engine_active_ratio: value('nvidia_smi_mig_graphics_activity_ratio'),
    sm_active_ratio: value('nvidia_smi_mig_sm_activity_ratio'),
    sm_occupancy_ratio: value('nvidia_smi_mig_sm_occupancy_ratio'),
    tensor_active_ratio: value('nvidia_smi_mig_tensor_activity_ratio'),
    memory_utilization_ratio: value('nvidia_smi_utilization_memory_ratio'),
    memory_used_bytes: value(['nvidia_smi_memory_used_bytes', 'nvidia_smi_mig_memory_used_bytes']),
    memory_free_bytes: value(['nvidia_smi_memory_free_bytes', 'nvidia_smi_mig_memory_free_bytes']),
    memory_total_bytes: value(['nvidia_smi_memory_total_bytes', 'nvidia_smi_mig_memory_total_bytes']),
    memory_reserved_bytes: value(['nvidia_smi_memory_reserved_bytes', 'nvidia_smi_mig_memory_reserved_bytes']),
    power_watts: value([
      'nvidia_smi_power_draw_watts',
      'nvidia_smi_power_draw_average_watts',
      'nvidia_smi_power_draw_instant_watts',
    ]),
    power_limit_watts: value(['nvidia_smi_enforced_power_limit_watts', 'nvidia_smi_power_limit_watts']),
    energy_joules: value('nvidia_smi_energy_joules_total'),
    // temperature_gpu_tlimit is not one: it counts the degrees left.
    temperature_celsius: value('nvidia_smi_temperature_gpu'),
    memory_temperature_celsius: value('nvidia_smi_temperature_memory'),
    slowdown_temperature_celsius: value('nvidia_smi_temperature_gpu_slowdown'),
    sm_clock_hz: value('nvidia_smi_clocks_current_sm_clock_hz'),
    memory_clock_hz: value('nvidia_smi_clocks_current_memory_clock_hz'),
    pcie_tx_bytes_per_second: value('nvidia_smi_pcie_throughput_tx_bytes_per_second'),
    pcie_rx_bytes_per_second: value('nvidia_smi_pcie_throughput_rx_bytes_per_second'),
    pcie_replays: value('nvidia_smi_pcie_replay_counter'),
    xid: [code('xid', 'nvidia_smi_xid_last_timestamp_seconds'), code('xid', 'nvidia_smi_xid_errors_total')],
    ecc_corrected: value([
      'nvidia_smi_ecc_errors_corrected_volatile_total',
      'nvidia_smi_ecc_errors_corrected_aggregate_total',
    ]),
    ecc_uncorrected: value([
      'nvidia_smi_ecc_errors_uncorrected_volatile_total',
      'nvidia_smi_ecc_errors_uncorrected_aggregate_total',
    ]),
    remapped_rows: sum('nvidia_smi_remapped_rows_correctable', 'nvidia_smi_remapped_rows_uncorrectable'),
    row_remap_failures: value('nvidia_smi_remapped_rows_failure'),
  },
  throttle: {
    bitmask: ['nvidia_smi_clocks_event_reasons_active', 'nvidia_smi_clocks_throttle_reasons_active'],
  },
  /** Compute instances share the memory of their GPU instance: `1c.3g.71gb` is a slice of `3g.71gb`. */
  part(label) {
    const mig_id = label('gpu_instance_id')
    return mig_id === '' ? null : { uuid: label('uuid'), mig_id, mig_profile: label('profile').replace(/^\d+c\./, '') }
  },
})
