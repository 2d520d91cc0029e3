/**
 * MIG: one board cut into instances; AMD's partitions are the same to us. Exporter versions send the board's row and one per instance, or instances only with
 * the board's power and temperature repeated on each. Either way the result is the same: rows with an empty `mig_id` are
 * boards and complete, rows with one are parts of them and carry only what belongs to the part.
 */
import type { GpuSample } from '../../../records/gpu-sample.ts'
import { emptyGpu, type GpuContext, type GpuField } from '../gpu.ts'

/** Measured at the board; adding them up over its instances would count them several times. */
const ofTheBoard = [
  'utilization_ratio',
  'memory_utilization_ratio',
  'power_watts',
  'power_limit_watts',
  'energy_joules',
  'temperature_celsius',
  'memory_temperature_celsius',
  'slowdown_temperature_celsius',
  'sm_clock_hz',
  'memory_clock_hz',
  'pcie_tx_bytes_per_second',
  'pcie_rx_bytes_per_second',
  'pcie_replays',
  'nvlink_bytes_per_second',
  'ecc_corrected',
  'ecc_uncorrected',
  'remapped_rows',
  'row_remap_failures',
] as const satisfies readonly GpuField[]

const memory = [
  'memory_used_bytes',
  'memory_free_bytes',
  'memory_total_bytes',
  'memory_reserved_bytes',
] as const satisfies readonly GpuField[]

/** Moves board-level values from instances to their board's row, which is added where the page has none. */
export function boardsOf(rows: GpuSample[], context: GpuContext): GpuSample[] {
  const boards = rows.filter((row) => row.mig_id === '')
  const instances = rows.filter((row) => row.mig_id !== '')
  const parts = new Map<GpuSample, GpuSample[]>()
  for (const instance of instances) {
    let board = boards.find((candidate) => isOn(instance, candidate))
    if (!board) boards.push((board = boardFrom(instance, context)))
    for (const field of ofTheBoard) {
      board[field] ??= instance[field]
      instance[field] = null
    }
    if (board.throttle_reasons.length === 0) board.throttle_reasons = instance.throttle_reasons
    instance.throttle_reasons = []
    parts.set(board, [...(parts.get(board) ?? []), instance])
  }
  for (const [board, itsInstances] of parts) addMemory(board, itsInstances)
  return [...boards, ...instances]
}

/** An instance may be listed under its own `MIG-…` UUID: then the index says which board it is on. */
function isOn(instance: GpuSample, board: GpuSample): boolean {
  if (instance.host !== board.host) return false
  return instance.uuid.startsWith('GPU-') && board.uuid !== ''
    ? instance.uuid === board.uuid
    : instance.gpu === board.gpu
}

function boardFrom(instance: GpuSample, context: GpuContext): GpuSample {
  const { host, gpu, uuid, device, pci_bus_id, driver_version } = instance
  const boardUuid = uuid.startsWith('MIG-') ? '' : uuid
  return { ...emptyGpu(context), host, gpu, uuid: boardUuid, device, pci_bus_id, driver_version }
}

/** A board whose memory is only reported in parts holds their sum. */
function addMemory(board: GpuSample, instances: GpuSample[]): void {
  if (memory.some((field) => board[field] !== null)) return
  for (const field of memory) {
    const parts = instances.map((row) => row[field]).filter((value) => value !== null)
    if (parts.length === instances.length) board[field] = parts.reduce((sum, value) => sum + value, 0)
  }
}
