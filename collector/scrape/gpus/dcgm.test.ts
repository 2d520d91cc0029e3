import { describe, expect, test } from 'vitest'
import { Deltas } from '../delta.ts'
import { parseExposition } from '../exposition.ts'
import { capture, fixture, haveCaptures, readGpuPages } from '../testing.ts'
import { readGpus } from '../read-gpus.ts'
import { dcgm } from './dcgm.ts'
import { throttleReasons } from './throttle.ts'

const plain = fixture('dcgm.prom')
const mib = 1_048_576

describe('a page with two GPUs', () => {
  test('units, identity and pods', () => {
    expect(readGpuPages(dcgm, plain)[0]).toEqual({
      timestamp: 0,
      target: 't',
      host: 'node-a',
      gpu: '0',
      uuid: 'GPU-00000000-0000-0000-0000-0000000000a0',
      device: 'ACME H200',
      pci_bus_id: '00000000:0A:00.0',
      mig_profile: '',
      mig_id: '',
      namespace: 'llm',
      pod: 'chat-0',
      container: 'engine',
      vgpu: '',
      driver_version: '590.10',
      utilization_ratio: 0.91,
      gr_engine_active_ratio: null,
      sm_active_ratio: 0.625,
      sm_occupancy_ratio: null,
      tensor_active_ratio: null,
      dram_active_ratio: null,
      memory_utilization_ratio: null,
      memory_used_bytes: 1000 * mib,
      memory_free_bytes: 3000 * mib,
      memory_total_bytes: 4096 * mib,
      memory_reserved_bytes: 96 * mib,
      power_watts: 512.345,
      power_limit_watts: null,
      energy_joules: 5000.123,
      energy_delta_joules: null,
      temperature_celsius: 64,
      memory_temperature_celsius: null,
      slowdown_temperature_celsius: null,
      sm_clock_hz: 1_980_000_000,
      memory_clock_hz: null,
      throttle_reasons: ['sw_power_cap', 'hw_thermal_slowdown'],
      pcie_tx_bytes_per_second: null,
      pcie_rx_bytes_per_second: null,
      pcie_replays: null,
      nvlink_bytes_per_second: 1500,
      xid: 79,
      ecc_corrected: null,
      ecc_uncorrected: 3,
      remapped_rows: 3,
      row_remap_failures: null,
      interval_ms: null,
    })
  })

  test('idle is 0, blank is null', () => {
    expect(readGpuPages(dcgm, plain)[1]).toMatchObject({
      gpu: '1',
      pod: '',
      utilization_ratio: 0,
      memory_used_bytes: 0,
      memory_total_bytes: null,
      power_watts: null,
      throttle_reasons: [],
    })
  })

  test('what belongs to no GPU or has no field stays for the plain metrics', () => {
    const { families } = parseExposition(plain)
    const context = { timestamp: 0, target: 't', host: 'rack-1', fallbackHost: 'f' }
    const { rows, used } = readGpus(dcgm, families, new Deltas(), context)
    expect(rows).toHaveLength(2)
    const left = [...families.values()].flatMap(({ samples }) => samples).filter((sample) => !used.has(sample))
    expect(left.map(({ series }) => series.name)).toEqual([
      'DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL',
      'DCGM_FI_DEV_FAN_SPEED',
    ])
  })

  test.each([
    ['5000123', '5002123', 2],
    ['5000123', '1500', 1.5],
  ])('energy from %s to %s mJ is %d J', (from, to, joules) => {
    const [row] = readGpuPages(dcgm, plain, plain.replace(from, to))
    expect(row?.energy_delta_joules).toBeCloseTo(joules, 6)
    expect(row?.interval_ms).toBe(10_000)
  })
})

describe('MIG', () => {
  const rows = readGpuPages(dcgm, fixture('dcgm-mig.prom'))
  const brief = rows.map(
    ({ gpu, mig_id, mig_profile, power_watts, memory_used_bytes, gr_engine_active_ratio, pod }) => {
      return { gpu, mig_id, mig_profile, power_watts, memory: memory_used_bytes, active: gr_engine_active_ratio, pod }
    },
  )

  test('boards are complete, instances carry what is theirs', () => {
    expect(brief).toEqual([
      { gpu: '0', mig_id: '', mig_profile: '', power_watts: 400.5, memory: 4845 * mib, active: 0.5, pod: '' },
      { gpu: '1', mig_id: '', mig_profile: '', power_watts: 300, memory: 40 * mib, active: null, pod: '' },
      { gpu: '0', mig_id: '13', mig_profile: '1g.5gb', power_watts: null, memory: null, active: 0.9, pod: 'chat-1' },
      { gpu: '1', mig_id: '1', mig_profile: '3g.40gb', power_watts: null, memory: 10 * mib, active: null, pod: '' },
      { gpu: '1', mig_id: '2', mig_profile: '3g.40gb', power_watts: null, memory: 30 * mib, active: null, pod: '' },
    ])
  })

  test('an instance under its own UUID is found by the index of its board', () => {
    const page =
      'DCGM_FI_DEV_POWER_USAGE{gpu="3",UUID="GPU-c"} 100\n' +
      'DCGM_FI_PROF_SM_ACTIVE{gpu="3",UUID="MIG-d",GPU_I_ID="7",GPU_I_PROFILE="2g.20gb"} 0.5\n'
    expect(readGpuPages(dcgm, page).map(({ uuid, mig_id }) => [uuid, mig_id])).toEqual([
      ['GPU-c', ''],
      ['MIG-d', '7'],
    ])
  })
})

