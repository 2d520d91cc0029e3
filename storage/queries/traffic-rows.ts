/** Where questions about models and endpoints find their rows: the tier of a range, for a question by some columns. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { tiersFor, tierWhere, type Shape, type Tier } from './tiers.ts'
import type { Condition, Filter } from './where.ts'

/** Tiers that keep the columns `by` apart, as they do those of the filter. */
export function tiersBy(db: Db, filter: Filter, range: TimeRange, by: readonly string[]): Promise<Record<Shape, Tier>> {
  const apart = Object.fromEntries(by.map((column) => [column, []]))
  return tiersFor(db, { ...apart, ...filter }, range)
}

/** What stands after FROM: the rows of the range that match, named r, and the conditions. */
export function rowsOf(tier: Tier, filter: Filter, range: TimeRange): Condition {
  const { sql, params } = tierWhere(tier, filter, range)
  return { sql: `${tier.rows} where ${sql}`, params }
}
