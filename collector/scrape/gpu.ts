/**
 * What a GPU exporter is to the scraper: data. A new one is one file in `gpus/` and one line in its list; grouping, units,
 * blanks, MIG and increases are the reader's.
 */
import type { GpuSample } from '../../records/gpu-sample.ts'
import type { Families } from './families.ts'

/** What every row of one scrape of one target says. */
export interface GpuContext {
  timestamp: number
  target: string
  /** Configured; null lets the page say. */
  host: string | null
  /** Used when neither the configuration nor the page names the host. */
  fallbackHost: string
}

/** How a GPU's samples become one value. Each has metric names, and `unit`: one of the exporter's units in ours. */
export type GpuMeasure =
  /** The first of the names that is known: the others are aliases. Pods that share a GPU repeat its values; one counts. */
  | { kind: 'value'; names: readonly string[]; unit: number; zeroIsBlank: boolean }
  /** All names and links added up. */
  | { kind: 'sum'; names: readonly string[]; unit: number }
  /** The highest of the first name that is known, of series with `where`. */
  | { kind: 'highest'; names: readonly string[]; unit: number; where?: { label: string; value: string } }
  /** Increases of all series of all names, per second; null on the first scrape. */
  | { kind: 'rate'; names: readonly string[]; unit: number }
  /** Not the value: the number in `label` of the series with the highest one above 0. */
  | { kind: 'code'; names: readonly string[]; label: string }

type Listed = 'throttle_reasons'
/** Found from others of the row. */
type Derived = 'energy_delta_joules' | 'interval_ms'

export type GpuField = {
  [F in keyof GpuSample]: null extends GpuSample[F] ? F : never
}[keyof GpuSample]

/** Keyed by the fields of `GpuSample`. Of several measures the first that says something counts. */
export type GpuMeasures = { [F in Exclude<GpuField, Derived>]?: GpuMeasure | readonly GpuMeasure[] }

/** Text fields and the labels that fill them, in lower case and by preference: versions spell them differently. */
export type GpuIdentity = {
  [F in Exclude<keyof GpuSample, GpuField | Listed | 'timestamp' | 'target'>]?: readonly string[]
}

export interface GpuExporter extends GpuMapping {
  /** Every metric that is read. */
  metrics: readonly string[]
  /** `measures`, as a list of lists. */
  readings: readonly (readonly [field: keyof GpuMeasures, measures: readonly GpuMeasure[]])[]
}

/** What a file in `gpus/` says of an exporter. */
export interface GpuMapping {
  /** Stands in `targets.kind`, and is what `scrape.targets[].kind` names. */
  name: string
  /** What stands before its metric names on this page, mostly nothing; null when the page is not this exporter's. */
  detect: (families: Families) => string | null
  identity: GpuIdentity
  /** Metrics of which only the labels count. */
  info?: readonly string[]
  measures: GpuMeasures
  throttle: {
    /** Metrics with NVML's bitmask of reasons, the preferred one first. */
    bitmask?: readonly string[]
    /** Metrics that are above 0 while a reason holds, with its name. */
    flags?: Readonly<Record<string, string>>
  }
  /** Which part of a GPU the labels of a sample name, when it is not what `identity` says; null for a whole one. */
  part?: (label: (name: string) => string) => Pick<GpuSample, 'uuid' | 'mig_id' | 'mig_profile'> | null
}

export const value = (names: string | readonly string[], unit = 1): GpuMeasure => {
  return { kind: 'value', names: [names].flat(), unit, zeroIsBlank: false }
}

/** A value of which 0 means "not supported", not zero. */
export const nonZero = (names: string | readonly string[], unit = 1): GpuMeasure => {
  return { kind: 'value', names: [names].flat(), unit, zeroIsBlank: true }
}

export const sum = (...names: string[]): GpuMeasure => ({ kind: 'sum', names, unit: 1 })

export const highest = (names: string, unit = 1, where?: { label: string; value: string }): GpuMeasure => {
  return { kind: 'highest', names: [names], unit, ...(where && { where }) }
}

export const rate = (names: readonly string[], unit = 1): GpuMeasure => ({ kind: 'rate', names, unit })

export const code = (label: string, ...names: string[]): GpuMeasure => ({ kind: 'code', names, label })

export function gpuExporter(mapping: GpuMapping): GpuExporter {
  const { info = [], measures, throttle } = mapping
  const { bitmask = [], flags = {} } = throttle
  const fields = Object.keys(measures) as (keyof GpuMeasures)[]
  return {
    ...mapping,
    readings: fields.map((field) => [field, [measures[field] ?? []].flat()]),
    metrics: [...new Set([...info, ...metricsOf(measures), ...bitmask, ...Object.keys(flags)])],
  }
}

/** The metrics that `measures` read. */
export const metricsOf = (measures: GpuMeasures): string[] =>
  Object.values(measures).flatMap((measure) => [measure].flat().flatMap(({ names }) => names))

/** The whole page is read as it is when one of the exporter's metrics stands on it. */
export const hasAny = (names: readonly string[]) => (families: Families) =>
  names.some((name) => families.has(name)) ? '' : null

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
    vgpu: '',
    driver_version: '',
    utilization_ratio: null,
    gr_engine_active_ratio: null,
    sm_active_ratio: null,
    sm_occupancy_ratio: null,
    tensor_active_ratio: null,
    dram_active_ratio: null,
    memory_utilization_ratio: null,
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
    slowdown_temperature_celsius: null,
    sm_clock_hz: null,
    memory_clock_hz: null,
    throttle_reasons: [],
    pcie_tx_bytes_per_second: null,
    pcie_rx_bytes_per_second: null,
    pcie_replays: null,
    nvlink_bytes_per_second: null,
    xid: null,
    ecc_corrected: null,
    ecc_uncorrected: null,
    remapped_rows: null,
    row_remap_failures: null,
    interval_ms: null,
  }
}
