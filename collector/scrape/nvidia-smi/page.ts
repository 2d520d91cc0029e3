/**
 * What `nvidia-smi -q -x` says, as a metrics page in the series of nvidia_gpu_exporter: from there on a GPU that was asked
 * here is like one whose exporter was scraped. What the GPU does not support is left out.
 */
import { throttleBitmask } from '../gpus/throttle.ts'
import { SeriesPage, numberIn } from './series.ts'
import { parseXml, type XmlNode } from './xml.ts'

/** Series of a GPU and where its value stands: drivers moved some, the first that holds a number counts. */
const ofGpu: readonly (readonly [series: string, ...paths: string[]])[] = [
  ['utilization_gpu_ratio', 'utilization/gpu_util'],
  ['utilization_memory_ratio', 'utilization/memory_util'],
  ['utilization_encoder_ratio', 'utilization/encoder_util'],
  ['utilization_decoder_ratio', 'utilization/decoder_util'],
  ['memory_total_bytes', 'fb_memory_usage/total'],
  ['memory_used_bytes', 'fb_memory_usage/used'],
  ['memory_free_bytes', 'fb_memory_usage/free'],
  ['memory_reserved_bytes', 'fb_memory_usage/reserved'],
  [
    'power_draw_watts',
    'gpu_power_readings/average_power_draw',
    'gpu_power_readings/power_draw',
    'gpu_power_readings/instant_power_draw',
    'power_readings/power_draw',
  ],
  ['power_draw_instant_watts', 'gpu_power_readings/instant_power_draw'],
  [
    'enforced_power_limit_watts',
    'gpu_power_readings/current_power_limit',
    'power_readings/enforced_power_limit',
    'power_readings/power_limit',
  ],
  ['temperature_gpu', 'temperature/gpu_temp'],
  ['temperature_gpu_tlimit', 'temperature/gpu_temp_tlimit'],
  ['temperature_gpu_slowdown', 'temperature/gpu_temp_slow_threshold'],
  ['temperature_memory', 'temperature/memory_temp'],
  ['clocks_current_graphics_clock_hz', 'clocks/graphics_clock'],
  ['clocks_current_sm_clock_hz', 'clocks/sm_clock'],
  ['clocks_current_memory_clock_hz', 'clocks/mem_clock'],
  [
    'clocks_event_reasons_counters_sw_power_cap_seconds',
    'clocks_event_reasons_counters/clocks_event_reasons_counters_sw_power_cap',
  ],
  [
    'clocks_event_reasons_counters_sw_thermal_slowdown_seconds',
    'clocks_event_reasons_counters/clocks_event_reasons_counters_sw_therm_slowdown',
  ],
  [
    'clocks_event_reasons_counters_hw_thermal_slowdown_seconds',
    'clocks_event_reasons_counters/clocks_event_reasons_counters_hw_therm_slowdown',
  ],
  ['pcie_throughput_tx_bytes_per_second', 'pci/tx_util'],
  ['pcie_throughput_rx_bytes_per_second', 'pci/rx_util'],
  ['pcie_replay_counter', 'pci/replay_counter'],
  ['pcie_link_gen_current', 'pci/pci_gpu_link_info/pcie_gen/current_link_gen'],
  ['pcie_link_width_current', 'pci/pci_gpu_link_info/link_widths/current_link_width'],
  ['fan_speed_ratio', 'fan_speed'],
  ['remapped_rows_correctable', 'remapped_rows/remapped_row_corr'],
  ['remapped_rows_uncorrectable', 'remapped_rows/remapped_row_unc'],
  ['remapped_rows_pending', 'remapped_rows/remapped_row_pending'],
  ['remapped_rows_failure', 'remapped_rows/remapped_row_failure'],
  ['mig_mode_current', 'mig_mode/current_mig'],
]

