/** What nvidia-smi answers, as rows: a real H200, an older driver, MIG, and what it cannot say. */
import { describe, expect, test } from 'vitest'
import { nvidiaSmi } from '../gpus/nvidia-smi.ts'
import { fixture, readGpuPages } from '../testing.ts'
import { nvidiaSmiPage } from './page.ts'
import { parseXml } from './xml.ts'

const mib = 2 ** 20
const rowsOf = (name: string) => readGpuPages(nvidiaSmi, nvidiaSmiPage(fixture(name)))

test('an H200 at work', () => {
  expect(rowsOf('nvidia-smi-h200-load.xml')).toMatchObject([
    {
      gpu: '0',
      uuid: 'GPU-00000000-1111-2222-3333-444444444444',
      device: 'NVIDIA H200',
      pci_bus_id: '00000000:00:06.0',
      driver_version: '580.159.04',
      mig_id: '',
      utilization_ratio: 1,
      memory_utilization_ratio: 1,
      memory_total_bytes: 143_771 * mib,
      memory_used_bytes: 8719 * mib,
      memory_free_bytes: 134_438 * mib,
      memory_reserved_bytes: 616 * mib,
      power_watts: 520.82,
      power_limit_watts: 700,
      energy_joules: null,
      temperature_celsius: 50,
      memory_temperature_celsius: 54,
      slowdown_temperature_celsius: null,
      sm_clock_hz: 1.98e9,
      memory_clock_hz: 3.201e9,
      throttle_reasons: [],
      pcie_tx_bytes_per_second: 14_142_000,
      pcie_rx_bytes_per_second: 31_173_000,
      pcie_replays: 0,
      ecc_corrected: 0,
      ecc_uncorrected: 0,
      remapped_rows: 0,
      row_remap_failures: 0,
      sm_active_ratio: null,
      nvlink_bytes_per_second: null,
    },
  ])
})

test('the same GPU idle', () => {
  expect(rowsOf('nvidia-smi-h200-idle.xml')).toMatchObject([
    {
      utilization_ratio: 0,
      memory_used_bytes: 0,
      power_watts: 78.25,
      temperature_celsius: 37,
      sm_clock_hz: 345e6,
      throttle_reasons: ['gpu_idle'],
    },
  ])
})

describe('two GPUs of driver 470', () => {
  const [first, second] = rowsOf('nvidia-smi-2gpus-driver470.xml')

  test('older names', () => {
    expect(first).toMatchObject({
      gpu: '0',
      device: 'ACME "Tesla" T4',
      utilization_ratio: 0.91,
      memory_total_bytes: 15_109 * mib,
      memory_reserved_bytes: null,
      power_watts: 69.5,
      power_limit_watts: 70,
      slowdown_temperature_celsius: 93,
      memory_temperature_celsius: null,
      throttle_reasons: ['sw_power_cap', 'hw_slowdown', 'hw_thermal_slowdown'],
      pcie_tx_bytes_per_second: 2_000_000,
      pcie_rx_bytes_per_second: null,
      pcie_replays: 7,
      ecc_corrected: 3,
      ecc_uncorrected: 1,
      remapped_rows: null,
    })
  })

  test('one that answers with words says nothing', () => {
    expect(second).toMatchObject({
      gpu: '1',
      uuid: 'GPU-000000bb',
      utilization_ratio: null,
      memory_total_bytes: null,
      memory_used_bytes: null,
      power_watts: null,
      power_limit_watts: null,
      temperature_celsius: 0,
      throttle_reasons: [],
      ecc_corrected: null,
    })
  })

  test('memory of processes that compute, without their arguments', () => {
    const lines = nvidiaSmiPage(fixture('nvidia-smi-2gpus-driver470.xml')).split('\n')
    expect(lines.filter((line) => line.includes('compute_app'))).toEqual([
      `nvidia_smi_compute_app_used_memory_bytes{uuid="GPU-000000aa",pid="4711",process_name="/opt/serve/bin/python"} ${100 * mib}`,
    ])
  })
})

test('MIG: the board is complete, an instance with two compute instances is one', () => {
  const rows = rowsOf('nvidia-smi-mig.xml')
  expect(rows).toMatchObject([
    {
      uuid: 'GPU-000000cc',
      mig_id: '',
      utilization_ratio: null,
      memory_total_bytes: 81_920 * mib,
      memory_used_bytes: 50 * mib,
      power_watts: 67.03,
      power_limit_watts: 500,
      ecc_corrected: 3,
      ecc_uncorrected: 0,
      remapped_rows: 3,
      row_remap_failures: 1,
      slowdown_temperature_celsius: 89,
    },
    {
      uuid: 'GPU-000000cc',
      mig_id: '3',
      memory_total_bytes: 19_968 * mib,
      memory_used_bytes: 12 * mib,
      power_watts: null,
    },
    { uuid: 'GPU-000000cc', mig_id: '5', memory_total_bytes: 9728 * mib, memory_used_bytes: 38 * mib },
  ])
  expect(rows).toHaveLength(3)
})

test.each([
  ['a cut answer', '<nvidia_smi_log>\n<gpu id="0">\n<uuid>GPU-a</uuid>\n', 'it ends inside <gpu>'],
  ['elements that cross', '<a><b></a></b>', '</a> at offset 6 closes <b>'],
  ['no XML', 'No devices were found\n', 'it ends inside <>'],
  ['nothing', '', 'it ends inside <>'],
  ['a broken tag', '<nvidia_smi_log><gpu', 'unexpected text at offset 16'],
  ['another root', '<html></html>', 'expected <nvidia_smi_log>, found <html>'],
])('%s is refused', (_, xml, message) => {
  expect(() => nvidiaSmiPage(xml)).toThrow(message)
})

test('XML: attributes, empty elements, entities, white space', () => {
  const root = parseXml(
    '<?xml version="1.0" ?>\n<!DOCTYPE a SYSTEM "a.dtd">\n<a>\n\t<b id="1"/><c>\n  x &lt;&amp;&gt; y \n</c></a>\n',
  )
  expect(root.children.map(({ name, text }) => [name, text])).toEqual([
    ['b', ''],
    ['c', 'x <&> y'],
  ])
})