test('labels in any case, UUIDs with one prefix, hosts from the page or the URL', () => {
  const page =
    'DCGM_FI_DEV_GPU_TEMP{gpu="0",GPU_UUID="abc",MODEL_NAME="X"} 50\nDCGM_FI_DEV_SM_CLOCK{gpu="0",uuid="GPU-abc",hostname=""} 7\n'
  expect(readGpuPages(dcgm, page)).toMatchObject([
    { uuid: 'GPU-abc', device: 'X', host: 'fallback', temperature_celsius: 50, sm_clock_hz: 7e6 },
  ])
})

test.each([
  '9223372036854775792',
  '9223372036854775794',
  '9.223372036854775794e+18',
  '2147483632',
  '140737488355328',
  '-1',
  'NaN',
])('blank: %s', (value) => {
  expect(readGpuPages(dcgm, `DCGM_FI_DEV_POWER_USAGE{gpu="0"} ${value}\n`)[0]?.power_watts).toBeNull()
})

test('FB_TOTAL is believed where it stands', () => {
  const page = ['USED', 'FREE', 'TOTAL'].map((name, index) => `DCGM_FI_DEV_FB_${name}{gpu="0"} ${index + 1}`).join('\n')
  expect(readGpuPages(dcgm, page)[0]?.memory_total_bytes).toBe(3 * mib)
})

test.each([
  [0, []],
  [1, ['gpu_idle']],
  [0x60, ['sw_thermal_slowdown', 'hw_thermal_slowdown']],
  [0x8 + 0x1000, ['hw_slowdown', 'bit_12']],
  [-1, []],
  [0.5, []],
])('throttle bits %d', (bits, names) => {
  expect(throttleReasons(bits)).toEqual(names)
})

describe.skipIf(!haveCaptures)('captures', () => {
  test.each([
    [
      'dcgm-exporter-t4-load-driver590-ericsson-untyped.prom',
      [
        {
          host: 'cp-bm14r7',
          device: 'Tesla T4',
          driver_version: '590.48.01',
          pci_bus_id: '00000000:37:00.0',
          utilization_ratio: 0.91,
          gr_engine_active_ratio: 0.156205,
          tensor_active_ratio: 0.005822,
          memory_used_bytes: 5120 * mib,
          memory_total_bytes: (5120 + 9791 + 447) * mib,
          power_watts: 68.244,
          energy_joules: 15_152_422.938,
          temperature_celsius: 74,
          memory_temperature_celsius: null,
          sm_clock_hz: 660e6,
          pcie_tx_bytes_per_second: 4_791_810,
          xid: null,
          remapped_rows: null,
        },
      ],
    ],
    [
      'dcgm-exporter-l4-driver580-kops-eks.prom',
      [
        {
          host: 'i-030791dc5a37cd257',
          device: 'NVIDIA L4',
          energy_joules: 4742.776,
          remapped_rows: 0,
          row_remap_failures: 0,
          pcie_replays: 0,
          memory_utilization_ratio: 0,
          memory_total_bytes: (22_563 + 470) * mib,
          power_watts: 16.365,
          sm_clock_hz: 210e6,
          memory_clock_hz: 405e6,
          pcie_tx_bytes_per_second: 112_603,
          nvlink_bytes_per_second: null,
          memory_temperature_celsius: null,
        },
      ],
    ],
    [
      'dcgm-exporter-vgpu-a100-10c-driver580-vks.prom',
      [
        {
          device: 'GRID A100-10C',
          driver_version: '580.126.09',
          memory_reserved_bytes: 916 * mib,
          memory_temperature_celsius: null,
          remapped_rows: null,
          pcie_replays: null,
          utilization_ratio: 0,
          memory_used_bytes: 0,
          memory_total_bytes: (9323 + 916) * mib,
          power_watts: null,
          energy_joules: null,
          temperature_celsius: null,
          gr_engine_active_ratio: null,
        },
      ],
    ],
    [
      'dcgm-exporter-a100-mig-load-nvidia-docs-untyped.prom',
      [
        { mig_id: '', power_watts: 409.692, memory_temperature_celsius: 69, gr_engine_active_ratio: 0.99563, xid: 0 },
        {
          mig_id: '13',
          mig_profile: '1g.5gb',
          power_watts: null,
          gr_engine_active_ratio: 0.995687,
          dram_active_ratio: 0.800339,
        },
      ],
    ],
    [
      'dcgm-exporter-datadog-composite.prom',
      [
        {
          uuid: 'GPU-20c56d28-0da5-6d26-a36a-e7af1ce2586e',
          temperature_celsius: 25,
          memory_free_bytes: 15_109 * mib,
          xid: 0,
        },
        {
          uuid: 'GPU-9ef1b6d0-3643-5dd7-b823-c0ec20dcf2d5',
          memory_total_bytes: 15_109 * mib,
          power_limit_watts: 70,
          slowdown_temperature_celsius: 93,
        },
        {
          uuid: 'GPU-abc',
          pod: 'ray-1111111',
          namespace: 'ray-llm',
          container: 'ray-worker',
          dram_active_ratio: 0.000003,
        },
      ],
    ],
  ])('%s', (name, expected) => {
    const rows = readGpuPages(dcgm, capture(name)).sort((a, b) => (a.uuid + a.mig_id < b.uuid + b.mig_id ? -1 : 1))
    expect(rows).toMatchObject(expected)
    expect(rows).toHaveLength(expected.length)
  })
})
