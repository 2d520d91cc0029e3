/** How objectives are: what is left of their budgets, how fast these are spent, and how it came to that. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../../storage/client.ts'
import { burnRows, sloCourse, type BurnRow, type BurnWindow, type CourseRow } from '../../storage/queries/slo.ts'
import type { Labels } from '../labels.ts'
import { burnWindows, periodOf, type Slo } from './slo.ts'

export interface SloWindow extends BurnWindow, Omit<BurnRow, 'long_ms'> {
  /** Both burns are above the threshold, and there is enough traffic to believe it. */
  holds: boolean
}

/** Times are epoch milliseconds. */
export interface SloPoint {
  at: number
  requests: number
  bad: number
  /** Of the whole budget, after this bucket. */
  budget_left_ratio: number
}

export interface SloGroup {
  labels: Labels
  /** Those that count, in the period so far. */
  requests: number
  bad: number
  good_ratio: number
  /** Share of the error budget of these requests: 1 when none was bad, negative when overspent. */
  budget_left_ratio: number
  /** How many more bad ones these requests allow; negative when overspent. */
  bad_left: number
  /** How many times faster than allowed, over the last hour; null without requests in it. */
  burn: number | null
  windows: SloWindow[]
  /** Buckets without requests are missing. */
  course: SloPoint[]
}

export interface SloStatus {
  period: TimeRange
  step_ms: number
  /** One per value of `by` that had requests in the period; those with the least budget left first. */
  groups: SloGroup[]
}

const hour = 3_600_000
const day = 24 * hour

/** A week by the hour, a month by a quarter of a day, more by the day. */
function stepOf({ from, to }: TimeRange): number {
  if (to - from <= 8 * day) return hour
  return to - from <= 32 * day ? 6 * hour : day
}

export async function sloStatus(db: Db, slo: Slo, now: number): Promise<SloStatus> {
  const period = periodOf(slo, now)
  const step_ms = stepOf(period)
  const [course, burns] = await Promise.all([
    sloCourse(db, slo, { from: period.from, to: now }, step_ms),
    burnRows(db, slo, slo.objective, burnWindows(period), now),
  ])
  const labelsOf = (row: Record<string, unknown>): Labels =>
    Object.fromEntries(slo.by.map((column) => [column, String(row[column])]))
  const keyOf = (row: Record<string, unknown>) => JSON.stringify(labelsOf(row))
  const burnsBy = Map.groupBy(burns, keyOf)
  const groups = [...Map.groupBy(course, keyOf)].map(([key, rows]) =>
    groupOf(slo, JSON.parse(key) as Labels, rows, burnsBy.get(key) ?? [], burnWindows(period)),
  )
  return { period, step_ms, groups: groups.toSorted((a, b) => a.budget_left_ratio - b.budget_left_ratio) }
}

function groupOf(slo: Slo, labels: Labels, rows: CourseRow[], burns: BurnRow[], pairs: BurnWindow[]): SloGroup {
  const requests = rows.reduce((total, { valid }) => total + valid, 0)
  const bad = rows.reduce((total, row) => total + row.bad, 0)
  const allowed = (1 - slo.objective) * requests
  let spent = 0
  const course = rows.map(({ bucket, valid, bad: more }): SloPoint => {
    spent += more
    return { at: bucket, requests: valid, bad: more, budget_left_ratio: 1 - spent / allowed }
  })
  const windows = pairs.map((pair) =>
    windowOf(
      slo,
      pair,
      burns.find(({ long_ms }) => long_ms === pair.long_ms),
    ),
  )
  return {
    labels,
    requests,
    bad,
    good_ratio: 1 - bad / requests,
    budget_left_ratio: 1 - bad / allowed,
    bad_left: allowed - bad,
    burn: windows[0]?.long_burn ?? null,
    windows,
    course,
  }
}

/** Without a row nothing came in the longest window. */
function windowOf({ min_requests, min_bad }: Slo, pair: BurnWindow, row: BurnRow | undefined): SloWindow {
  const {
    long_valid = 0,
    long_bad = 0,
    long_burn = null,
    short_valid = 0,
    short_bad = 0,
    short_burn = null,
  } = row ?? {}
  const isAbove = (burn: number | null) => burn !== null && burn > pair.threshold
  const holds = isAbove(long_burn) && isAbove(short_burn) && long_valid >= min_requests && long_bad >= min_bad
  return { ...pair, long_valid, long_bad, long_burn, short_valid, short_bad, short_burn, holds }
}
