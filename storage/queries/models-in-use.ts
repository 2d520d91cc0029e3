/**
 * What was called lately, by everything that a price may depend on. Reads `requests` where the range holds few enough; else
 * `calls_1h` from the start of its first hour on, a minute or two behind.
 */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { mostRawRows, newestRaw } from './newest-raw.ts'
import { where } from './where.ts'

const columns = [
  'provider',
  'model',
  'model_version',
  'requested_model',
  'service_tier',
  'endpoint',
  'region',
  'environment',
  'team',
] as const satisfies (keyof LlmRequest)[]

export type ModelInUse = Pick<LlmRequest, (typeof columns)[number]> & { requests: number }

const hour = 3_600_000

/** The busiest `limit` of them. */
export async function modelsInUse(db: Db, range: TimeRange, limit = 500, most = mostRawRows): Promise<ModelInUse[]> {
  const rolledUp = (await newestRaw(db, range, most)).from > range.from && (await isFilled(db))
  const { sql, params } = where({}, rolledUp ? { ...range, from: Math.floor(range.from / hour) * hour } : range)
  const list = columns.map((column) => `r.${column} as ${column}`).join(', ')
  const counted = rolledUp ? 'sum(r.requests)' : 'count()'
  return db.query<ModelInUse>(
    `select ${list}, ${counted} as requests from ${rolledUp ? 'calls_1h' : 'requests'} as r where ${sql}
    group by ${columns.join(', ')} having requests > 0 order by requests desc, ${columns.join(', ')} limit {limit:UInt32}`,
    { ...params, limit },
  )
}

/** After an update that brings a rollup, it is filled in the background. */
async function isFilled(db: Db): Promise<boolean> {
  const [row] = await db.query<{ filled: number | boolean }>(
    `select count() > 0 as filled from rollup_state where name = 'calls_1h'`,
  )
  return Boolean(row?.filled)
}
