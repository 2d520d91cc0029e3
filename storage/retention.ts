/** How long rows are kept: TTLs that count from when a row was stored, so that imported old data does not vanish at once. */
import type { Db } from './client.ts'
import type { RetentionConfig } from './config.ts'
import type { Adapt } from './migrate.ts'

const keptBy: Record<keyof RetentionConfig, readonly string[]> = {
  requests_days: ['requests', 'request_parts', 'requests_1m', 'feedback', 'evaluations'],
  spans_days: ['spans', 'log_events'],
  samples_days: ['gpu_samples', 'server_samples', 'metric_samples', 'genai_histograms', 'gpu_1m', 'server_1m'],
  rollups_days: ['requests_1h', 'requests_1d', 'gpu_1h', 'gpu_1d', 'server_1h', 'server_1d'],
  events_days: ['alert_events', 'notifications', 'ingest_issues', 'targets', 'probes'],
}

/** Changes the TTL of tables that have another one. */
export async function applyRetention(db: Db, retention: RetentionConfig, adapt: Adapt): Promise<void> {
  const tables = await db.query<{ name: string; ttl: string }>(
    `SELECT name, extract(engine_full, 'TTL (.*?)( SETTINGS |$)') AS ttl FROM system.tables WHERE database = currentDatabase()`,
  )
  const current = new Map(tables.map(({ name, ttl }) => [name, ttl]))
  for (const [key, names] of Object.entries(keptBy) as [keyof RetentionConfig, readonly string[]][]) {
    const ttl = ttlOf(retention[key])
    for (const name of names) {
      // Old parts are cleaned when they merge, rather than all rewritten now.
      if ((current.get(`${name}_local`) ?? current.get(name)) === ttl) continue
      const change = `ALTER TABLE ${name} MODIFY TTL ${ttl} SETTINGS materialize_ttl_after_modify = 0`
      for (const statement of adapt(change)) await db.command(statement)
    }
  }
}

/** In the spelling that ClickHouse gives back. Parts of a day count in seconds. */
function ttlOf(days: number): string {
  const interval = Number.isInteger(days) ? `toIntervalDay(${days})` : `toIntervalSecond(${Math.round(days * 86_400)})`
  return `toDateTime(inserted_at) + ${interval}`
}
