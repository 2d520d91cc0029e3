/**
 * NVIDIA's DCGM exporter. Its versions differ in which fields they send and how they spell labels; its units are MiB, MHz,
 * mJ and per cent. https://github.com/NVIDIA/dcgm-exporter
 */
import type { GpuSample } from '../../../records/gpu-sample.ts'
import type { Families, Sample } from '../families.ts'
import { emptyGpu, type GpuContext, type GpuExporter, type GpuField } from '../gpu.ts'
import { boardsOf } from './mig.ts'
import { throttleReasons } from './throttle.ts'

interface Source {
  /** Aliases, the preferred one first. */
  names: readonly string[]
  /** One of the exporter's units in ours. */
  unit?: number
  /** 0 means "not supported", not zero. */
  zeroIsBlank?: boolean
}

const mib = 2 ** 20

const sources: { [F in GpuField]?: Source } = {
  utilization_ratio: { names: ['DCGM_FI_DEV_GPU_UTIL'], unit: 0.01 },
  gr_engine_active_ratio: { names: ['DCGM_FI_PROF_GR_ENGINE_ACTIVE'] },
  sm_active_ratio: { names: ['DCGM_FI_PROF_SM_ACTIVE'] },
  tensor_active_ratio: { names: ['DCGM_FI_PROF_PIPE_TENSOR_ACTIVE'] },
  dram_active_ratio: { names: ['DCGM_FI_PROF_DRAM_ACTIVE'] },
  memory_used_bytes: { names: ['DCGM_FI_DEV_FB_USED'], unit: mib },
  memory_free_bytes: { names: ['DCGM_FI_DEV_FB_FREE'], unit: mib },
  memory_total_bytes: { names: ['DCGM_FI_DEV_FB_TOTAL'], unit: mib },
  memory_reserved_bytes: { names: ['DCGM_FI_DEV_FB_RESERVED'], unit: mib },
  power_watts: { names: ['DCGM_FI_DEV_POWER_USAGE'] },
  power_limit_watts: { names: ['DCGM_FI_DEV_ENFORCED_POWER_LIMIT', 'DCGM_FI_DEV_POWER_MGMT_LIMIT'] },
  energy_joules: { names: ['DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION'], unit: 1e-3 },
  temperature_celsius: { names: ['DCGM_FI_DEV_GPU_TEMP'] },
  memory_temperature_celsius: { names: ['DCGM_FI_DEV_MEMORY_TEMP'], zeroIsBlank: true },
  sm_clock_hz: { names: ['DCGM_FI_DEV_SM_CLOCK'], unit: 1e6 },
  memory_clock_hz: { names: ['DCGM_FI_DEV_MEM_CLOCK'], unit: 1e6 },
  pcie_tx_bytes_per_second: { names: ['DCGM_FI_PROF_PCIE_TX_BYTES'] },
  pcie_rx_bytes_per_second: { names: ['DCGM_FI_PROF_PCIE_RX_BYTES'] },
  xid: { names: ['DCGM_FI_DEV_XID_ERRORS'] },
  ecc_corrected: { names: ['DCGM_FI_DEV_ECC_SBE_VOL_TOTAL', 'DCGM_FI_DEV_ECC_SBE_AGG_TOTAL'] },
  ecc_uncorrected: { names: ['DCGM_FI_DEV_ECC_DBE_VOL_TOTAL', 'DCGM_FI_DEV_ECC_DBE_AGG_TOTAL'] },
}

/** Two metrics in one field. NVLINK_BANDWIDTH_TOTAL is left to the plain metrics: its unit is not documented. */
const sums: { [F in GpuField]?: readonly string[] } = {
  nvlink_bytes_per_second: ['DCGM_FI_PROF_NVLINK_TX_BYTES', 'DCGM_FI_PROF_NVLINK_RX_BYTES'],
  remapped_rows: ['DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS', 'DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS'],
}

const throttle = ['DCGM_FI_DEV_CLOCKS_EVENT_REASONS', 'DCGM_FI_DEV_CLOCK_THROTTLE_REASONS']

const mapped = [...Object.values(sources).flatMap(({ names }) => names), ...Object.values(sums).flat(), ...throttle]

/** Text fields and the labels that fill them, in lower case: versions and metrics of one page spell them differently. */
const identity = {
  gpu: ['gpu'],
  uuid: ['uuid', 'gpu_uuid'],
  device: ['modelname', 'model_name'],
  pci_bus_id: ['pci_bus_id'],
  mig_profile: ['gpu_i_profile'],
  mig_id: ['gpu_i_id'],
  namespace: ['exported_namespace', 'namespace', 'pod_namespace'],
  pod: ['exported_pod', 'pod', 'pod_name'],
  container: ['exported_container', 'container', 'container_name'],
  driver_version: ['dcgm_fi_driver_version'],
} as const

