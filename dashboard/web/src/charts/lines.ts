/** What a chart draws, and the table that is its legend. */
import type { SeriesFrame } from '../data/series.ts'

/** How a line is drawn, besides its colour; widths in px. */
export interface LineStyle {
  width?: number
  opacity?: number
  dash?: string
}

export interface ChartLine extends LineStyle {
  key: string
  label: string
  /** Lines of one group are isolated together: the P50 and P95 of one model. */
  group: string
  color: string
  values: readonly (number | null)[]
  /** Between which two values each one may lie; null where nothing is known of that. */
  band?: readonly ([number, number] | null)[]
  /** Another line is isolated. */
  faded?: boolean
  /** Of the period before, drawn over this one. */
  before?: boolean
}

export interface ChartRow {
  /** Start of the bucket, epoch ms. */
  at: number
  values: (number | null)[]
  bands: ([number, number] | null)[]
}

/** One row a bucket; a logarithmic axis has no zero. */
export function rowsOf(frame: SeriesFrame, lines: readonly ChartLine[], logarithmic: boolean): ChartRow[] {
  return frame.times.map((at, index) => ({
    at,
    values: lines.map(({ values }) => {
      const value = values[index] ?? null
      return logarithmic && value !== null && value <= 0 ? null : value
    }),
    bands: lines.map(({ band }) => {
      const [low = 0, high = 0] = band?.[index] ?? []
      return high <= 0 || (logarithmic && low <= 0) ? null : [low, high]
    }),
  }))
}

/** The same line as one of the period before: in its colour, thin and dashed. */
export function asBefore(line: ChartLine): ChartLine {
  return {
    ...line,
    key: `${line.key} before`,
    label: `${line.label}, the period before`,
    before: true,
    width: 1,
    opacity: 0.75,
    dash: '3 3',
  }
}

export const lastOf = (values: readonly (number | null)[]): number | null =>
  values.findLast((value) => value !== null) ?? null

export function maxOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** The sum of lines bucket by bucket; unknown where no line is known. */
export function totalOf(lines: readonly (readonly (number | null)[])[]): (number | null)[] {
  const length = Math.max(0, ...lines.map((values) => values.length))
  return Array.from({ length }, (_, index) => {
    const known = lines.map((values) => values[index] ?? null).filter((value) => value !== null)
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value)
  })
}

/** How much of each bucket lies in the range, in seconds: the first and the last may be cut. */
export function bucketSeconds({ times, step_ms, from, to }: SeriesFrame): number[] {
  return times.map((at) => Math.max(Math.min(at + step_ms, to) - Math.max(at, from), 1) / 1000)
}

/** The least share of a bucket that has to lie in the range: of less, a rate or a quantile is noise. */
const leastCovered = 0.25

/** The values without those of buckets that hardly lie in the range: the cut first one, the present one in its first seconds. */
export function settled(frame: SeriesFrame, values: readonly (number | null)[]): (number | null)[] {
  const seconds = bucketSeconds(frame)
  return values.map((value, index) => ((seconds[index] ?? 0) * 1000 < frame.step_ms * leastCovered ? null : value))
}

/**
 * Sums per bucket as rates per second. A bucket without requests is zero between the first and the last request of any line
 * (`seen`), and a gap before and after, where nothing is known; a bucket whose requests did not tell is a gap.
 */
export function ratesOf(
  frame: SeriesFrame,
  sums: readonly (number | null)[],
  requests: readonly (number | null)[],
  seen: readonly boolean[],
): (number | null)[] {
  const seconds = bucketSeconds(frame)
  const [first, last] = [seen.indexOf(true), seen.lastIndexOf(true)]
  const rates = sums.map((sum, index) => {
    if (sum !== null) return sum / (seconds[index] ?? 1)
    return requests[index] === null && first !== -1 && index >= first && index <= last ? 0 : null
  })
  return settled(frame, rates)
}

/** Which buckets hold a request of any line. */
export function seenIn(frame: SeriesFrame, lines: readonly { requests: readonly (number | null)[] }[]): boolean[] {
  return frame.times.map((_, index) => lines.some(({ requests }) => requests[index] !== null))
}
