import { useMemo } from 'react'
import { Heatmap, HeatmapScale } from '../charts/Heatmap.tsx'
import { cellsOf, type HeatmapData } from '../charts/heatmap.ts'
import { useServerHeatmap, type ServerHeatmap as Answer } from '../data/servers.ts'
import { formatExactly, formatMs } from '../lib/format.ts'
import { useChoice } from '../lib/use-choice.ts'
import { heatmapTable } from './explorer/HeatmapPanel.tsx'
import { usePage } from './page-context.tsx'
import { Panel } from './Panel.tsx'

const words = {
  e2e_ms: { short: 'Request', label: 'Time of whole requests' },
  ttft_ms: { short: 'TTFT', label: 'Time to first token' },
} as const
const latencies = ['e2e_ms', 'ttft_ms'] as const

/** How the latencies of one server lie, which no percentile says; a drag zooms the page to its time. */
export function ServerHeatmap({ instance }: { instance: string }) {
  const [latency, choose] = useChoice('distribution', latencies, 'e2e_ms')
  const asked = useServerHeatmap(instance, latency)
  return (
    <Panel
      title="Latency distribution"
      hint="Requests by when they ended and how long they took, in the buckets in which the server counts them"
      asked={asked}
      height={250}
      wide
      controls={
        <div className="toggles" role="group" aria-label="What the heatmap shows">
          {latencies.map((one) => (
            <button key={one} type="button" aria-pressed={one === latency} onClick={() => choose(one)}>
              {words[one].short}
            </button>
          ))}
        </div>
      }
      renderEmpty={({ known }) =>
        known > 0 ? null : <p>{words[latency].label} shows by buckets once this server tells it</p>
      }
      table={(data) => heatmapTable(endless(data), formatMs)}
    >
      {(data) => <Shown data={data} label={words[latency].label} />}
    </Panel>
  )
}

function Shown({ data, label }: { data: Answer; label: string }) {
  const { zoom } = usePage()
  const cells = useMemo(() => endless(data), [data])
  const most = useMemo(() => cellsOf(cells).most, [cells])
  return (
    <>
      <Heatmap
        label={label}
        data={cells}
        format={formatMs}
        brush={undefined}
        onBrush={(brush) => {
          // One column is a click: nobody meant to leave the range for it.
          if (brush && brush.from !== null && brush.to !== null && brush.to - brush.from > data.step_ms)
            zoom(brush.from, brush.to)
        }}
      />
      <footer className="heatmap-foot">
        <HeatmapScale most={most} factor={1} />
        {data.left_out > 0 && (
          <span>without {formatExactly(data.left_out, 'request')} counted in buckets of other bounds</span>
        )}
        <span className="wide-only">Drag to zoom to a time</span>
      </footer>
    </>
  )
}

/** The bucket without an upper bound ends nowhere. */
const endless = ({ top, ...data }: Answer): HeatmapData => ({ ...data, top: top ?? Infinity, factor: 1 })
