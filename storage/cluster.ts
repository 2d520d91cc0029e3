/**
 * Migrations for a cluster: each table becomes a replicated one on every node, `<name>_local`, with a distributed table of the
 * plain name over them. Rows of one trace go to one shard, so that corrected rows meet there. Not tried on a real cluster here.
 */
import type { Adapt } from './migrate.ts'

/** What rows are spread by; tables that are not named here are small, and live on the first shard. */
const shardingKeys: Record<string, string> = {
  requests: 'cityHash64(trace_id)',
  requests_next: 'cityHash64(trace_id)',
  request_parts: 'cityHash64(trace_id)',
  trace_minutes: 'trace',
  // Each shard says when it first saw a version: questions take the earliest.
  versions_seen: 'cityHash64(name)',
  spans: 'cityHash64(trace_id)',
  gpu_samples: 'cityHash64(host)',
  server_samples: 'cityHash64(instance)',
  metric_samples: 'cityHash64(target)',
  log_events: 'cityHash64(trace_id)',
  genai_histograms: 'cityHash64(series)',
}

/** Turns the statements of migrations into those of a cluster; any other kind of statement gets ON CLUSTER. */
export function clusterAdapter(cluster: string, database: string): Adapt {
  return (statement) => {
    const create = /^CREATE TABLE IF NOT EXISTS (\w+)\b([^]*)$/.exec(statement)
    if (create) return createStatements(cluster, database, create[1] ?? '', create[2] ?? '')
    const view = /^CREATE OR REPLACE VIEW (\w+)\b([^]*)$/.exec(statement)
    if (view) return [`CREATE OR REPLACE VIEW ${view[1]} ON CLUSTER ${cluster}${view[2]}`]
    // Fed by the inserts into a shard, into the same shard.
    const filling = /^CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+) TO (\w+)([^]*) FROM (\w+)([^]*)$/.exec(statement)
    if (filling) {
      const [, name, to, select, from, rest] = filling
      return [
        `CREATE MATERIALIZED VIEW IF NOT EXISTS ${name} ON CLUSTER ${cluster} TO ${to}_local${select} FROM ${from}_local${rest}`,
      ]
    }
    const alter = /^ALTER TABLE (\w+)\b([^]*)$/.exec(statement)
    if (alter) return alterStatements(cluster, alter[1] ?? '', alter[2] ?? '')
    const exchange = /^EXCHANGE TABLES (\w+) AND (\w+)$/.exec(statement)
    if (exchange) return [`EXCHANGE TABLES ${exchange[1]}_local AND ${exchange[2]}_local ON CLUSTER ${cluster}`]
    const drop = /^DROP TABLE IF EXISTS (\w+)$/.exec(statement)
    if (drop)
      return [drop[1] ?? '', `${drop[1]}_local`].map((name) => `DROP TABLE IF EXISTS ${name} ON CLUSTER ${cluster}`)
    return [statement]
  }
}

function createStatements(cluster: string, database: string, name: string, rest: string): string[] {
  const local = rest
    .replace(/^ AS (\w+)/, ' AS $1_local')
    .replace(/\bENGINE = (Replacing|Aggregating)?MergeTree(?:\(([\w, ]+)\))?/, (_, kind?: string, version?: string) => {
      return `ENGINE = Replicated${kind ?? ''}MergeTree${version ? `(${version})` : ''}`
    })
    // Replicated tables know the tokens of inserts by a setting of their own.
    .replace('non_replicated_deduplication_window', 'replicated_deduplication_window')
  return [
    `CREATE TABLE IF NOT EXISTS ${name}_local ON CLUSTER ${cluster}${local}`,
    `CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER ${cluster} AS ${name}_local
    ENGINE = Distributed('${cluster}', '${database}', '${name}_local', ${shardingKeys[name] ?? '0'})`,
  ]
}

/** Columns are changed on both tables, anything else (a TTL, also of a column, or an index) only where the rows are. */
function alterStatements(cluster: string, name: string, change: string): string[] {
  const local = `ALTER TABLE ${name}_local ON CLUSTER ${cluster}${change.replace(/ FROM (\w+)$/, ' FROM $1_local')}`
  return /\b(ADD|DROP|MODIFY|RENAME|COMMENT) COLUMN\b(?! \w+ TTL )/.test(change)
    ? [local, `ALTER TABLE ${name} ON CLUSTER ${cluster}${change}`]
    : [local]
}
