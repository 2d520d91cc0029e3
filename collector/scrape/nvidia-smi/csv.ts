/**
 * What `nvidia-smi --query-gpu=…` says, in the series of nvidia_gpu_exporter. A quarter of the cost of the XML, which alone has
 * MIG instances, PCIe traffic and processes.
 */
import { SeriesPage, numberIn } from './series.ts'

/** Field of nvidia-smi, its name in older drivers, and the series; labels have none. */
const fields: readonly { field: string; older?: string; series?: string }[] = [
  { field: 'uuid' },
  { field: 'index' },
  { field: 'name' },
  { field: 'pci.bus_id' },
  { field: 'driver_version' },
  { field: 'utilization.gpu', series: 'utilization_gpu_ratio' },
  { field: 'utilization.memory', series: 'utilization_memory_ratio' },
  { field: 'memory.total', series: 'memory_total_bytes' },
  { field: 'memory.used', series: 'memory_used_bytes' },
  { field: 'memory.free', series: 'memory_free_bytes' },
  { field: 'memory.reserved', series: 'memory_reserved_bytes' },
  { field: 'power.draw', series: 'power_draw_watts' },
  { field: 'enforced.power.limit', older: 'power.limit', series: 'enforced_power_limit_watts' },
  { field: 'temperature.gpu', series: 'temperature_gpu' },
  { field: 'temperature.memory', series: 'temperature_memory' },
  { field: 'clocks.sm', series: 'clocks_current_sm_clock_hz' },
  { field: 'clocks.mem', series: 'clocks_current_memory_clock_hz' },
  {
    field: 'clocks_event_reasons.active',
    older: 'clocks_throttle_reasons.active',
    series: 'clocks_event_reasons_active',
  },
  { field: 'ecc.errors.corrected.volatile.total', series: 'ecc_errors_corrected_volatile_total' },
  { field: 'ecc.errors.uncorrected.volatile.total', series: 'ecc_errors_uncorrected_volatile_total' },
  { field: 'remapped_rows.correctable', series: 'remapped_rows_correctable' },
  { field: 'remapped_rows.uncorrectable', series: 'remapped_rows_uncorrectable' },
  { field: 'remapped_rows.failure', series: 'remapped_rows_failure' },
  { field: 'mig.mode.current', series: 'mig_mode_current' },
]

/** The fields that this host's driver knows, as far as it said. */
export class CsvQuery {
  #fields = fields

  arguments(): string[] {
    return [`--query-gpu=${this.#fields.map(({ field }) => field).join(',')}`, '--format=csv,noheader']
  }

  /** What nvidia-smi said when it failed: true when it does not know a field, which is then asked by its older name or not. */
  adapts(said: string): boolean {
    const unknown = /Field "([^"]+)" is not a valid field/.exec(said)?.[1]
    if (!this.#fields.some(({ field }) => field === unknown)) return false
    this.#fields = this.#fields.flatMap(({ field, older, series }) => {
      if (field !== unknown) return [{ field, ...(older && { older }), ...(series && { series }) }]
      return older && series ? [{ field: older, series }] : []
    })
    return true
  }

  /** Throws when `csv` is not an answer to `arguments`. */
  page(csv: string): string {
    const page = new SeriesPage()
    const lines = csv.split('\n').filter((line) => line.trim() !== '')
    if (lines.length === 0) throw new Error('it is empty')
    for (const line of lines) this.#writeGpu(line, page)
    return page.text
  }

  #writeGpu(line: string, page: SeriesPage): void {
    const values = line.split(',').map((value) => value.trim())
    if (values.length !== this.#fields.length)
      throw new Error(`expected ${this.#fields.length} values on a line, found ${values.length}`)
    const at = (name: string) => values[this.#fields.findIndex(({ field }) => field === name)] ?? ''
    const uuid = at('uuid')
    const labels = { index: at('index'), name: at('name'), driver_version: at('driver_version') }
    page.write('gpu_info', { uuid, pci_bus_id: at('pci.bus_id'), ...labels }, 1)
    for (const [position, { series }] of this.#fields.entries())
      if (series) page.write(series, { uuid }, cellValue(values[position] ?? ''))
  }
}

/** The bitmask of reasons is written in hexadecimal. */
const cellValue = (text: string) => (/^0x[0-9A-Fa-f]+$/.test(text) ? Number(text) : numberIn(text))