export const dcgm: GpuExporter = {
  name: 'dcgm',
  detect: (families) => mapped.some((name) => families.has(name)),
  read(families, deltas, context) {
    const { groups, used } = groupByGpu(families, context)
    const rows = boardsOf([...groups.values()].map(toRow), context)
    for (const row of rows) {
      if (row.energy_joules !== null)
        row.energy_delta_joules = deltas.increase(
          `energy\u0002${row.host}\u0002${row.uuid || row.gpu}`,
          row.energy_joules,
        )
      row.interval_ms = deltas.interval_ms
    }
    return { rows, used }
  },
}

/** The samples of one GPU or MIG instance: the first of each metric, since pods that share a GPU repeat its values. */
interface Group {
  row: GpuSample
  values: Map<string, number>
}

function groupByGpu(families: Families, context: GpuContext): { groups: Map<string, Group>; used: Set<Sample> } {
  const groups = new Map<string, Group>()
  const used = new Set<Sample>()
  for (const name of mapped)
    for (const sample of families.get(name)?.samples ?? []) {
      const labels = lowerCaseKeys(sample.series.labels)
      const text = (field: keyof typeof identity) =>
        identity[field].map((label) => labels.get(label)).find((value) => value) ?? ''
      const uuid = withPrefix(text('uuid'))
      // Without either there is no telling whose value it is.
      if (uuid === '' && text('gpu') === '') continue
      const key = [labels.get('hostname') ?? '', uuid || text('gpu'), text('mig_id')].join('\u0002')
      let group = groups.get(key)
      if (!group) groups.set(key, (group = { row: emptyGpu(context), values: new Map<string, number>() }))
      const { row } = group
      for (const field of identityFields) row[field] ||= field === 'uuid' ? uuid : text(field)
      row.host = context.host ?? (labels.get('hostname') || row.host)
      used.add(sample)
      if (!isBlank(sample.value) && !group.values.has(name)) group.values.set(name, sample.value)
    }
  return { groups, used }
}

const identityFields = Object.keys(identity) as (keyof typeof identity)[]

function toRow({ row, values }: Group): GpuSample {
  const first = (names: readonly string[]) => names.map((name) => values.get(name)).find((value) => value !== undefined)
  for (const field of Object.keys(sources) as GpuField[]) {
    const { names = [], unit = 1, zeroIsBlank = false } = sources[field] ?? {}
    const value = first(names)
    if (value !== undefined && !(zeroIsBlank && value === 0)) row[field] = toUnit(value, unit)
  }
  for (const field of Object.keys(sums) as GpuField[]) {
    const parts = (sums[field] ?? []).map((name) => values.get(name)).filter((value) => value !== undefined)
    if (parts.length > 0) row[field] = parts.reduce((sum, value) => sum + value, 0)
  }
  row.throttle_reasons = throttleReasons(first(throttle) ?? 0)
  const { memory_used_bytes: usedBytes, memory_free_bytes: freeBytes, memory_reserved_bytes: reserved } = row
  // FB_TOTAL is off by default; before 2025 FB_RESERVED was too, and the reserved part counted as used.
  if (usedBytes !== null && freeBytes !== null) row.memory_total_bytes ??= usedBytes + freeBytes + (reserved ?? 0)
  return row
}

/** Multiplying by 0.01 or 0.001 would leave 0.9100000000000001. */
const toUnit = (value: number, unit: number) => (unit < 1 ? value / Math.round(1 / unit) : value * unit)

/**
 * DCGM's "blank" values (not found, not supported, no permission, …) of its 64-bit, 32-bit and float fields, as the
 * exporter prints them when it does not drop them; also what no field of a GPU can be.
 * https://github.com/NVIDIA/DCGM/blob/master/dcgmlib/dcgm_structs.h
 */
function isBlank(value: number): boolean {
  return (
    !Number.isFinite(value) ||
    value < 0 ||
    value >= 2 ** 63 - 16 ||
    (value >= 0x7ffffff0 && value <= 0x7fffffff) ||
    (value >= 2 ** 47 && value <= 2 ** 47 + 15)
  )
}

function lowerCaseKeys(labels: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...labels].map(([key, value]) => [key.toLowerCase(), value]))
}

/** DCGM writes `GPU-…`, other exporters the bare UUID: one spelling, so that they join. */
function withPrefix(uuid: string): string {
  return uuid === '' || /^(GPU|MIG)-/.test(uuid) ? uuid : `GPU-${uuid}`
}
