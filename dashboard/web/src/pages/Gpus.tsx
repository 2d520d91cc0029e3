import { useMemo } from 'react'
import { useGpus, type GpuNow } from '../data/fleet.ts'
import { formatAgo, formatBytesOf, formatExact, formatIso, formatRatio } from '../lib/format.ts'
import { FleetPanel } from '../panels/gpus/FleetPanel.tsx'
import { useOpenGpu } from '../panels/gpus/use-open-gpu.ts'
import { withUnit } from '../panels/gpus/measures.ts'
import { gpuName, MemoryPanel, UtilizationPanel } from '../panels/GpuPanels.tsx'
import { PageProvider } from '../panels/page-context.tsx'
import { Panel } from '../panels/Panel.tsx'
import { Panels } from '../panels/Panels.tsx'
import { Status } from '../panels/Status.tsx'
import { Meter } from '../panels/Meter.tsx'
import { Swatch } from '../panels/Swatch.tsx'
import { Table, type Column } from '../panels/Table.tsx'

/** The fleet over time, two charts of the busiest, and every GPU as it was at its last scrape. */
export default function Gpus() {
  const asked = useGpus()
  const names = useMemo(() => [(asked.data?.gpus ?? []).map(gpuName)], [asked.data])
  return (
    <PageProvider names={names}>
      <Panels>
        <FleetPanel />
        <UtilizationPanel />
        <MemoryPanel />
        <Panel
          title="GPUs"
          asked={asked}
          height={240}
          wide
          renderEmpty={(data) =>
            data.gpus.length === 0 ? (
              <p>GPUs show once a GPU exporter is listed under scrape.targets, or nvidia-smi answers on this host</p>
            ) : null
          }
          table={(data) => ({
            columns: Object.keys(data.gpus[0] ?? {}),
            rows: data.gpus.map((gpu) =>
              Object.values(gpu).map((value) => (Array.isArray(value) ? value.join(' ') : value)),
            ),
          })}
        >
          {(data) => <GpuTable gpus={data.gpus} now={data.to} />}
        </Panel>
      </Panels>
    </PageProvider>
  )
}

const share = (part: number | null, whole: number | null) => (part === null || !whole ? null : part / whole)

function GpuTable({ gpus, now }: { gpus: readonly GpuNow[]; now: number }) {
  const open = useOpenGpu()
  const columns: Column<GpuNow>[] = [
    {
      key: 'gpu',
      head: 'GPU',
      render: (gpu) => <Swatch of={gpuName(gpu)}>{gpuName(gpu)}</Swatch>,
      title: (gpu) => gpu.uuid,
    },
    {
      key: 'device',
      head: 'Device',
      wide: true,
      render: (gpu) => [gpu.device, gpu.mig_profile].filter(Boolean).join(' '),
    },
    {
      key: 'utilization',
      head: 'Utilisation',
      hint: 'Share of time in which a kernel ran',
      render: (gpu) => <Meter ratio={gpu.utilization_ratio} text={formatRatio(gpu.utilization_ratio)} />,
      sort: (gpu) => gpu.utilization_ratio,
    },
    {
      key: 'memory',
      head: 'VRAM',
      render: (gpu) => (
        <Meter
          ratio={share(gpu.memory_used_bytes, gpu.memory_total_bytes)}
          text={formatBytesOf(gpu.memory_used_bytes, gpu.memory_total_bytes)}
        />
      ),
      sort: (gpu) => share(gpu.memory_used_bytes, gpu.memory_total_bytes),
      title: (gpu) => `${formatExact(gpu.memory_used_bytes)} bytes`,
    },
    {
      key: 'power',
      head: 'Power',
      number: true,
      render: (gpu) => withUnit(gpu.power_watts, 'W'),
      sort: (gpu) => gpu.power_watts,
      title: (gpu) => (gpu.power_limit_watts === null ? undefined : `limit ${withUnit(gpu.power_limit_watts, 'W')}`),
    },
    {
      key: 'temperature',
      head: 'Temperature',
      number: true,
      render: (gpu) => withUnit(gpu.temperature_celsius, '°C'),
      sort: (gpu) => gpu.temperature_celsius,
    },
    {
      key: 'clock',
      head: 'SM clock',
      number: true,
      wide: true,
      render: (gpu) => withUnit(gpu.sm_clock_hz === null ? null : gpu.sm_clock_hz / 1e6, 'MHz'),
      sort: (gpu) => gpu.sm_clock_hz,
    },
    { key: 'state', head: 'State', render: (gpu) => <GpuState gpu={gpu} /> },
    {
      key: 'age',
      head: 'Sampled',
      wide: true,
      number: true,
      render: (gpu) => formatAgo(gpu.timestamp_ms, now),
      title: (gpu) => formatIso(gpu.timestamp_ms),
    },
  ]
  return <Table label="GPUs" columns={columns} rows={gpus} id={gpuName} maxHeight={560} onOpen={open} />
}

/** Reasons for a lower clock that are nobody's trouble. */
const calm = new Set(['gpu_idle', 'applications_clocks_setting', 'display_clocks_setting', 'sync_boost'])

function GpuState({ gpu }: { gpu: GpuNow }) {
  if (gpu.xid) return <Status level="critical" word={`XID ${gpu.xid}`} title="The driver reported an error" />
  const slowed = gpu.throttle_reasons.filter((reason) => !calm.has(reason))
  if (slowed.length > 0) {
    return <Status level="warning" word="throttled" title={slowed.join(', ').replaceAll('_', ' ')} />
  }
  return <Status level="ok" word={gpu.throttle_reasons.includes('gpu_idle') ? 'idle' : 'ok'} />
}
