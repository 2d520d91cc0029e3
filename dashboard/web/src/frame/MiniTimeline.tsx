/** Requests of a longer time, and the range as a brush on it: dragged and resized by pointer and by keys. */
import { useState, type KeyboardEvent, type PointerEvent } from 'react'
import type { TimeRange } from '../../../../records/time-range.ts'
import { labelAt, timeTicks } from '../charts/time-axis.ts'
import { useWidth } from '../charts/use-width.ts'
import { useTimeline, type Timeline } from '../data/timeline.ts'
import { brushed, stripAround, type BrushPart } from '../lib/strip.ts'
import { formatCount, formatDateTime, formatSpan, formatTime } from '../lib/format.ts'
import { filterLabels } from '../lib/search.ts'
import { between, rangeOf, upToNow } from '../lib/time-travel.ts'
import { useNow } from '../lib/use-now.ts'
import { useSearch } from '../lib/use-search.ts'

const height = 30

export function MiniTimeline() {
  const [search, change] = useSearch()
  const now = useNow()
  const range = rangeOf(search, now)
  const strip = stripAround(range, now)
  const { data, error } = useTimeline(strip.from, strip.to)
  const { ref, width: measured } = useWidth('strip')
  const width = Math.max(measured, 120)
  const [drag, setDrag] = useState<{ part: BrushPart; at: number; by: number } | null>(null)

  const msPerPx = (strip.to - strip.from) / width
  const x = (at: number) => (at - strip.from) / msPerPx
  const least = Math.max(60_000, msPerPx * 3)
  const shown = drag ? brushed(range, drag.part, drag.by, strip, least) : range

  /** What ends now, or beyond, follows the clock. */
  const show = (next: TimeRange, replace = false) =>
    change((before) => (next.to >= now ? upToNow(before, next.to - next.from) : between(before, next.from, next.to)), {
      replace,
    })
  const press = (part: BrushPart) => (event: PointerEvent<SVGElement>) => {
    if (event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    setDrag({ part, at: event.clientX, by: 0 })
  }
  const handlers = (part: BrushPart) => ({
    onPointerDown: press(part),
    onPointerMove: (event: PointerEvent) => drag && setDrag({ ...drag, by: (event.clientX - drag.at) * msPerPx }),
    onPointerUp: () => {
      if (drag && drag.by !== 0) show(shown)
      setDrag(null)
    },
    onPointerCancel: () => setDrag(null),
    onKeyDown: (event: KeyboardEvent) => {
      const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key]
      if (direction === undefined) return
      event.preventDefault()
      const by = direction * ((strip.to - strip.from) / 80) * (event.shiftKey ? 4 : 1)
      show(brushed(range, part, by, strip, least), true)
    },
  })
  /** A click beside the brush brings it there. */
  const jump = (event: PointerEvent<SVGSVGElement>) => {
    if (event.target !== event.currentTarget && !(event.target as Element).closest('.strip-bars')) return
    const at = strip.from + (event.clientX - event.currentTarget.getBoundingClientRect().left) * msPerPx
    show(brushed(range, 'both', at - (range.from + range.to) / 2, strip, least))
  }
  const slider = (part: BrushPart, name: string, at: number) => ({
    role: 'slider',
    tabIndex: 0,
    'aria-label': name,
    'aria-valuemin': strip.from,
    'aria-valuemax': strip.to,
    'aria-valuenow': Math.round(at),
    'aria-valuetext': formatDateTime(at),
    'aria-orientation': 'horizontal' as const,
    ...handlers(part),
  })
  return (
    <div
      className="strip wide-only"
      ref={ref}
      title={error ? error.message : titleOf(data)}
      data-failed={error !== null && data === undefined}
    >
      <svg width={width} height={height} role="group" aria-label="Range on a longer time" onPointerDown={jump}>
        {data && <Bars data={data} x={x} />}
        {timeTicks(strip.from, strip.to, 8).map((at) => {
          const label = formatTime(at, strip.to - strip.from)
          return (
            <text key={at} className="strip-tick" x={labelAt(x(at), width, label)} y={height - 2} textAnchor="middle">
              {label}
            </text>
          )
        })}
        <rect
          className="strip-brush"
          x={x(shown.from)}
          width={Math.max(x(shown.to) - x(shown.from), 2)}
          y={0.5}
          height={height - 1}
          {...slider('both', `Range of ${formatSpan(shown.to - shown.from)}`, shown.from)}
        />
        {(['from', 'to'] as const).map((part) => (
          <rect
            key={part}
            className="strip-handle"
            x={x(shown[part]) - 4}
            width={8}
            y={0}
            height={height}
            {...slider(part, part === 'from' ? 'Start of the range' : 'End of the range', shown[part])}
          />
        ))}
      </svg>
    </div>
  )
}

function Bars({ data, x }: { data: Timeline; x: (at: number) => number }) {
  const most = Math.max(...data.requests, 1)
  const width = Math.max(x(data.from + data.step_ms) - x(data.from) - 0.5, 0.5)
  const tall = height - 12
  const path = data.requests.map((count, index) => {
    if (count === 0) return ''
    const top = Math.max((count / most) * tall, 1)
    return `M${x(data.from + index * data.step_ms).toFixed(1)} ${(tall - top + 1).toFixed(1)}h${width.toFixed(1)}v${top.toFixed(1)}h-${width.toFixed(1)}Z`
  })
  return <path className="strip-bars" d={path.join('')} />
}

/** What the bars count, and what they leave out. */
function titleOf(data: Timeline | undefined): string {
  if (!data) return ''
  const most = formatCount(Math.max(...data.requests, 0))
  const without = data.unfiltered.map((column) => (column === 'q' ? 'free filters' : filterLabels[column])).join(', ')
  const note = without === '' ? '' : `, not filtered by ${without}`
  return `Requests in each ${formatSpan(data.step_ms)}, at most ${most}${note}. Drag the range, or its ends`
}
