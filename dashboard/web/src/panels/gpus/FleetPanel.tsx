import { useGpuFleet, type FleetGpu, type FleetMeasure, type GpuFleet } from '../../data/fleet.ts'
import {
  formatCounted,
  formatPart,
  formatCount,
  formatRatio,
  formatTime,
  formatUsd,
  formatUsdPerHour,
} from '../../lib/format.ts'
import { useSearch } from '../../lib/use-search.ts'
import { gpuName } from '../GpuPanels.tsx'
import { Panel } from '../Panel.tsx'
import { Table, type Column } from '../Table.tsx'
import { fleetMeasures, idleCost, idleShare, measureWords } from './measures.ts'
import { useOpenGpu } from './use-open-gpu.ts'
import { Strip } from './Strip.tsx'

/** Every GPU as a row of a heatmap over time, with how long it was idle and what that cost; a row opens the GPU's page. */
export function FleetPanel() {
  const [search] = useSearch()
  const of = fleetMeasures.find((known) => known === search.view) ?? 'utilization_ratio'
  const asked = useGpuFleet(of)
  const words = measureWords[of]
  return (
    <Panel
      title="Fleet"
      unit={asked.data ? unitOf(asked.data) : words.word}
      hint={words.hint}
      asked={asked}
      height={140}
      wide
      controls={<MeasureSelect of={of} />}
      renderEmpty={({ gpus }) =>
        gpus.length === 0 ? (
          <p>GPUs show a minute after the first one is scraped: list a GPU exporter under scrape.targets</p>
        ) : null
      }
      table={({ gpus, times }) => ({
        columns: [
          'host',
          'gpu',
          'mig_id',
          'uuid',
          'idle_ratio',
          'gpu_hour_usd',
          ...times.map((at) => new Date(at).toISOString()),
        ],
        rows: gpus.map((gpu) =>
          [gpu.host, gpu.gpu, gpu.mig_id, gpu.uuid, idleShare(gpu), gpu.gpu_hour_usd, gpu.values].flat(),
        ),
      })}
    >
      {(fleet) => <Map fleet={fleet} />}
    </Panel>
  )
}

function unitOf({ gpus, left_out }: GpuFleet): string {
  const idle = gpus.map(idleCost).filter((cost) => cost !== null)
  const cost = idle.length === 0 ? '' : `, idle time cost ${formatUsd(idle.reduce((sum, usd) => sum + usd, 0))}`
  const all = formatCounted(gpus.length + left_out, 'GPU')
  return `${left_out > 0 ? `${formatCount(gpus.length)} of ` : ''}${all}${cost}`
}

function MeasureSelect({ of }: { of: FleetMeasure }) {
  const [, change] = useSearch()
  return (
    <select
      className="control"
      aria-label="Coloured by"
      value={of}
      onChange={(event) => {
        const view = event.currentTarget.value
        change(({ view: _view, ...rest }) => (view === 'utilization_ratio' ? rest : { ...rest, view }))
      }}
    >
      {fleetMeasures.map((measure) => (
        <option key={measure} value={measure}>
          {measureWords[measure].word}
        </option>
      ))}
    </select>
  )
}

function Map({ fleet }: { fleet: GpuFleet }) {
  const open = useOpenGpu()
  const { format, top } = measureWords[fleet.measure]
  const most = top(fleet)
  const span = fleet.to - fleet.from
  const columns: Column<FleetGpu>[] = [
    { key: 'gpu', head: 'GPU', render: gpuName, title: ({ uuid, device }) => `${device} ${uuid}`, sort: gpuName },
    {
      key: 'course',
      head: `${formatTime(fleet.from, span)} – ${formatTime(fleet.to, span)}, up to ${format(most)}`,
      render: ({ values }) => <Strip frame={fleet} values={values} top={most} format={format} />,
    },
    {
      key: 'mean',
      head: 'Mean',
      hint: 'Mean of the cells that are known',
      number: true,
      render: ({ values }) => format(mean(values)),
      sort: ({ values }) => mean(values),
    },
    {
      key: 'idle',
      head: 'Idle',
      hint: 'Share of minutes in which kernels ran for less than 5 % of the time',
      number: true,
      render: (gpu) => formatRatio(idleShare(gpu)),
      title: ({ idle_minutes, sampled_minutes }) =>
        idle_minutes === null ? 'no utilisation is told' : formatPart(idle_minutes, sampled_minutes, 'minute'),
      sort: idleShare,
    },
    {
      key: 'price',
      head: '$ /h',
      hint: 'As configured for the endpoint that runs on it',
      number: true,
      render: ({ gpu_hour_usd }) => formatUsdPerHour(gpu_hour_usd),
      title: ({ gpu_hour_usd }) =>
        gpu_hour_usd === null ? 'no endpoint that surely runs on it has a gpu_hour_usd' : undefined,
      sort: ({ gpu_hour_usd }) => gpu_hour_usd,
    },
    {
      key: 'wasted',
      head: 'Idle cost',
      hint: 'Idle time at that price',
      number: true,
      render: (gpu) => formatUsd(idleCost(gpu)),
      sort: idleCost,
    },
  ]
  return <Table label="Fleet" columns={columns} rows={fleet.gpus} id={gpuName} maxHeight={560} onOpen={open} />
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
