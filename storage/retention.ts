/** How long rows are kept: TTLs that count from when a row was stored, so that imported old data does not vanish at once. */
import type { Db } from './client.ts'
import type { RetentionConfig } from './config.ts'
import type { Adapt } from './migrate.ts'

/** Which tables each key keeps. */
export const keptBy: Record<Exclude<keyof RetentionConfig, 'content_days'>, readonly string[]> = {
  requests_days: ['requests', 'request_parts', 'trace_minutes', 'requests_1m', 'feedback', 'evaluations'],
  spans_days: ['spans', 'log_events'],
  samples_days: [
    'gpu_samples',
    'server_samples',
    'queue_samples',
    'metric_samples',
    'genai_histograms',
    'gpu_1m',
    'server_1m',
  ],
  rollups_days: [
    'requests_1h',
    'requests_1d',
    'models_1h',
    'models_6h',
    'models_1d',
    'models_1w',
    'totals_1h',
    'totals_1d',
    'calls_1h',
    'users_1d',
    'filter_values_1d',
    'versions_seen',
    'server_versions',
    'gpu_1h',
    'gpu_1d',
    'server_1h',
    'server_1d',
    'provisioned_costs',
  ],
  events_days: ['alert_events', 'alert_actions', 'notifications', 'ingest_issues', 'targets', 'probes'],
}

/** Columns that become empty after `content_days` while their rows stay. */
export const contentColumns: Record<string, readonly string[]> = {
  requests: ['input', 'output'],
  request_parts: ['input', 'output'],
  spans: ['content', 'event_content'],
  log_events: ['body', 'content'],
  evaluations: ['explanation'],
}

interface StoredTable {
  name: string
  ttl: string
  /** The statement that would make it. */
  definition: string
}

/** Changes the TTL of tables and columns that have another one. */
export async function applyRetention(db: Db, retention: RetentionConfig, adapt: Adapt): Promise<void> {
  const tables = await db.query<StoredTable>(
    `SELECT name, extract(engine_full, 'TTL (.*?)( SETTINGS |$)') AS ttl, create_table_query AS definition
    FROM system.tables WHERE database = currentDatabase()`,
  )
  const current = new Map(tables.map((table) => [table.name, table]))
  const change = async (statement: string) => {
    for (const adapted of adapt(statement)) await db.command(adapted)
  }
  for (const [key, names] of Object.entries(keptBy) as [keyof typeof keptBy, readonly string[]][]) {
    const ttl = ttlOf(retention[key])
    for (const name of names) {
      // Old parts are cleaned when they merge, rather than all rewritten now.
      if ((current.get(`${name}_local`) ?? current.get(name))?.ttl !== ttl)
        await change(`ALTER TABLE ${name} MODIFY TTL ${ttl} SETTINGS materialize_ttl_after_modify = 0`)
    }
  }
  const ttl = ttlOf(retention.content_days)
  for (const [name, columns] of Object.entries(contentColumns)) {
    const definition = (current.get(`${name}_local`) ?? current.get(name))?.definition ?? ''
    const others = columns.filter((column) => columnTtl(definition, column) !== ttl)
    if (others.length === 0) continue
    // Old parts are rewritten in the background: content must not stay until chance merges it.
    await change(`ALTER TABLE ${name} ${others.map((column) => `MODIFY COLUMN ${column} TTL ${ttl}`).join(', ')}`)
  }
}

/** Empty when the column has none. */
function columnTtl(definition: string, column: string): string {
  const begin = definition.indexOf(`\`${column}\` `)
  const end = definition.slice(begin).search(/, `|, INDEX |\) ENGINE = /)
  return / TTL (.*)$/.exec(definition.slice(begin, begin + end))?.[1] ?? ''
}

/** In the spelling that ClickHouse gives back. Parts of a day count in seconds. */
function ttlOf(days: number): string {
  const interval = Number.isInteger(days) ? `toIntervalDay(${days})` : `toIntervalSecond(${Math.round(days * 86_400)})`
  return `toDateTime(inserted_at) + ${interval}`
}
