/** What is usual of a model or an endpoint: the week before, from rollups, to compare a range with. Percentiles are within 0.02 % of exact. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { inRollups } from './request-pieces.ts'
import { rowsOf, selectOf, tiersFor } from './tiers.ts'
import { filteredColumns, type Filter } from './where.ts'

export interface Usual {
  requests: number
  errors: number
  /** Null when none of them told its duration. */
  p95_ms: number | null
}

const hour = 3_600_000
const day = 24 * hour

/** The last whole hours before `from`, back to the start of the sixth day before (UTC): few and wide buckets. */
export function usualTime(from: number): TimeRange {
  const to = Math.floor(from / hour) * hour
  return { from: Math.floor(to / day) * day - 6 * day, to }
}

/**
 * By name, of those that had requests in the week before `from`. Empty where a filter is on a column that rollups do not keep apart:
 * a week of raw rows is too much to ask.
 */
export async function usualOf(
  db: Db,
  filter: Filter,
  from: number,
  by: 'model' | 'endpoint',
): Promise<Map<string, Usual>> {
  if (!inRollups(filteredColumns(filter))) return new Map()
  const range = usualTime(from)
  const { whole } = await tiersFor(db, filter, range, [by])
  const selected = selectOf(whole, ['requests', 'errors', 'p95_ms'])
  // It ends where newer rows go on.
  const { sql, params } = rowsOf({ ...whole, newest: false }, filter, range, [`r.${by}`, selected])
  const rows = await db.query<Usual & { name: string }>(
    `select r.${by} as name,
      ${selected}
    from ${sql} group by name`,
    params,
  )
  return new Map(rows.map(({ name, ...usual }) => [name, usual]))
}
