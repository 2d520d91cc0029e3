/**
 * Restarts of inference servers, as their counters tell. Samples up to a day, exact to a scrape; the rollup of a minute beyond, exact to
 * the minute.
 */
import type { Change } from '../../records/change.ts'
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'

const day = 86_400_000
const most = 500

const samples = {
  table: 'server_samples',
  restarted: 's.restarted',
  at: 'toFloat64(toUnixTimestamp64Milli(s.timestamp))',
}
const minutes = {
  table: 'server_1m',
  restarted: 's.restarts > 0',
  at: 'toFloat64(toUnixTimestamp(s.timestamp)) * 1000',
}

interface Restart {
  server: string
  instance: string
  endpoint: string
  models: string[]
  at: number
}

export async function restarts(db: Db, { from, to }: TimeRange): Promise<Change[]> {
  const { table, restarted, at } = to - from <= day ? samples : minutes
  const rows = await db.query<Restart>(
    `select s.server as server, s.instance as instance, any(s.endpoint) as endpoint, arraySort(groupUniqArray(s.model)) as models,
      ${at} as at
    from ${table} as s
    where s.timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      and s.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC') and ${restarted}
    group by s.server, s.instance, s.timestamp
    order by at desc, instance limit {most:UInt32}`,
    { from_ms: Math.floor(from), to_ms: Math.ceil(to), most },
  )
  return rows.map(changeOf)
}

function changeOf({ server, instance, endpoint, models, at }: Restart): Change {
  const [model = '', ...others] = models
  return {
    id: `restart ${JSON.stringify([server, instance, at])}`,
    kind: 'restart',
    at,
    until: null,
    title: `${instance} restarted`,
    text: [server, ...models].filter((word) => word !== '').join(', '),
    scope: { instance, ...(endpoint && { endpoint }), ...(model !== '' && others.length === 0 && { model }) },
    severity: '',
    link: `/servers/${encodeURIComponent(instance)}`,
    by: '',
    annotation: null,
  }
}
