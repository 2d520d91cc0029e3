/**
 * NVIDIA's DCGM exporter. Its versions differ in which fields they send and how they spell labels; its units are MiB, MHz,
 * mJ and per cent. Guests of a virtual GPU lack power, energy, temperature and profiling.
 * https://github.com/NVIDIA/dcgm-exporter
 */
import { code, hasAny, metricsOf, nonZero, sum, value, gpuExporter, type GpuMeasures } from '../gpu.ts'

const mib = 2 ** 20

const measures: GpuMeasures = {
  utilization_ratio: value('DCGM_FI_DEV_GPU_UTIL', 0.01),
  gr_engine_active_ratio: value('DCGM_FI_PROF_GR_ENGINE_ACTIVE'),
  sm_active_ratio: value('DCGM_FI_PROF_SM_ACTIVE'),
  sm_occupancy_ratio: value('DCGM_FI_PROF_SM_OCCUPANCY'),
  tensor_active_ratio: value('DCGM_FI_PROF_PIPE_TENSOR_ACTIVE'),
  dram_active_ratio: value('DCGM_FI_PROF_DRAM_ACTIVE'),
  memory_utilization_ratio: value('DCGM_FI_DEV_MEM_COPY_UTIL', 0.01),
  memory_used_bytes: value('DCGM_FI_DEV_FB_USED', mib),
  memory_free_bytes: value('DCGM_FI_DEV_FB_FREE', mib),
  memory_total_bytes: value('DCGM_FI_DEV_FB_TOTAL', mib),
  memory_reserved_bytes: value('DCGM_FI_DEV_FB_RESERVED', mib),
  power_watts: value('DCGM_FI_DEV_POWER_USAGE'),
  power_limit_watts: value(['DCGM_FI_DEV_ENFORCED_POWER_LIMIT', 'DCGM_FI_DEV_POWER_MGMT_LIMIT']),
  energy_joules: value('DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', 1e-3),
  temperature_celsius: value('DCGM_FI_DEV_GPU_TEMP'),
  memory_temperature_celsius: nonZero('DCGM_FI_DEV_MEMORY_TEMP'),
  slowdown_temperature_celsius: nonZero('DCGM_FI_DEV_SLOWDOWN_TEMP'),
  sm_clock_hz: value('DCGM_FI_DEV_SM_CLOCK', 1e6),
  memory_clock_hz: value('DCGM_FI_DEV_MEM_CLOCK', 1e6),
  pcie_tx_bytes_per_second: value('DCGM_FI_PROF_PCIE_TX_BYTES'),
  pcie_rx_bytes_per_second: value('DCGM_FI_PROF_PCIE_RX_BYTES'),
  pcie_replays: value('DCGM_FI_DEV_PCIE_REPLAY_COUNTER'),
  // NVLINK_BANDWIDTH_TOTAL is left to the plain metrics: its unit is not documented.
  nvlink_bytes_per_second: sum('DCGM_FI_PROF_NVLINK_TX_BYTES', 'DCGM_FI_PROF_NVLINK_RX_BYTES'),
  // Drivers from 580 on send no last code; the exporter's own count of the window before says which came.
  xid: [value('DCGM_FI_DEV_XID_ERRORS'), code('xid', 'DCGM_EXP_XID_ERRORS_COUNT')],
  ecc_corrected: value(['DCGM_FI_DEV_ECC_SBE_VOL_TOTAL', 'DCGM_FI_DEV_ECC_SBE_AGG_TOTAL']),
  ecc_uncorrected: value(['DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', 'DCGM_FI_DEV_ECC_DBE_AGG_TOTAL']),
  remapped_rows: sum('DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS', 'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS'),
  row_remap_failures: value('DCGM_FI_DEV_ROW_REMAP_FAILURE'),
}

export const dcgm = gpuExporter({
  name: 'dcgm',
  detect: hasAny(metricsOf(measures)),
  identity: {
    host: ['hostname'],
    gpu: ['gpu'],
    // Rows of NVLinks spell it gpu_uuid, and model_name beside it.
    uuid: ['uuid', 'gpu_uuid'],
    device: ['modelname', 'model_name'],
    pci_bus_id: ['pci_bus_id'],
    mig_profile: ['gpu_i_profile'],
    mig_id: ['gpu_i_id'],
    // A Prometheus without honor_labels in between moves the workload's labels to exported_….
    namespace: ['exported_namespace', 'namespace', 'pod_namespace'],
    pod: ['exported_pod', 'pod', 'pod_name'],
    container: ['exported_container', 'container', 'container_name'],
    vgpu: ['vgpu'],
    driver_version: ['dcgm_fi_driver_version'],
  },
  measures,
  throttle: { bitmask: ['DCGM_FI_DEV_CLOCKS_EVENT_REASONS', 'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS'] },
})
