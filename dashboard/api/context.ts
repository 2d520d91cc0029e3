/** What every route gets: the dependencies and the one way to ask storage. */
import type { Context } from 'hono'
import type { Db } from '../../storage/client.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Ask, Explained } from './answer.ts'
import type { DashboardDeps } from './deps.ts'
import { filterOf, rangeOf, type Question, type RangeQuery } from './question.ts'

export interface RouteContext {
  deps: DashboardDeps
  ask: Ask
  now: () => number
}

/** Asks one question about a range: equal path, filters, range and extras within a second are one query. */
export function askRange<T extends object>(
  { ask, now }: RouteContext,
  c: Context,
  query: RangeQuery & { explain?: '0' | '1' | undefined } & Record<string, unknown>,
  question: (db: Db, asked: Question) => Promise<T>,
  extra = '',
): Promise<Explained<T>> {
  const range: TimeRange = rangeOf(query, now())
  const filter = filterOf(query)
  const key = JSON.stringify([c.req.path, range.from, range.to, filter, extra])
  return ask(key, query.explain === '1', (db) => question(db, { range, filter }))
}

/**
 * What this process remembers, and for who asks the SQL by which it was, or would be, read from the tables that keep it. That is run to be
 * told; what it finds is not the answer.
 */
export async function remembered<T extends object>(
  { ask }: RouteContext,
  c: Context,
  { explain }: { explain?: '0' | '1' | undefined },
  answer: T,
  stored: (db: Db) => Promise<object>,
): Promise<Explained<T>> {
  if (explain !== '1') return answer
  const { explain: queries } = await ask(c.req.path, true, stored)
  return queries ? { ...answer, explain: queries } : answer
}
