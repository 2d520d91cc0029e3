/** GPU exporters beside DCGM's: hand-checked values of pages, units, blanks, parts of GPUs. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { GpuSample } from '../../../records/gpu-sample.ts'
import { capture, fixture, haveCaptures, readGpuPages } from '../testing.ts'
import { amd } from './amd.ts'
import { dcgm } from './dcgm.ts'
import { gpuExporters } from './index.ts'
import { nvidiaSmi } from './nvidia-smi.ts'
import { triton } from './triton.ts'

const mib = 2 ** 20

describe('AMD', () => {
  test('labels of either case, a prefix, the units of MI3xx', () => {
    const [row] = readGpuPages(amd, fixture('amd-mi300.prom'))
    expect(row).toMatchObject({
      host: 'mi300-1',
      gpu: '2',
      uuid: 'GPU-a0ff74a1-0000-1000-8000-000000000002',
      device: 'AMD INSTINCT MI300X (ACME OAM)',
      pci_bus_id: '0000:26:00.0',
      driver_version: '6.10.5',
      namespace: 'llm',
      pod: 'chat-0',
      container: 'engine',
      mig_id: '',
      utilization_ratio: 0.88,
      memory_utilization_ratio: 0.41,
      memory_used_bytes: 150_000 * mib,
      memory_free_bytes: 46_592 * mib,
      memory_total_bytes: 196_592 * mib,
      power_watts: 611,
      energy_joules: 7_000.25,
      temperature_celsius: 71,
      memory_temperature_celsius: 58,
      sm_clock_hz: 2_100e6,
      memory_clock_hz: 1_300e6,
      pcie_replays: 3,
      nvlink_bytes_per_second: null,
      ecc_corrected: 4,
      ecc_uncorrected: 0,
      throttle_reasons: ['package_power'],
      xid: null,
    })
  })

  test('energy and links are counters, though declared as gauges', () => {
    const page = fixture('amd-mi300.prom')
    const later = page
      .replace('7000250000', '7000850000')
      .replace('link_index="1",serial_number="SN-2"} 5000', 'link_index="1",serial_number="SN-2"} 6500')
    const [row] = readGpuPages(amd, page, later)
    expect(row?.energy_delta_joules).toBeCloseTo(0.6, 6)
    expect(row?.nvlink_bytes_per_second).toBe(150_000)
    const restarted = readGpuPages(amd, page, page.replace('7000250000', '2000000'))[0]
    expect(restarted?.energy_delta_joules).toBe(2)
  })

  test('partitions are parts of the GPU with their serial number; those that say 0 W say nothing', () => {
    const rows = readGpuPages(amd, fixture('amd-mi300-cpx.prom'))
    const brief = rows.map(({ gpu, uuid, mig_id, mig_profile, power_watts, memory_total_bytes }) => {
      return { gpu, uuid, mig_id, mig_profile, power_watts, memory: memory_total_bytes }
    })
    expect(brief).toEqual([
      { gpu: '0', uuid: 'GPU-SN-9', mig_id: '', mig_profile: '', power_watts: 350, memory: 49_148 * mib },
      { gpu: '0', uuid: 'GPU-SN-9', mig_id: '0', mig_profile: 'cpx', power_watts: null, memory: 24_574 * mib },
      { gpu: '1', uuid: 'GPU-SN-9', mig_id: '1', mig_profile: 'cpx', power_watts: null, memory: 24_574 * mib },
    ])
  })

  test('another exporter whose names end alike is not taken for it', () => {
    expect(amd.detect(new Map())).toBeNull()
    expect(readGpuPages(amd, 'nv_gpu_power_usage{gpu_uuid="GPU-a"} 3\n')).toEqual([])
  })
})

describe('nvidia_gpu_exporter', () => {
  const page = [
    'nvidia_smi_gpu_info{uuid="a",index="3",name="ACME L40S",driver_version="595.80",pci_bus_id="[N/A]"} 1',
    'nvidia_smi_utilization_gpu_ratio{uuid="a"} 0.5',
    'nvidia_smi_clocks_throttle_reasons_active{uuid="a"} 4',
    'nvidia_smi_temperature_gpu_tlimit{uuid="a"} 24',
    'nvidia_smi_energy_joules_total{uuid="a"} 100',
    'nvidia_smi_xid_errors_total{uuid="a",xid="31"} 9',
    'nvidia_smi_xid_errors_total{uuid="a",xid="79"} 1',
    'nvidia_smi_xid_last_timestamp_seconds{uuid="a",xid="31"} 1700000000',
    'nvidia_smi_xid_last_timestamp_seconds{uuid="a",xid="79"} 1700000009',
    '',
  ].join('\n')

  test('names and index from the info series, older reasons, the last XID', () => {
    expect(readGpuPages(nvidiaSmi, page)).toMatchObject([
      {
        gpu: '3',
        uuid: 'GPU-a',
        device: 'ACME L40S',
        pci_bus_id: '',
        driver_version: '595.80',
        host: 'fallback',
        utilization_ratio: 0.5,
        throttle_reasons: ['sw_power_cap'],
        temperature_celsius: null,
        xid: 79,
      },
    ])
  })

  test('energy after a reload of the driver', () => {
    expect(readGpuPages(nvidiaSmi, page, page.replace('} 100', '} 7'))[0]?.energy_delta_joules).toBe(7)
  })
})

describe('DCGM, as versions and detours write it', () => {
  test.each<[string, string, Partial<GpuSample>]>([
    [
      'labels of NVLinks, one row a link, beside those of the GPU',
      'DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-a",modelName="X",Hostname="n"} 50\n' +
        'DCGM_FI_PROF_NVLINK_TX_BYTES{nvlink="0",gpu_uuid="GPU-a",model_name="X",hostname="n"} 10\n' +
        'DCGM_FI_PROF_NVLINK_TX_BYTES{nvlink="1",gpu_uuid="GPU-a",model_name="X",hostname="n"} 20\n' +
        'DCGM_FI_PROF_NVLINK_RX_BYTES{nvlink="0",gpu_uuid="GPU-a",model_name="X",hostname="n"} 5\n' +
        'DCGM_FI_PROF_NVLINK_RX_BYTES{nvlink="0",gpu_uuid="GPU-a",model_name="X",hostname="n",pod="b"} 5\n',
      { uuid: 'GPU-a', temperature_celsius: 50, nvlink_bytes_per_second: 35, host: 'n' },
    ],
    [
      'through a Prometheus without honor_labels',
      'DCGM_FI_DEV_GPU_TEMP{gpu="0",pod="prometheus-0",namespace="monitoring",exported_pod="chat",exported_namespace="llm",exported_container="c"} 1\n',
      { pod: 'chat', namespace: 'llm', container: 'c' },
    ],
    [
      'labels of old exporters',
      'DCGM_FI_DEV_GPU_TEMP{gpu="0",pod_name="chat",pod_namespace="llm",container_name="c"} 1\n',
      { pod: 'chat', namespace: 'llm', container: 'c' },
    ],
    [
      'both names of the reasons: the newer counts',
      'DCGM_FI_DEV_CLOCKS_EVENT_REASONS{gpu="0"} 4\nDCGM_FI_DEV_CLOCK_THROTTLE_REASONS{gpu="0"} 1\n',
      { throttle_reasons: ['sw_power_cap'] },
    ],
    [
      'the XID of the window before, where there is no last one',
      'DCGM_EXP_XID_ERRORS_COUNT{gpu="0",xid="31",window_size_in_ms="300000"} 0\n' +
        'DCGM_EXP_XID_ERRORS_COUNT{gpu="0",xid="94",window_size_in_ms="300000"} 2\n',
      { xid: 94 },
    ],
    [
      'a window without errors',
      'DCGM_EXP_XID_ERRORS_COUNT{gpu="0",xid="31",window_size_in_ms="300000"} 0\n',
      { xid: null },
    ],
    [
      'errors since the driver was loaded before those of all time',
      'DCGM_FI_DEV_ECC_SBE_VOL_TOTAL{gpu="0"} 2\nDCGM_FI_DEV_ECC_SBE_AGG_TOTAL{gpu="0"} 90\nDCGM_FI_DEV_ECC_DBE_AGG_TOTAL{gpu="0"} 1\n',
      { ecc_corrected: 2, ecc_uncorrected: 1 },
    ],
    [
      'health of memory and bus',
      'DCGM_FI_DEV_PCIE_REPLAY_COUNTER{gpu="0"} 12\nDCGM_FI_DEV_ROW_REMAP_FAILURE{gpu="0"} 1\nDCGM_FI_DEV_SLOWDOWN_TEMP{gpu="0"} 93\nDCGM_FI_DEV_MEM_COPY_UTIL{gpu="0"} 7\n',
      { pcie_replays: 12, row_remap_failures: 1, slowdown_temperature_celsius: 93, memory_utilization_ratio: 0.07 },
    ],
    ['a virtual GPU', 'DCGM_FI_DEV_FB_USED{gpu="0",vgpu="vgpu-17"} 1\n', { vgpu: 'vgpu-17', memory_used_bytes: mib }],
  ])('%s', (_, page, expected) => {
    const rows = readGpuPages(dcgm, page)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject(expected)
  })
})

describe.skipIf(!haveCaptures)('captures', () => {
  const zeroUuid = 'GPU-00000000-0000-0000-0000-000000000000'
  test.each([
    [
      'nvidia_gpu_exporter-h200-590.48.01-load.prom',
      nvidiaSmi,
      [
        {
          uuid: zeroUuid,
          gpu: '0',
          device: 'NVIDIA H200',
          driver_version: '590.48.01',
          pci_bus_id: '00000000:83:00.0',
          utilization_ratio: 1,
          memory_utilization_ratio: 0.07,
          memory_used_bytes: 33_934_016_512,
          memory_free_bytes: 116_178_026_496,
          memory_total_bytes: 150_754_820_096,
          memory_reserved_bytes: 643_825_664,
          power_watts: 627.4,
          power_limit_watts: 700,
          energy_joules: null,
          temperature_celsius: 52,
          memory_temperature_celsius: 40,
          sm_clock_hz: 1.98e9,
          memory_clock_hz: 3.201e9,
          throttle_reasons: [],
          ecc_corrected: 0,
          ecc_uncorrected: 0,
          remapped_rows: 0,
          row_remap_failures: 0,
          xid: null,
        },
      ],
    ],
    [
      'nvidia_gpu_exporter-h200-590.48.01-idle.prom',
      nvidiaSmi,
      [{ device: 'NVIDIA H200', utilization_ratio: 0, throttle_reasons: ['gpu_idle'] }],
    ],
    [
      'nvidia_gpu_exporter-h100-mig-590.48.01-load.prom',
      nvidiaSmi,
      [
        {
          device: 'NVIDIA H100 80GB HBM3',
          mig_id: '',
          // MIG is on and the exporter reads nvidia-smi: no utilisation, no instances.
          utilization_ratio: null,
          memory_used_bytes: 11_665_408_000,
          memory_total_bytes: 85_520_809_984,
          power_watts: 433.78,
          temperature_celsius: 53,
          memory_temperature_celsius: 59,
          remapped_rows: null,
        },
      ],
    ],
    [
      'nvidia_gpu_exporter-l40s-595.80-load.prom',
      nvidiaSmi,
      [
        {
          device: 'NVIDIA L40S',
          utilization_ratio: 0.09,
          power_watts: 110.23,
          power_limit_watts: 350,
          temperature_celsius: 54,
          memory_temperature_celsius: null,
          memory_total_bytes: 48_305_799_168,
          nvlink_bytes_per_second: null,
        },
      ],
    ],
    [
      'nvidia_gpu_exporter-rtx4080super-595.71.05-load.prom',
      nvidiaSmi,
      [{ device: 'NVIDIA GeForce RTX 4080 SUPER', power_watts: 84.24, ecc_corrected: null, utilization_ratio: 0.07 }],
    ],
    [
      'nvidia_gpu_exporter-rtx2080super-windows-610.62-load.prom',
      nvidiaSmi,
      [
        {
          device: 'NVIDIA GeForce RTX 2080 SUPER',
          power_watts: 97.99,
          power_limit_watts: 250,
          memory_used_bytes: 1_432_354_816,
          temperature_celsius: 44,
        },
      ],
    ],
    [
      'nvidia_gpu_exporter-demo-nvml-seeded-SYNTHETIC.prom',
      nvidiaSmi,
      [
        {
          uuid: 'GPU-1c67088e-9ecb-4564-bb97-6151ecc2ef64',
          gpu: '0',
          mig_id: '',
          memory_total_bytes: 150_754_820_096,
          memory_used_bytes: 33_934_016_512,
          pcie_tx_bytes_per_second: 1_244_479_410.9305713,
          energy_joules: 0,
          xid: null,
        },
        {
          mig_id: '2',
          mig_profile: '3g.71gb',
          memory_total_bytes: 76_235_669_504,
          memory_used_bytes: 42_883_309_544,
          power_watts: null,
        },
        { mig_id: '7', mig_profile: '1g.18gb', memory_total_bytes: 19_327_352_832, memory_reserved_bytes: 96_636_764 },
        { uuid: 'GPU-ef427e4f-1970-42f2-ab0c-ecf0e56a33b9', gpu: '1', mig_id: '', xid: 79, temperature_celsius: 52 },
      ],
    ],
    [
      'triton-datadog.prom',
      triton,
      [
        {
          uuid: 'GPU-951eeeeb-d284-d263-688e-d98a5306389b',
          gpu: '',
          utilization_ratio: 0,
          memory_used_bytes: 266_338_304,
          memory_total_bytes: 16_106_127_360,
          power_watts: 32.09,
          power_limit_watts: 70,
          energy_joules: 4_879_631.328000044,
          temperature_celsius: null,
        },
      ],
    ],
    [
      'amd-device-metrics-exporter-mini.prom',
      amd,
      [
        {
          uuid: 'GPU-6699c0a8-4200-4242-037f-f97e6cae0f09',
          gpu: '692247001282',
          utilization_ratio: 0,
          power_watts: 41,
          memory_total_bytes: 68_702_000_000,
          memory_used_bytes: null,
        },
      ],
    ],
    [
      'amd-device-metrics-exporter-docs-samples-untyped.prom',
      amd,
      [
        { gpu: '0', sm_clock_hz: 132e6, memory_clock_hz: 900e6, mig_id: '' },
        { gpu: '3', sm_clock_hz: null },
        { gpu: '5', sm_clock_hz: null },
      ],
    ],
  ])('%s', (name, exporter, expected) => {
    const rows = readGpuPages(exporter, capture(name)).sort((a, b) => (order(a) < order(b) ? -1 : 1))
    expect(rows).toMatchObject(expected)
    expect(rows).toHaveLength(expected.length)
  })

  const order = (row: GpuSample) => row.uuid + row.gpu + row.mig_id

  test('links of a GPU add up', () => {
    const page = capture('amd-device-metrics-exporter-docs-samples-untyped.prom')
    const later = page.replace('2.776148269e+09', '2.776149269e+09').replace('3.708415141e+09', '3.708415641e+09')
    const row = readGpuPages(amd, page, later).find(({ gpu }) => gpu === '0')
    // 1,000 KB read and 500 KB written in 10 s.
    expect(row?.nvlink_bytes_per_second).toBe(150_000)
  })

  test('no page is taken for that of another exporter', () => {
    for (const page of [
      'triton-datadog.prom',
      'nvidia_gpu_exporter-h200-590.48.01-load.prom',
      'amd-device-metrics-exporter-mini.prom',
    ])
      expect(gpuExporters.filter((exporter) => readGpuPages(exporter, capture(page)).length > 0)).toHaveLength(1)
  })
})

test('every exporter file is in the list', () => {
  const helpers = ['mig', 'throttle']
  const files = readdirSync(import.meta.dirname).filter((name) => !/index|\.test\./.test(name))
  for (const file of files.map((name) => name.replace('.ts', '')))
    expect([...helpers, ...gpuExporters.map(({ name }) => name)]).toContain(file)
})
