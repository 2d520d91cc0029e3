import { useMemo, type ReactNode } from 'react'
import { Heatmap, HeatmapScale, rowWords } from '../../charts/Heatmap.tsx'
import { cellsOf, type HeatmapData } from '../../charts/heatmap.ts'
import { useHeatmap, type HeatmapAnswer } from '../../data/explorer.ts'
import type { Brush } from '../../lib/brush.ts'
import { formatCounted, formatCount, formatExact, formatIso, formatTime } from '../../lib/format.ts'
import { defaultMeasure, heatmapMeasures, type HeatmapMeasure } from '../../lib/search.ts'
import { useSearch } from '../../lib/use-search.ts'
import type { DataTable } from '../../lib/table.ts'
import { NothingHere } from '../NothingHere.tsx'
import { usePage } from '../page-context.tsx'
import { Panel } from '../Panel.tsx'
import { measureWords } from './measures.ts'

/** How a measure spreads over time; a drag brushes a part, whose requests are listed and compared with the rest. */
export function HeatmapPanel() {
  const [{ measure = defaultMeasure }, change] = useSearch()
  const choose = (next: HeatmapMeasure) =>
    // Times stay brushed; bounds of another measure mean nothing.
    change(({ brush, ...rest }) => {
      const times = brush && (brush.from !== null || brush.to !== null) ? { ...brush, min: null, max: null } : undefined
      return { ...rest, measure: next, ...(times && { brush: times }) }
    })
  return (
    <MeasurePanel title={measureWords[measure].title} measures={heatmapMeasures} measure={measure} onMeasure={choose}>
      {(data) => <Shown data={data} measure={measure} />}
    </MeasurePanel>
  )
}

interface MeasurePanelProps {
  title: string
  hint?: string
  /** What it may show. */
  measures: readonly HeatmapMeasure[]
  measure: HeatmapMeasure
  onMeasure: (measure: HeatmapMeasure) => void
  children: (data: HeatmapAnswer) => ReactNode
}

/** A panel of one of several measures over time, which says of how many requests it is unknown when it is of all. */
export function MeasurePanel({ title, hint, measures, measure, onMeasure, children }: MeasurePanelProps) {
  const asked = useHeatmap(measure)
  const words = measureWords[measure]
  return (
    <Panel
      title={title}
      {...(hint !== undefined && { hint })}
      asked={asked}
      height={250}
      wide
      controls={
        <div className="toggles" role="group" aria-label="What the heatmap shows">
          {measures.map((one) => (
            <button key={one} type="button" aria-pressed={one === measure} onClick={() => onMeasure(one)}>
              {measureWords[one].short}
            </button>
          ))}
        </div>
      }
      renderEmpty={({ known, unknown }) =>
        known > 0 ? null : (
          <NothingHere
            what={
              unknown > 0 ? `${formatCounted(unknown, 'request')}, all ${words.missing}` : 'No request in this range'
            }
          />
        )
      }
      table={(data) => heatmapTable(data, words.format)}
    >
      {children}
    </Panel>
  )
}

function Shown({ data, measure }: { data: HeatmapAnswer; measure: HeatmapMeasure }) {
  const [search, change] = useSearch()
  const words = measureWords[measure]
  const brushTo = (brush: Brush | undefined) =>
    change(({ brush: _brush, ...rest }) => (brush ? { ...rest, brush } : rest))
  return (
    <>
      <Heatmap label={words.title} data={data} format={words.format} brush={search.brush} onBrush={brushTo} />
      <HeatmapFoot data={data} measure={measure}>
        {search.brush ? (
          <BrushChip brush={search.brush} measure={measure} onClear={() => brushTo(undefined)} />
        ) : (
          <span className="wide-only">Drag to see what is different about some of them</span>
        )}
      </HeatmapFoot>
    </>
  )
}

interface HeatmapFootProps {
  data: HeatmapAnswer
  measure: HeatmapMeasure
  /** What one can do with it. */
  children: ReactNode
}

/** What its colours mean, and what it is without. */
export function HeatmapFoot({ data, measure, children }: HeatmapFootProps) {
  const most = useMemo(() => cellsOf(data).most, [data])
  return (
    <footer className="heatmap-foot">
      <HeatmapScale most={most} factor={data.factor} />
      {data.factor > 1 && <span>one request in {formatExact(data.factor)} was read; counts are estimates</span>}
      {data.unknown > 0 && (
        <span>
          {formatCount(data.unknown * data.factor)} {measureWords[measure].missing}
        </span>
      )}
      {children}
    </footer>
  )
}

interface BrushChipProps {
  brush: Brush
  measure: HeatmapMeasure
  onClear: () => void
}

/** What is brushed in words, and what may be done with it. */
function BrushChip({ brush, measure, onClear }: BrushChipProps) {
  const { zoom } = usePage()
  const { from, to } = brush
  return (
    <span className="heatmap-brushed">
      <b>{brushWords(brush, measure)}</b>
      {from !== null && to !== null && (
        <button type="button" className="chip-button" onClick={() => zoom(from, to)}>
          Zoom to it
        </button>
      )}
      <button type="button" className="chip-button" onClick={onClear}>
        Clear brush
      </button>
    </span>
  )
}

/** 12:00 to 12:05, 2 s and more. */
export function brushWords({ from, to, min, max }: Brush, measure: HeatmapMeasure): string {
  const { format } = measureWords[measure]
  const told = (at: number) => formatTime(at, (to ?? at) - (from ?? at) < 60_000 ? 900_000 : 604_800_000)
  const times = between(from, to, told, 'from', 'until')
  const values = between(min, max, format, 'at least', 'less than')
  return [times, values].filter((part) => part !== '').join(', ')
}

function between(
  low: number | null,
  high: number | null,
  format: (value: number) => string,
  atLeast: string,
  below: string,
): string {
  if (low !== null && high !== null) return `${format(low)} to ${format(high)}`
  if (low !== null) return `${atLeast} ${format(low)}`
  return high === null ? '' : `${below} ${format(high)}`
}

/** Counts by time and by step of the measure. */
export function heatmapTable(data: HeatmapData, format: (value: number) => string): DataTable {
  const { times, lows, counts, factor } = data
  return {
    columns: ['time', ...lows.map((_, row) => rowWords(data, row, format))],
    rows: times.map((at, column) => [formatIso(at), (counts[column] ?? []).map((count) => count * factor)].flat()),
  }
}