/** Error counts stand in parts that are added up; before driver 450 a total stood beside them. */
const errors: readonly (readonly [series: string, total: string, ...parts: string[]])[] = [
  ['corrected', 'single_bit/total', 'sram_correctable', 'dram_correctable'],
  [
    'uncorrected',
    'double_bit/total',
    'sram_uncorrectable',
    'sram_uncorrectable_parity',
    'sram_uncorrectable_secded',
    'dram_uncorrectable',
  ],
]

const ofInstance: readonly (readonly [series: string, path: string])[] = [
  ['mig_memory_total_bytes', 'fb_memory_usage/total'],
  ['mig_memory_used_bytes', 'fb_memory_usage/used'],
  ['mig_memory_free_bytes', 'fb_memory_usage/free'],
  ['mig_memory_reserved_bytes', 'fb_memory_usage/reserved'],
]

/** Throws when `xml` is not a whole answer of nvidia-smi. */
export function nvidiaSmiPage(xml: string): string {
  const root = parseXml(xml)
  if (root.name !== 'nvidia_smi_log') throw new Error(`expected <nvidia_smi_log>, found <${root.name}>`)
  const page = new SeriesPage()
  for (const [index, gpu] of root.all('gpu').entries()) writeGpu(gpu, index, root.at('driver_version'), page)
  return page.text
}

function writeGpu(gpu: XmlNode, index: number, driver_version: string, page: SeriesPage): void {
  const uuid = gpu.at('uuid')
  const [name, pci_bus_id] = [gpu.at('product_name'), gpu.at('pci/pci_bus_id')]
  // GPUs are listed in the order of their indices.
  page.write('gpu_info', { uuid, index: String(index), name, pci_bus_id, driver_version }, 1)
  for (const [series, ...paths] of ofGpu) page.write(series, { uuid }, firstNumber(paths.map((path) => gpu.at(path))))
  page.write('clocks_event_reasons_active', { uuid }, activeReasons(gpu))
  for (const [series, total, ...parts] of errors)
    for (const period of ['volatile', 'aggregate']) {
      const at = (path: string) => numberIn(gpu.at(`ecc_errors/${period}/${path}`))
      page.write(`ecc_errors_${series}_${period}_total`, { uuid }, at(total) ?? sum(parts.map(at)))
    }
  const instances = new Set<string>()
  for (const device of gpu.all('mig_devices').flatMap((devices) => devices.all('mig_device'))) {
    const gpu_instance_id = device.at('gpu_instance_id')
    page.write('mig_info', { uuid, gpu_instance_id, compute_instance_id: device.at('compute_instance_id') }, 1)
    // Each of its compute instances repeats the memory of a GPU instance.
    if (instances.has(gpu_instance_id)) continue
    instances.add(gpu_instance_id)
    for (const [series, path] of ofInstance) page.write(series, { uuid, gpu_instance_id }, numberIn(device.at(path)))
  }
  for (const process of gpu.all('processes').flatMap((processes) => processes.all('process_info'))) {
    const labels = { uuid, pid: process.at('pid'), process_name: programOf(process.at('process_name')) }
    if (process.at('type').includes('C'))
      page.write('compute_app_used_memory_bytes', labels, numberIn(process.at('used_memory')))
  }
}

/** Drivers before 535 call them throttle reasons. */
function activeReasons(gpu: XmlNode): number | null {
  const reasons = [...gpu.all('clocks_event_reasons'), ...gpu.all('clocks_throttle_reasons')].flatMap(
    ({ children }) => children,
  )
  if (!reasons.some(({ text }) => text === 'Active' || text === 'Not Active')) return null
  const active = reasons.filter(({ text }) => text === 'Active')
  return throttleBitmask(active.map(({ name }) => name.replace(/^clocks_(event|throttle)_reason_/, '')))
}

const firstNumber = (texts: readonly string[]) => texts.map(numberIn).find((value) => value !== null) ?? null

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}

/** Arguments may hold secrets, and there is no end to them. */
const programOf = (name: string) => (name.split(' ')[0] ?? '').slice(0, 200)
