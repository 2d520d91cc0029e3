/** `nvidia-smi --query-gpu`: the line of a real H200, and drivers that do not know every field. */
import { expect, test } from 'vitest'
import { nvidiaSmi } from '../gpus/nvidia-smi.ts'
import { fixture, readGpuPages } from '../testing.ts'
import { CsvQuery } from './csv.ts'
import { nvidiaSmiPage } from './page.ts'

const mib = 2 ** 20
const line =
  'GPU-00000000-1111-2222-3333-444444444444, 0, NVIDIA H200, 00000000:00:06.0, 580.159.04, 100 %, 100 %, 143771 MiB, 8719 MiB, 134438 MiB, 616 MiB, 521.26 W, 700.00 W, 50, 54, 1980 MHz, 3201 MHz, 0x0000000000000000, 0, 0, 0, 0, No, Disabled\n'

test('an H200 at work: what the XML says, less what CSV does not know', () => {
  const [row] = readGpuPages(nvidiaSmi, new CsvQuery().page(line))
  const [xml] = readGpuPages(nvidiaSmi, nvidiaSmiPage(fixture('nvidia-smi-h200-load.xml')))
  expect(row).toEqual({
    ...xml,
    power_watts: 521.26,
    pcie_tx_bytes_per_second: null,
    pcie_rx_bytes_per_second: null,
    pcie_replays: null,
  })
  expect(row).toMatchObject({ utilization_ratio: 1, memory_used_bytes: 8719 * mib, sm_clock_hz: 1.98e9 })
})

test('words say nothing, bits are reasons', () => {
  const other = line
    .replaceAll('100 %', '[N/A]')
    .replace('521.26 W', '[Not Supported]')
    .replace('0x0000000000000000', '0x0000000000000044')
    .replace('616 MiB', '[Requested functionality has been deprecated]')
  expect(
    readGpuPages(nvidiaSmi, new CsvQuery().page(line + other.replace('-444444444444, 0', '-444444444445, 1')))[1],
  ).toMatchObject({
    gpu: '1',
    utilization_ratio: null,
    power_watts: null,
    memory_reserved_bytes: null,
    throttle_reasons: ['sw_power_cap', 'hw_thermal_slowdown'],
  })
})

test('a field that the driver does not know is asked by its older name, then not at all', () => {
  const query = new CsvQuery()
  const said = (field: string) => `Field "${field}" is not a valid field to query.\n\n`
  const [asked] = query.arguments()
  expect(query.adapts(said('clocks_event_reasons.active'))).toBe(true)
  expect(query.arguments()).toEqual([
    asked?.replace('clocks_event_reasons.active', 'clocks_throttle_reasons.active'),
    '--format=csv,noheader',
  ])
  expect(query.adapts(said('memory.reserved'))).toBe(true)
  expect(query.adapts(said('memory.reserved'))).toBe(false)
  expect(query.adapts(said('mine'))).toBe(false)
  expect(query.adapts('No devices were found')).toBe(false)
  const [row] = readGpuPages(nvidiaSmi, query.page(line.replace('616 MiB, ', '').replace('0x0000000000000000', '0x4')))
  expect(row).toMatchObject({ memory_reserved_bytes: null, throttle_reasons: ['sw_power_cap'], power_limit_watts: 700 })
})

test.each([
  ['nothing', '', 'it is empty'],
  ['something else', 'No devices were found\n', 'expected 24 values on a line, found 1'],
  ['a cut line', line.slice(0, 90), 'expected 24 values on a line'],
])('%s is refused', (_, csv, message) => {
  expect(() => new CsvQuery().page(csv)).toThrow(message)
})
