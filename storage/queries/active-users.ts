/** How many different users made requests? Up to a day from raw rows, exact; beyond, from the rollup of a day, by whole days. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { filteredColumns, where, type Filter } from './where.ts'

const day = 86_400_000
const keptApart: ReadonlySet<string> = new Set(['environment', 'team', 'user_id'])

const isLong = ({ from, to }: TimeRange) => to - from > day

export interface ActiveUsers {
  /** Null where no request names a user, and where the filter is one that the rollup cannot answer. */
  users: number | null
  /** Dollars of the requests that name one. */
  cost_usd: number | null
}

/** Of the range and, when `compare`, of the equally long time before it, from the same table. */
export async function activeUsersCompared(
  db: Db,
  filter: Filter,
  range: TimeRange,
  compare: boolean,
): Promise<ActiveUsers & { previous?: ActiveUsers }> {
  if (!compare) return activeUsers(db, filter, range)
  const [current, previous] = await Promise.all([
    activeUsers(db, filter, range),
    activeUsers(db, filter, daysBefore(range)),
  ])
  return { ...current, previous }
}

/** Beyond a day as many whole days, the present one for a whole one, so that no day counts twice. */
function daysBefore(range: TimeRange): TimeRange {
  if (!isLong(range)) return { from: range.from - (range.to - range.from), to: range.from }
  const first = Math.floor(range.from / day) * day
  return { from: first - Math.ceil((range.to - first) / day) * day, to: first }
}

export async function activeUsers(db: Db, filter: Filter, range: TimeRange): Promise<ActiveUsers> {
  const long = isLong(range)
  if (long && !filteredColumns(filter).every((column) => keptApart.has(column))) return { users: null, cost_usd: null }
  const whole = long ? { ...range, from: Math.floor(range.from / day) * day } : range
  const { sql, params } = where(filter, whole)
  const priced = long ? 'sum(r.priced) > 0' : 'count(r.cost_usd) > 0'
  const [row] = await db.query<{ users: number; cost_usd: number | null }>(
    `select uniqExact(r.user_id) as users, if(${priced}, toFloat64(sum(r.cost_usd)), null) as cost_usd
    from ${long ? 'users_1d' : 'requests'} as r where ${sql} and user_id != ''${long ? ' and requests > 0' : ''}`,
    params,
  )
  return row && row.users > 0 ? row : { users: null, cost_usd: null }
}
