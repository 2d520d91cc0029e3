/**
 * Requests over a long time, for the strip above the pages. Reads rollups alone, never raw rows: those of a minute for up to two
 * days, of an hour for up to sixty, of a day beyond. Exact, and behind by the time that rollups take, a minute or two.
 */
import type { TimeRange } from '../../records/time-range.ts'
import { stepFor } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { FilterColumn, Filter } from './where.ts'
import { where } from './where.ts'

export interface Timeline {
  /** As answered: it begins with a whole bucket. */
  from: number
  to: number
  step_ms: number
  source: 'requests_1m' | 'requests_1h' | 'requests_1d'
  /** Requests of each bucket from `from` on; 0 where none was counted. */
  requests: number[]
  /** Filters that rollups cannot tell apart: the counts are without them. */
  unfiltered: FilterColumn[]
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** More bars than these are too thin to see. */
const maxBars = 240

/** What rollups of requests keep apart. */
const known = new Set<string>('environment service provider endpoint region model operation team feature'.split(' '))

export async function timeline(db: Db, filter: Filter, range: TimeRange): Promise<Timeline> {
  const [source, grain] = tableFor(range.to - range.from)
  const step_ms = Math.max(stepFor(range, maxBars), grain)
  const from = Math.floor(range.from / step_ms) * step_ms
  const columns = Object.keys(filter) as FilterColumn[]
  const kept = Object.fromEntries(Object.entries(filter).filter(([column]) => known.has(column)))
  const { sql, params } = where(kept, { from, to: range.to })
  const rows = await db.query<{ at: number; requests: number }>(
    `select intDiv(toInt64(toUnixTimestamp(r.timestamp)) * 1000, {step_ms:Int64}) * {step_ms:Int64} as at,
      sum(r.requests) as requests
    from ${source} as r where ${sql} group by at order by at`,
    { ...params, step_ms },
  )
  const requests = Array.from({ length: Math.ceil((range.to - from) / step_ms) }, () => 0)
  for (const { at, requests: count } of rows) requests[(at - from) / step_ms] = count
  return { from, to: range.to, step_ms, source, requests, unfiltered: columns.filter((column) => !known.has(column)) }
}

function tableFor(span: number): [source: Timeline['source'], grain: number] {
  if (span <= 2 * day) return ['requests_1m', minute]
  return span <= 60 * day ? ['requests_1h', hour] : ['requests_1d', day]
}
