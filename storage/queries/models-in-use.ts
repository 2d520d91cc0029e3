/** What was called lately, by everything that a price may depend on. Reads `requests`. */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
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

/** The busiest `limit` of them. */
export async function modelsInUse(db: Db, range: TimeRange, limit = 500): Promise<ModelInUse[]> {
  const { sql, params } = where({}, range)
  const list = columns.join(', ')
  return db.query<ModelInUse>(
    `select ${list}, count() as requests from requests where ${sql}
    group by ${list} order by requests desc, ${list} limit {limit:UInt32}`,
    { ...params, limit },
  )
}
