/**
 * How a measure of requests spreads over time: counts by time and by logarithmic steps. Reads `requests`, exact while the range holds
 * few of them, else a sample (request-sample.ts).
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { sampled, sampleOf, type Sample } from './request-sample.ts'
import type { Filter } from './where.ts'

/** What may be on the upright axis, and the SQL of it. */
export const heatmapMeasures = {
  duration_ms: 'r.duration_ms',
  ttft_ms: 'r.ttft_ms',
  input_tokens: 'r.input_tokens',
  output_tokens: 'r.output_tokens',
  cost_usd: 'toFloat64(r.cost_usd)',
} as const
export type HeatmapMeasure = keyof typeof heatmapMeasures

export interface RequestHeatmap extends Sample {
  from: number
  to: number
  step_ms: number
  /** Starts of the columns, epoch ms; every column of the range. */
  times: number[]
  /** Lower ends of the rows, rising; 0 is the row of what is less than the next. The last ends at `top`. */
  lows: number[]
  top: number
  /** By column, then by row: requests that were read. */
  counts: number[][]
  /** Requests that were read and have the measure. */
  known: number
  /** And those that have it not: they are on no row. */
  unknown: number
}

/** At most so many columns: on a telephone one is still wider than a pixel. */
const maxColumns = 150
export const maxHeatmapRows = 40

/** Ten steps a decade, round to the eye. */
const decade = [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8]
const decades = {
  duration_ms: [-2, 7],
  ttft_ms: [-2, 7],
  input_tokens: [0, 8],
  output_tokens: [0, 8],
  cost_usd: [-9, 4],
}

/** Of the scale: 0 and every step. */
export function stepsOf(measure: HeatmapMeasure): number[] {
  const [first = 0, last = 0] = decades[measure]
  const steps = [0]
  for (let power = first; power < last; power += 1) for (const step of decade) steps.push(Number(`${step}e${power}`))
  return [...steps, Number(`1e${last}`)]
}

interface Cell {
  at: number
  /** Index of the step; -1 when the measure is unknown. */
  step: number
  requests: number
}

export async function requestHeatmap(
  db: Db,
  filter: Filter,
  range: TimeRange,
  measure: HeatmapMeasure,
  mostRows?: number,
): Promise<RequestHeatmap> {
  const step_ms = Math.max(stepFor(range, maxColumns), 1000)
  const sample = await sampleOf(db, range, step_ms, mostRows)
  const { sql, params } = sampled(filter, range, sample, step_ms)
  const value = heatmapMeasures[measure]
  const steps = stepsOf(measure)
  const cells = await db.query<Cell>(
    `select intDiv(toUnixTimestamp64Milli(r.timestamp), {step_ms:Int64}) * {step_ms:Int64} as at,
      if(isNull(${value}), -1, toInt16(indexOf({steps:Array(Float64)}, roundDown(toFloat64(assumeNotNull(${value})), {steps:Array(Float64)})) - 1)) as step,
      count() as requests
    from requests as r where ${sql}
    group by at, step order by at, step`,
    { ...params, step_ms, steps },
  )
  const times: number[] = []
  for (let at = Math.floor(range.from / step_ms) * step_ms; at < range.to; at += step_ms) times.push(at)
  return { ...range, step_ms, times, ...sample, ...rowsOf(cells, steps, times) }
}

type Rows = Pick<RequestHeatmap, 'lows' | 'top' | 'counts' | 'known' | 'unknown'>

/** Only the steps that something is on, and those between; several to a row where they are many. */
function rowsOf(cells: readonly Cell[], steps: readonly number[], times: readonly number[]): Rows {
  const sum = (list: readonly Cell[]) => list.reduce((total, { requests }) => total + requests, 0)
  const onSteps = cells.filter(({ step }) => step >= 0)
  const above = onSteps.filter(({ step }) => step > 0).map(({ step }) => step)
  const zero = onSteps.some(({ step }) => step === 0)
  const [least, most] = above.length === 0 ? [1, 0] : [Math.min(...above), Math.max(...above)]
  const room = maxHeatmapRows - (zero ? 1 : 0)
  const perRow = [1, 2, 5, 10].find((size) => rowOf(most, size) - rowOf(least, size) < room) ?? 10
  const first = rowOf(least, perRow)
  const count = above.length === 0 ? 0 : rowOf(most, perRow) - first + 1
  const bound = (row: number) => steps[Math.min(1 + (first + row) * perRow, steps.length - 1)] ?? 0
  const lows = [...(zero ? [0] : []), ...Array.from({ length: count }, (_, row) => bound(row))]
  const counts = times.map(() => lows.map(() => 0))
  const column = new Map(times.map((at, index) => [at, index]))
  for (const { at, step, requests } of onSteps) {
    const row = step === 0 ? 0 : rowOf(step, perRow) - first + (zero ? 1 : 0)
    const cellsOfTime = counts[column.get(at) ?? -1]
    if (cellsOfTime) cellsOfTime[row] = (cellsOfTime[row] ?? 0) + requests
  }
  const top = count === 0 ? bound(0) : bound(count)
  const known = sum(onSteps)
  return { lows, top, counts, known, unknown: sum(cells) - known }
}

const rowOf = (step: number, perRow: number) => Math.floor((step - 1) / perRow)
