import { useState } from 'react'
import { useHeatmap } from '../../data/explorer.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import type { Brush } from '../../lib/brush.ts'
import { formatCount } from '../../lib/format.ts'
import { defaultMeasure, type HeatmapMeasure } from '../../lib/search.ts'
import { HeatmapFoot, heatmapTable } from '../explorer/HeatmapPanel.tsx'
import { measureWords } from '../explorer/measures.ts'
import { Heatmap } from '../../charts/Heatmap.tsx'
import { NothingHere } from '../NothingHere.tsx'
import { Panel } from '../Panel.tsx'
import { useExplorer } from '../use-why.tsx'

const measures: readonly HeatmapMeasure[] = ['duration_ms', 'ttft_ms']

/** How the latencies of one model or endpoint lie, which no percentile says; what is brushed opens in the explorer. */
export function ThingHeatmap() {
  const [measure, choose] = useState<HeatmapMeasure>(defaultMeasure)
  const asked = useHeatmap(measure)
  const explore = useExplorer()
  const words = measureWords[measure]
  const lead = (brush?: Brush) =>
    explore((search) => ({
      ...elsewhere(search),
      ...(measure !== defaultMeasure && { measure }),
      ...(brush && { brush }),
    }))
  return (
    <Panel
      title="Latency distribution"
      hint="Requests by when they began and how long they took"
      asked={asked}
      height={250}
      wide
      controls={
        <div className="toggles" role="group" aria-label="What the heatmap shows">
          {measures.map((one) => (
            <button key={one} type="button" aria-pressed={one === measure} onClick={() => choose(one)}>
              {measureWords[one].short}
            </button>
          ))}
        </div>
      }
      renderEmpty={({ known, unknown }) =>
        known > 0 ? null : (
          <NothingHere
            what={unknown > 0 ? `${formatCount(unknown)} requests, all ${words.missing}` : 'No request in this range'}
          />
        )
      }
      table={(data) => heatmapTable(data, words.format)}
    >
      {(data) => (
        <>
          <Heatmap
            label={words.title}
            data={data}
            format={words.format}
            brush={undefined}
            onBrush={(brush) => brush && lead(brush)}
          />
          <HeatmapFoot data={data} measure={measure}>
            <span className="wide-only">Drag to see which requests these are, and what is different about them</span>
            <button type="button" className="chip-button" onClick={() => lead()}>
              All its requests
            </button>
          </HeatmapFoot>
        </>
      )}
    </Panel>
  )
}
