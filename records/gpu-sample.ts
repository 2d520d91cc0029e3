/** One GPU (or MIG instance) at one scrape; table `gpu_samples`. Base units; missing is null, never 0. */
import type { EpochMicros } from './span.ts'

export interface GpuSample {
  timestamp: EpochMicros
  /** The target it was scraped from: its URL. */
  target: string
  host: string
  /** Index on its host, as text: `0`. */
  gpu: string
  /** With the `GPU-` prefix, whatever the exporter writes, so that exporters of one GPU agree. */
  uuid: string
  /** Model name: `NVIDIA H200`. */
  device: string
  pci_bus_id: string
  /** `1g.10gb`, or AMD's partitioning: `cpx`. */
  mig_profile: string
  /** Of a MIG instance or AMD partition; empty for the whole board, whose row is complete. */
  mig_id: string
  namespace: string
  pod: string
  container: string
  /** Of a virtual GPU on a host that serves several; empty for a whole GPU. */
  vgpu: string
  driver_version: string
  /** "A kernel ran", 0–1; see gr_engine_active_ratio for how busy. */
  utilization_ratio: number | null
  gr_engine_active_ratio: number | null
  sm_active_ratio: number | null
  /** Warps resident of those that would fit, 0–1. */
  sm_occupancy_ratio: number | null
  tensor_active_ratio: number | null
  dram_active_ratio: number | null
  /** "Memory was read or written", 0–1; see dram_active_ratio for how busy. */
  memory_utilization_ratio: number | null
  memory_used_bytes: number | null
  memory_free_bytes: number | null
  memory_total_bytes: number | null
  memory_reserved_bytes: number | null
  power_watts: number | null
  power_limit_watts: number | null
  /** Since driver load, as the exporter counts. */
  energy_joules: number | null
  /** Reset-safe difference to the sample before; null on the first. */
  energy_delta_joules: number | null
  temperature_celsius: number | null
  memory_temperature_celsius: number | null
  /** The chip is slowed down from here on. */
  slowdown_temperature_celsius: number | null
  sm_clock_hz: number | null
  memory_clock_hz: number | null
  /** Names: `sw_power_cap`, `hw_thermal_slowdown`, … */
  throttle_reasons: string[]
  pcie_tx_bytes_per_second: number | null
  pcie_rx_bytes_per_second: number | null
  /** Transfers repeated since the driver was loaded. */
  pcie_replays: number | null
  /** NVLink or XGMI, both directions. */
  nvlink_bytes_per_second: number | null
  /** The last XID code. */
  xid: number | null
  ecc_corrected: number | null
  ecc_uncorrected: number | null
  remapped_rows: number | null
  /** Above 0 when a row could not be remapped: the GPU wants replacing. */
  row_remap_failures: number | null
  /** Time since the sample before of the same GPU; null on the first. */
  interval_ms: number | null
}

/** Reasons for a lower clock that are nobody's trouble: an idle GPU, and clocks that people set. */
export const calmReasons = ['gpu_idle', 'applications_clocks_setting', 'display_clocks_setting', 'sync_boost'] as const
