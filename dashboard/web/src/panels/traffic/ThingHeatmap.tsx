import { Heatmap } from '../../charts/Heatmap.tsx'
import type { Brush } from '../../lib/brush.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import { defaultMeasure, type HeatmapMeasure } from '../../lib/search.ts'
import { useChoice } from '../../lib/use-choice.ts'
import { HeatmapFoot, MeasurePanel } from '../explorer/HeatmapPanel.tsx'
import { measureWords } from '../explorer/measures.ts'
import { useExplorer } from '../use-why.tsx'

const measures: readonly HeatmapMeasure[] = ['duration_ms', 'ttft_ms']

/** How the latencies of one model or endpoint lie, which no percentile says; what is brushed opens in the explorer. */
export function ThingHeatmap() {
  const [measure, choose] = useChoice('distribution', measures, defaultMeasure)
  const explore = useExplorer()
  const words = measureWords[measure]
  const lead = (brush?: Brush) =>
    explore((search) => ({
      ...elsewhere(search),
      ...(measure !== defaultMeasure && { measure }),
      ...(brush && { brush }),
    }))
  return (
    <MeasurePanel
      title="Latency distribution"
      hint="Requests by when they began and how long they took"
      measures={measures}
      measure={measure}
      onMeasure={choose}
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
    </MeasurePanel>
  )
}
