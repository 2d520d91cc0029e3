/** What a GPU exporter is to the scraper: one file in `gpus/` and one line in its list. */
import type { GpuSample } from '../../records/gpu-sample.ts'
import type { Deltas } from './delta.ts'
import type { Families, Sample } from './families.ts'

/** What every row of one scrape of one target says. */
export interface GpuContext {
  timestamp: number
  target: string
  /** Configured; null lets the page say. */
  host: string | null
  /** Used when neither the configuration nor the page names the host. */
  fallbackHost: string
}

export interface GpuPage {
  rows: GpuSample[]
  /** Samples that stand in the rows. The others of the page are stored as plain metrics. */
  used: ReadonlySet<Sample>
}

export interface GpuExporter {
  /** Stands in `targets.kind`, and is what `scrape.targets[].kind` names. */
  name: string
  detect: (families: Families) => boolean
  /** One row per GPU and per MIG instance. `deltas` has begun this scrape; the caller commits it. */
  read: (families: Families, deltas: Deltas, context: GpuContext) => GpuPage
}

export type GpuField = {
  [F in keyof GpuSample]: null extends GpuSample[F] ? F : never
}[keyof GpuSample]

/** A GPU of which only the place is known. */
export function emptyGpu(context: GpuContext): GpuSample {
  return {
    timestamp: context.timestamp,
    target: context.target,
    host: context.host ?? context.fallbackHost,
    gpu: '',
    uuid: '',
    device: '',
    pci_bus_id: '',
    mig_profile: '',
    mig_id: '',
    namespace: '',
    pod: '',
    container: '',
    driver_version: '',
    utilization_ratio: null,
    gr_engine_active_ratio: null,
    sm_active_ratio: null,
    tensor_active_ratio: null,
    dram_active_ratio: null,
    memory_used_bytes: null,
    memory_free_bytes: null,
    memory_total_bytes: null,
    memory_reserved_bytes: null,
    power_watts: null,
    power_limit_watts: null,
    energy_joules: null,
    energy_delta_joules: null,
    temperature_celsius: null,
    memory_temperature_celsius: null,
    sm_clock_hz: null,
    memory_clock_hz: null,
    throttle_reasons: [],
    pcie_tx_bytes_per_second: null,
    pcie_rx_bytes_per_second: null,
    nvlink_bytes_per_second: null,
    xid: null,
    ecc_corrected: null,
    ecc_uncorrected: null,
    remapped_rows: null,
    interval_ms: null,
  }
}
