/**
 * How latencies of one server lie over time, in the buckets in which the server counts them: nothing is spread over finer steps than
 * it told. Its models together. Reads `server_samples` up to a day, rollups beyond; exact, whichever table it is.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { SeriesFrame } from './series.ts'
import { bucketsOf, serverRows } from './server-rows.ts'

/** Those that a request has one of: what is counted are requests. */
export const heatmapLatencies = ['e2e_ms', 'ttft_ms'] as const
export type HeatmapLatency = (typeof heatmapLatencies)[number]

export interface ServerHeatmap extends SeriesFrame {
  latency: HeatmapLatency
  /** Lower ends of the rows, in ms, rising: from the lowest bucket that holds something to the highest. */
  lows: number[]
  /** Where the last row ends, in ms; null where that is the bucket without an upper bound. */
  top: number | null
  /** By column, then by row. */
  counts: number[][]
  /** Requests that are counted. */
  known: number
  /** Requests in buckets of other bounds, as of a version before: they do not line up, and are not shown. */
  left_out: number
}

/** More models than any server has. */
const mostModels = 1000

type Buckets = Record<string, number[]>

export async function serverHeatmap(
  db: Db,
  instance: string,
  range: TimeRange,
  latency: HeatmapLatency,
): Promise<ServerHeatmap> {
  const { frame, rows } = await serverRows(
    db,
    { range, filter: { instance: [instance] } },
    { buckets: bucketsOf(latency) },
    { limit: mostModels },
  )
  const all = rows.flatMap(({ at, buckets }) =>
    Object.entries((buckets ?? {}) as Buckets).map(([bounds, counts]) => ({ at, bounds, counts })),
  )
  const byBounds = [...Map.groupBy(all, ({ bounds }) => bounds)]
    .map(([bounds, own]) => ({ bounds: JSON.parse(bounds) as number[], own, sum: sumOf(own.flatMap(countsOf)) }))
    .toSorted((a, b) => b.sum - a.sum)
  const [shown, ...others] = byBounds
  const left_out = sumOf(others.map(({ sum }) => sum))
  return { ...frame, latency, ...rowsOf(frame, shown?.bounds ?? [], shown?.own ?? []), left_out }
}

interface Told {
  at: number
  counts: number[]
}

function rowsOf({ times }: SeriesFrame, bounds: readonly number[], told: readonly Told[]) {
  const column = new Map(times.map((at, index) => [at, index]))
  const whole = times.map(() => [...bounds, Infinity].map(() => 0))
  for (const { at, counts } of told) {
    const cells = whole[column.get(at) ?? -1]
    for (const [row, count] of counts.entries()) if (cells) cells[row] = (cells[row] ?? 0) + count
  }
  const used = [...bounds, Infinity].flatMap((_, row) => (whole.some((cells) => (cells[row] ?? 0) > 0) ? [row] : []))
  const [first = 0, last = -1] = [used[0], used.at(-1)]
  const lows = [0, ...bounds].slice(first, last + 1)
  const counts = whole.map((cells) => cells.slice(first, last + 1))
  return { lows, top: bounds[last] ?? null, counts, known: sumOf(counts.flat()) }
}

const countsOf = ({ counts }: Told) => counts
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
