/**
 * Which endpoints were called, by whom and when last. Raw rows of `requests` up to 24 h, unless they are many; rollups beyond, where
 * a last call is known to the hour unless it was in the last two.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import type { Source } from './series.ts'
import { raw, rowsOf, tiersFor, wholeBuckets } from './tiers.ts'

export interface EndpointUse {
  /** Empty: the calls name none, and went to none that is declared. */
  endpoint: string
  /** At most eight of each. */
  environments: string[]
  providers: string[]
  models: string[]
  requests: number
  errors: number
  /** Of the last call, epoch ms: the start of its hour where `last_hour` says so. */
  last_ms: number
  last_hour: boolean
}

export interface EndpointUses extends TimeRange {
  source: Source
  endpoints: EndpointUse[]
}

const hour = 3_600_000

/** The busiest `limit`. */
export async function endpointUse(db: Db, range: TimeRange, limit = 500): Promise<EndpointUses> {
  const { whole: tier } = await tiersFor(db, {}, range, ['endpoint', 'environment', 'provider', 'model'])
  const whole = wholeBuckets(tier, range)
  const columns = ['endpoint', 'environment', 'provider', 'model'].map((column) => `r.${column}`)
  const { requests, errors } = tier.measures
  const { sql, params } = rowsOf(tier, {}, whole, [...columns, requests, errors])
  const some = (column: string) => `arraySort(groupUniqArray(8)(r.${column}))`
  const [rows, last] = await Promise.all([
    db.query<Omit<EndpointUse, 'last_ms' | 'last_hour'>>(
      `select r.endpoint as endpoint, ${some('environment')} as environments, ${some('provider')} as providers,
      ${some('model')} as models, ${requests} as requests, ${errors} as errors
    from ${sql} group by r.endpoint order by requests desc, endpoint limit {limit:UInt32}`,
      { ...params, limit },
    ),
    lastCalls(db, range, tier === raw),
  ])
  const endpoints = rows.map((row) =>
    Object.assign(row, last.get(row.endpoint) ?? { last_ms: whole.from, last_hour: true }),
  )
  return { ...whole, source: tier.source, endpoints }
}

type Last = Pick<EndpointUse, 'last_ms' | 'last_hour'>

async function lastCalls(db: Db, { from, to }: TimeRange, exactly: boolean): Promise<Map<string, Last>> {
  const asked = { from_ms: exactly ? from : Math.max(from, to - 2 * hour), to_ms: to }
  const bounds = `timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`
  interface Row {
    endpoint: string
    at: number
  }
  const exact = await db.query<Row>(
    `select endpoint, toUnixTimestamp64Milli(max(r.timestamp)) as at from requests as r where ${bounds} group by endpoint`,
    asked,
  )
  const hours = exactly
    ? []
    : await db.query<Row>(
        `select endpoint, toInt64(toUnixTimestamp(max(r.timestamp))) * 1000 as at from requests_1h as r
        where ${bounds} and requests > 0 group by endpoint`,
        { from_ms: Math.floor(from / hour) * hour, to_ms: to },
      )
  return new Map([
    ...hours.map(({ endpoint, at }): [string, Last] => [endpoint, { last_ms: at, last_hour: true }]),
    ...exact.map(({ endpoint, at }): [string, Last] => [endpoint, { last_ms: at, last_hour: false }]),
  ])
}
