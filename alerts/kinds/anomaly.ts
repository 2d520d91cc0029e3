/** Requests that are unlike those at the same time of earlier days, or of the same weekday of earlier weeks. */
import { z } from 'zod'
import { sameTimeBefore } from '../../records/calendar.ts'
import { durationMs } from '../../records/duration.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { alertPresence } from '../../storage/queries/alert-scan.ts'
import { alertAnomaly, anomalyMeasures, type AnomalyMeasure } from '../../storage/queries/alert-anomaly.ts'
import { duration } from '../config.ts'
import type { Unit } from '../rule.ts'
import { thresholdSchema, writtenThreshold } from '../threshold.ts'
import { timeZone } from './budget.ts'
import { defineKind, ownShape, scanShape } from './kind.ts'
import { refuse } from './measured.ts'

const minute = 60_000
const day = 1440 * minute

interface Habits {
  unit: Unit
  direction: 'above' | 'both'
  min_deviation: number
  percentile?: true
}

const slow: Habits = { unit: 'ms', direction: 'above', min_deviation: 0, percentile: true }
const habits: Record<AnomalyMeasure, Habits> = {
  requests: { unit: 'per_minute', direction: 'both', min_deviation: 0 },
  // Mostly 0: a single failure is no anomaly.
  error_ratio: { unit: 'ratio', direction: 'above', min_deviation: 0.02 },
  latency: slow,
  ttft: slow,
  tpot: slow,
  spend: { unit: 'usd_per_hour', direction: 'above', min_deviation: 0 },
  tokens: { unit: 'per_minute', direction: 'above', min_deviation: 0 },
}

/** Windows lie this far from the time of day, at most. */
const aroundMs = 30 * minute

interface Season {
  window: string
  season: 'day' | 'week'
  lookback?: string | undefined
}

const stepDays = { day: 1, week: 7 }
const usualLookback = { day: '14d', week: '28d' }

/** Windows to either side of the one at the same time. */
const sideWindows = ({ window }: Season) => Math.floor(aroundMs / durationMs(window))
const daysOf = ({ season, lookback }: Season) =>
  Math.floor(durationMs(lookback ?? usualLookback[season]) / day / stepDays[season])

export const anomaly = defineKind({
  name: 'anomaly',
  unit: { of: ({ measure }) => habits[measure].unit },
  threshold: 'none',
  schema: z
    .strictObject({
      ...ownShape(),
      ...scanShape,
      kind: z.literal('anomaly'),
      measure: z
        .enum(anomalyMeasures)
        .describe(
          'requests and tokens per minute, spend per hour, error_ratio, or a percentile of latency, ttft, tpot',
        ),
      quantile: z.number().gt(0).lt(1).optional().describe('Of latency, ttft and tpot; 0.95 unless said'),
      window: duration.default('15m').describe('What is compared: whole minutes, at most 6h'),
      season: z.enum(['day', 'week']).default('day').describe('Compared with every earlier day, or the same weekday'),
      lookback: duration.optional().describe('How far back it is compared; 14d, with `season: week` 28d, unless said'),
      time_zone: timeZone.describe('Whose time of day is meant, over changes of clocks'),
      direction: z
        .enum(['above', 'below', 'both'])
        .optional()
        .describe('Which side of the band is an anomaly; both of requests, above of all else, unless said'),
      deviations: z
        .number()
        .positive()
        .default(4)
        .describe('Half the width of the expected band, in standard deviations estimated from the median deviation'),
      min_deviation: writtenThreshold
        .optional()
        .describe(
          'Nearer to what is expected is no anomaly, in the unit of the measure; 2% of error_ratio unless said',
        ),
      min_relative_deviation: thresholdSchema('ratio')
        .default(0.2)
        .describe('Nearer to what is expected than this share of it is no anomaly'),
      min_requests: scanShape.min_requests
        .default(20)
        .describe('Windows with fewer requests say nothing; of rates: fewer both now and usually'),
      min_samples: z
        .number()
        .int()
        .positive()
        .default(16)
        .describe('Fewer earlier windows: no result, as after a start'),
    })
    .superRefine((rule, context) => {
      const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
      const window_ms = durationMs(rule.window)
      if (!habits[rule.measure].percentile)
        refuse(context, rule, 'quantile', 'expected with latency, ttft or tpot only')
      if (window_ms % minute !== 0 || window_ms < minute || window_ms > 360 * minute)
        return issue('window', 'expected whole minutes, from 1m to 6h')
      const samples = daysOf(rule) * (2 * sideWindows(rule) + 1)
      if (samples < rule.min_samples || samples > 5_000)
        issue(
          'lookback',
          `gives ${samples} windows to compare with; expected min_samples (${rule.min_samples}) to 5000`,
        )
    })
    .transform((rule, context) => {
      const { unit, min_deviation } = habits[rule.measure]
      if (rule.min_deviation === undefined) return { ...rule, min_deviation }
      const read = thresholdSchema(unit).safeParse(rule.min_deviation)
      if (read.success) return { ...rule, min_deviation: read.data }
      for (const { message } of read.error.issues)
        context.addIssue({ code: 'custom', path: ['min_deviation'], message })
      return z.NEVER
    }),
  example: {
    alert: 'UnusualTraffic',
    kind: 'anomaly',
    measure: 'requests',
    by: ['endpoint'],
    window: '15m',
    season: 'week',
    lookback: '28d',
    time_zone: 'Europe/Berlin',
    for: '10m',
  },
  presence: ({ where }, range) => alertPresence({ where, range }),
  question(rule, _threshold, { to }) {
    return alertAnomaly({
      ...rule,
      quantile: rule.quantile ?? 0.95,
      direction: rule.direction ?? habits[rule.measure].direction,
      now: to,
      window_ms: durationMs(rule.window),
      earlier: earlierWindows(rule, to),
    })
  },
})

/** Around the same time of day of each earlier day, the oldest first. */
function earlierWindows(rule: Season & { time_zone: string }, to: number): TimeRange[] {
  const window_ms = durationMs(rule.window)
  const around_ms = sideWindows(rule) * window_ms
  const days = Array.from({ length: daysOf(rule) }, (_, index) => (index + 1) * stepDays[rule.season])
  return days.reverse().map((daysBefore) => {
    const end = Math.floor(sameTimeBefore(to, daysBefore, rule.time_zone) / minute) * minute
    return { from: end - window_ms - around_ms, to: end + around_ms }
  })
}
