/** Is there anything at all, and when did something last arrive: the empty state and the live tick. */
import type { Db } from '../client.ts'

export interface Presence {
  has_requests: boolean
  has_gpus: boolean
  has_servers: boolean
  clickhouse_version: string
}

/** Whether the tables hold a row, whatever its age. Reads at most one row of each. */
export async function presence(db: Db): Promise<Presence> {
  const any = (table: string) => `(select count() > 0 from (select 1 from ${table} limit 1))`
  const rows = await db.query<Presence>(
    `select ${any('requests')} as has_requests, ${any('gpu_samples')} as has_gpus,
      ${any('server_samples')} as has_servers, version() as clickhouse_version`,
  )
  const [row] = rows
  return {
    has_requests: Boolean(row?.has_requests),
    has_gpus: Boolean(row?.has_gpus),
    has_servers: Boolean(row?.has_servers),
    clickhouse_version: row?.clickhouse_version ?? '',
  }
}

/** When the newest request, GPU and server sample of the last minutes were stored, epoch ms; 0 when none was. */
export async function lastArrivals(
  db: Db,
  since: number,
): Promise<Record<'requests' | 'gpu_samples' | 'server_samples', number>> {
  const newest = (table: string) =>
    `(select toUnixTimestamp64Milli(max(inserted_at)) from ${table} where inserted_at >= fromUnixTimestamp64Milli({since_ms:Int64})) as ${table}`
  const rows = await db.query<Record<'requests' | 'gpu_samples' | 'server_samples', number>>(
    `select ${newest('requests')}, ${newest('gpu_samples')}, ${newest('server_samples')}`,
    { since_ms: since },
  )
  return rows[0] ?? { requests: 0, gpu_samples: 0, server_samples: 0 }
}
