/** Where everything of a chart lies, in px: axes, paths with their gaps, and which bucket is under the pointer. */
import { infiniteText } from '../../../../records/infinite.ts'
import type { SeriesFrame } from '../data/series.ts'
import { rowsOf, type ChartLine, type ChartRow } from './lines.ts'
import { timeTicks } from './time-axis.ts'
import { linearAxis, logarithmicAxis, placeOn, type ValueAxis } from './value-axis.ts'

export interface PlotInput {
  frame: SeriesFrame
  lines: readonly ChartLine[]
  width: number
  height: number
  /** Parts of a whole, one on the other. */
  stacked: boolean
  logarithmic: boolean
  max: number | undefined
  /** What the axis is round in: one unit in values; 1 unless said. */
  unit?: number | undefined
}

export interface Shape {
  line: ChartLine
  /** Position of the line in `lines`. */
  index: number
  kind: 'band' | 'area' | 'line'
  path: string
  /** Points between two gaps, which no line would show. */
  lone: [x: number, y: number][]
}

export interface Plot {
  rows: ChartRow[]
  axis: ValueAxis
  times: number[]
  /** Of the area between the axes. */
  box: { left: number; right: number; top: number; bottom: number }
  x: (at: number) => number
  y: (value: number) => number
  /** The time at a place, between the ends of the axis. */
  timeAt: (x: number) => number
  /** Position in `rows` of the bucket nearest to a place; null when there is none. */
  nearest: (x: number) => number | null
  /** In the order of drawing. */
  shapes: Shape[]
}

/** Room for figures, the same on every chart so that time axes align. */
const axisWidth = 58
const margin = { top: 8, right: 18, bottom: 22 }
/** A label and its air, in px. */
const leastTick = 70

export function plotOf(input: PlotInput): Plot {
  const { frame, lines, width, height, logarithmic } = input
  const box = { left: axisWidth, right: width - margin.right, top: margin.top, bottom: height - margin.bottom }
  const start = frame.times[0] ?? frame.from
  const span = Math.max(frame.to - start, 1)
  const rows = rowsOf(frame, lines, logarithmic)
  const ends = endsOf(input, rows)
  const axis = axisOf(input, ends, rows)
  const x = (at: number) => box.left + ((at - start) / span) * (box.right - box.left)
  const y = (value: number) => {
    // At the edge, where it is without bounds.
    if (infiniteText(value) !== null) return value > 0 ? box.top : box.bottom
    return box.bottom - placeOn(axis, value) * (box.bottom - box.top)
  }
  const count = Math.max(Math.min(Math.floor((box.right - box.left) / leastTick), 6), 2)
  return {
    rows,
    axis,
    times: timeTicks(start, frame.to, count),
    box,
    x,
    y,
    timeAt: (place) => start + clamp((place - box.left) / Math.max(box.right - box.left, 1)) * span,
    nearest: (place) => {
      if (rows.length === 0) return null
      const at = ((place - box.left) / (box.right - box.left)) * span
      return Math.min(Math.max(Math.round(at / frame.step_ms), 0), rows.length - 1)
    },
    shapes: shapesOf(input, rows, ends, x, y),
  }
}

const clamp = (part: number) => Math.min(Math.max(part, 0), 1)

type Ends = ([low: number, high: number] | null)[]

/** Between which values each line is drawn in each bucket: of a stack from the top of the part below, else from zero. */
function endsOf({ lines, stacked }: PlotInput, rows: readonly ChartRow[]): Ends[] {
  const tops = rows.map(() => 0)
  return lines.map((line, index) =>
    rows.map(({ values }, at) => {
      const value = values[index] ?? null
      if (value === null) return null
      if (!stacked || line.before) return [0, value]
      const low = tops[at] ?? 0
      tops[at] = low + value
      return [low, low + value]
    }),
  )
}

function axisOf({ logarithmic, max, unit }: PlotInput, ends: readonly Ends[], rows: readonly ChartRow[]): ValueAxis {
  const highs = ends.flatMap((line) => line.flatMap((pair) => (pair === null ? [] : [pair[1]])))
  const bands = rows.flatMap((row) => row.bands.flatMap((band) => band ?? []))
  const all = highs.concat(bands).filter((value) => infiniteText(value) === null)
  // Not by spreading: a chart may hold more values than a call takes arguments.
  const least = all.reduce((low, value) => Math.min(low, value), Infinity)
  const most = all.reduce((high, value) => Math.max(high, value), -Infinity)
  if (all.length === 0) return logarithmic ? logarithmicAxis(1, 10) : linearAxis(0, 0, max, unit)
  return logarithmic ? logarithmicAxis(least, most) : linearAxis(least, most, max, unit)
}

function shapesOf(
  { frame, lines, stacked }: PlotInput,
  rows: readonly ChartRow[],
  ends: readonly Ends[],
  x: (at: number) => number,
  y: (value: number) => number,
): Shape[] {
  const point = (position: number, value: number): Point => [x(rows[position]?.at ?? 0), y(value)]
  const area = (pairs: Ends) =>
    runsOf(pairs)
      .map((run) => {
        const upper = run.map(([position, [, high]]) => point(position, high))
        const lower = run.map(([position, [low]]) => point(position, low)).toReversed()
        return `${pathOf([...upper, ...lower])}Z`
      })
      .join('')
  const bands = lines.flatMap((line, index): Shape[] =>
    line.band
      ? [{ line, index, kind: 'band', path: area(rows.map(({ bands }) => bands[index] ?? null)), lone: [] }]
      : [],
  )
  const drawn = lines.map((line, index): Shape => {
    const pairs = ends[index] ?? []
    if (stacked && !line.before) return { line, index, kind: 'area', path: area(pairs), lone: [] }
    const runs = runsOf(pairs, isSampled(frame) ? reachOf(pairs) : 1).map((run) =>
      run.map(([position, [, value]]) => point(position, value)),
    )
    const lone = runs.flatMap((run) => (run.length === 1 && !line.before ? run : []))
    return { line, index, kind: 'line', path: runs.map(pathOf).join(''), lone }
  })
  return [...bands, ...drawn]
}

type Point = [x: number, y: number]

const pathOf = (points: readonly Point[]) =>
  points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')

/** Runs of what is known, with their positions: missing data is a gap, unless it is no longer than `reach` positions. */
export function runsOf<T>(values: readonly (T | null)[], reach = 1): [position: number, value: T][][] {
  const runs: [number, T][][] = []
  let last = -Infinity
  values.forEach((value, position) => {
    if (value === null) return
    if (position - last > reach) runs.push([])
    runs.at(-1)?.push([position, value])
    last = position
  })
  return runs
}

const isSampled = ({ source }: SeriesFrame) => source === 'gpu_samples' || source === 'server_samples'

/** Samples that come less often than buckets begin leave none between them that is missing; twice the usual distance is. */
function reachOf(values: readonly unknown[]): number {
  const known = values.flatMap((value, position) => (value === null ? [] : [position]))
  const distances = known.slice(1).map((position, index) => position - (known[index] ?? 0))
  const usual = distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 1
  return usual === 1 ? 1 : usual * 2 - 1
}
