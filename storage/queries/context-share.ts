/**
 * How full context windows are, in one figure: P95 over calls of input and output tokens as a share of the model's window. Exact; no
 * rollup knows windows, so of a range that holds many requests only the newest hours are read.
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { newestRaw } from './newest-raw.ts'
import { bucketOf, raw } from './tiers.ts'
import { where, type Filter } from './where.ts'

/** Shares, 0–1. */
export interface ContextFill {
  /** Calls that told their tokens and whose window is known. */
  requests: number
  p95_ratio: number
  max_ratio: number
}

export interface ContextShare {
  /** The start of what was read, epoch ms. */
  read_from: number
  current: ContextFill | null
  /** Of the same hours, as long before as the range is. */
  previous: ContextFill | null
  spark: { step_ms: number; points: { at: number; p95_ratio: number }[] }
}

/** Their quantiles take a few hundredths of a second on two cores. */
const mostRawRows = 300_000

export async function contextShare(
  db: Db,
  filter: Filter,
  range: TimeRange,
  most = mostRawRows,
): Promise<ContextShare> {
  const read = await newestRaw(db, range, most)
  const step_ms = stepFor(read, 48)
  const span = range.to - range.from
  const [now, [before]] = await Promise.all([
    filled(db, filter, read, `${bucketOf(raw)} as at`, 'group by at with rollup', { step_ms }),
    filled(db, filter, { from: read.from - span, to: read.to - span }, 'toInt64(0) as at', 'having requests > 0', {}),
  ])
  return {
    read_from: read.from,
    current: fillOf(now.find(({ at }) => at === 0)),
    previous: fillOf(before),
    spark: { step_ms, points: now.flatMap(({ at, p95_ratio }) => (at === 0 ? [] : [{ at, p95_ratio }])) },
  }
}

type Row = ContextFill & { at: number }

const fillOf = (row: Row | undefined): ContextFill | null =>
  row ? { requests: row.requests, p95_ratio: row.p95_ratio, max_ratio: row.max_ratio } : null

/** Grouped with rollup, the row at 0 is of all buckets. */
function filled(
  db: Db,
  filter: Filter,
  range: TimeRange,
  at: string,
  grouping: string,
  more: Record<string, number>,
): Promise<Row[]> {
  const { sql, params } = where(filter, range)
  const share = 'assumeNotNull((r.input_tokens + ifNull(r.output_tokens, 0)) / r.context_window)'
  return db.query<Row>(
    `select ${at}, count() as requests, quantileExact(0.95)(${share}) as p95_ratio, max(${share}) as max_ratio
    from requests as r where ${sql} and r.context_window > 0 and r.input_tokens is not null
    ${grouping} order by at`,
    { ...params, ...more },
  )
}
