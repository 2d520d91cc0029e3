/** The course of a month's spend, beside the month before and where it is likely to end. */
import type { ChartLine } from '../../charts/lines.ts'
import type { Month } from '../../data/spend.ts'
import type { SeriesFrame } from '../../data/series.ts'

const day = 86_400_000

export interface MonthLines {
  frame: SeriesFrame
  lines: ChartLine[]
}

/** Each point stands at the start of a day and holds the sum up to its end. */
export function monthLines(month: Month, accent: string, neutral: string): MonthLines {
  const { days, forecast, spent_usd, previous } = month
  const now = days.filter(({ at }) => at >= month.month.from)
  const before = days.filter(({ at }) => at >= previous.from && at < previous.to)
  const length = Math.round((month.month.to - month.month.from) / day)
  const first = month.month.from
  const times = Array.from({ length }, (_, index) => now[index]?.at ?? first + index * day)
  const fill = (values: (number | null)[]) => times.map((_, index) => values[index] ?? null)
  const today = now.length - 1
  const left = length - 1 - today
  /** From today's sum to the month's end. */
  const towards = (end: number) => (index: number) =>
    left === 0 ? end : (spent_usd ?? 0) + ((end - (spent_usd ?? 0)) * (index - today)) / left
  const ahead = forecast && {
    expected: times.map((_, index) => (index < today ? null : towards(forecast.expected_usd)(index))),
    band: times.map((_, index): [number, number] | null =>
      index < today ? null : [towards(forecast.low_usd)(index), towards(forecast.high_usd)(index)],
    ),
  }
  const lines: ChartLine[] = [
    { key: 'before', label: previous.name, group: 'before', color: neutral, dash: '4 3', values: fill(sums(before)) },
    { key: 'now', label: month.month.name, group: 'now', color: accent, width: 2.2, values: fill(sums(now)) },
    ...(ahead
      ? [
          {
            key: 'ahead',
            label: 'expected',
            group: 'ahead',
            color: accent,
            dash: '2 3',
            values: ahead.expected,
            band: ahead.band,
          },
        ]
      : []),
  ]
  return { frame: { from: first, to: month.month.to, step_ms: day, times }, lines }
}

/** Up to each day; unknown before the first that has a known price. */
function sums(days: Month['days']): (number | null)[] {
  let sum: number | null = null
  return days.map(({ cost_usd }) => (sum = cost_usd === null ? sum : (sum ?? 0) + cost_usd))
}
