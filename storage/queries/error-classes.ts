/**
 * Which errors come when. Raw rows tell the class of each: rate limits, time-outs, and the others by the type that was told or by
 * their HTTP status. Rollups know the status of a request alone.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { frameOf, linesOf, maxLines, type SeriesFrame } from './series.ts'
import { bucketOf, rowsOf, type Tier, tiersFor, wholeBuckets } from './tiers.ts'
import { selectTraffic } from './traffic-measures.ts'
import { isError, type Filter } from './where.ts'

export interface ErrorLine {
  /** rate_limited, timeout, server_error, HTTP 502, error. */
  name: string
  /** The classes beyond `maxLines`, together. */
  other: boolean
  /** 0 in a bucket with requests but none of these; null without any request. */
  errors: (number | null)[]
}

export interface ErrorClasses extends SeriesFrame {
  by: 'class' | 'status'
  /** The most frequent first. */
  lines: ErrorLine[]
}

export async function errorClasses(db: Db, filter: Filter, range: TimeRange): Promise<ErrorClasses> {
  const { sums: tier } = await tiersFor(db, filter, range, [])
  return tier.source === 'raw' ? byClass(db, tier, filter, range) : byStatus(db, tier, filter, range)
}

export const errorClass = `multiIf(r.status in ('rate_limited', 'timeout'), toString(r.status), r.error_type != '', toString(r.error_type),
        r.http_status is not null, concat('HTTP ', toString(assumeNotNull(r.http_status))), 'error')`

async function byClass(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<ErrorClasses> {
  const frame = frameOf(range)
  const { sql, params } = rowsOf(tier, filter, range, [])
  const rows = await db.query<{ at: number; name: string; other: boolean; failed: boolean; requests: number }>(
    `with busiest as (
      select ${errorClass} as class from ${sql} and ${isError}
      group by class order by count() desc, class limit {lines:UInt32}
    )
    select ${bucketOf(tier)} as at, ${isError} as failed, failed and ${errorClass} not in busiest as other,
      if(failed and not other, ${errorClass}, '') as name, count() as requests
    from ${sql} group by at, failed, other, name order by at`,
    { ...params, step_ms: frame.step_ms, lines: maxLines - 1 },
  )
  const seen = new Set(rows.map(({ at }) => at))
  const errors = rows.filter(({ failed }) => failed)
  const lines = linesOf(frame, errors, ['requests'], ({ name, other }) => ({ name, other })).map(
    ({ requests, ...line }): ErrorLine =>
      Object.assign(line, {
        errors: frame.times.map((at, index) => (seen.has(at) ? (requests[index] ?? 0) : null)),
      }),
  )
  return { ...frame, by: 'class', lines: mostFirst(lines) }
}

const statuses = ['error', 'rate_limited', 'timeout'] as const

async function byStatus(db: Db, tier: Tier, filter: Filter, range: TimeRange): Promise<ErrorClasses> {
  const whole = wholeBuckets(tier, range)
  const frame = frameOf(whole, tier.source, tier.step_ms)
  const measures = statuses.map((status) => `requests_${status}` as const)
  const selected = selectTraffic(tier, measures)
  const { sql, params } = rowsOf(tier, filter, whole, [selected])
  const rows = await db.query<{ at: number } & Record<(typeof measures)[number], number>>(
    `select ${bucketOf(tier)} as at, ${selected}
    from ${sql} group by at order by at`,
    { ...params, step_ms: frame.step_ms },
  )
  const [line] = linesOf(frame, rows, measures, () => ({}))
  const lines = statuses.flatMap((name): ErrorLine[] => {
    const errors = line?.[`requests_${name}`] ?? []
    return errors.some((count) => count !== null && count > 0) ? [{ name, other: false, errors }] : []
  })
  return { ...frame, by: 'status', lines: mostFirst(lines) }
}

const total = ({ errors }: ErrorLine) => errors.reduce<number>((sum, count) => sum + (count ?? 0), 0)
const mostFirst = (lines: ErrorLine[]) =>
  lines.toSorted((a, b) => Number(a.other) - Number(b.other) || total(b) - total(a))
