/** How the providers of scrape targets are. Reads `discovery`, which keeps only the newest state of each. */
import type { DiscoveryRow, ProviderState } from '../../records/discovery.ts'
import type { Db } from '../client.ts'

export interface ProviderRow extends Omit<ProviderState, 'refreshed_at'> {
  /** Epoch ms of this state. */
  timestamp_ms: number
  /** Epoch ms of its last answer; null when it never did. */
  refreshed_ms: number | null
}

type StoredRow = Omit<ProviderRow, 'dropped_targets'> & Pick<DiscoveryRow, 'dropped_targets'>

/** Providers heard of since `since` (epoch ms): one taken out of the configuration drops out by itself. */
export async function providersNow(db: Db, since: number): Promise<ProviderRow[]> {
  const rows = await db.query<StoredRow>(
    `select provider, type, toUnixTimestamp64Milli(timestamp) as timestamp_ms,
      toUnixTimestamp64Milli(refreshed_at) as refreshed_ms, found, targets, dropped, refused, error, dropped_targets
    from discovery where timestamp >= fromUnixTimestamp64Milli({since_ms:Int64})
    order by provider`,
    { since_ms: since },
  )
  return rows.map((row) => Object.assign(row, { dropped_targets: droppedOf(row.dropped_targets) }))
}

/** As the collector wrote it. */
function droppedOf(text: string): ProviderState['dropped_targets'] {
  return JSON.parse(text) as ProviderState['dropped_targets']
}
