/** The statements that find touched buckets and compute them anew. */
import type { Measure, RollupSpec, TierName } from './rollup-specs.ts'

export interface Tier {
  suffix: '1m' | '1h' | '6h' | '1d' | '1w'
  /** Width of a bucket. */
  step_s: number
  /** Buckets of one statement, where nothing is known of how full they are. */
  chunk: number
}

export const tiers = {
  minute: { suffix: '1m', step_s: 60, chunk: 240 },
  hour: { suffix: '1h', step_s: 3600, chunk: 6 },
  six_hours: { suffix: '6h', step_s: 6 * 3600, chunk: 4 },
  day: { suffix: '1d', step_s: 86_400, chunk: 1 },
  week: { suffix: '1w', step_s: 7 * 86_400, chunk: 1 },
} as const satisfies Record<TierName, Tier>

export const tableOf = (spec: RollupSpec, tier: Tier): string => `${spec.prefix}_${tier.suffix}`

export const tiersOf = (spec: RollupSpec): Tier[] => spec.tiers.map((name) => tiers[name])

/** What its finest tier is made from. */
const sourceOf = ({ madeFrom, source }: RollupSpec): string => madeFrom ?? source

export function measuresOf(spec: RollupSpec, tier: Tier): Measure[] {
  return spec.measures.filter((measure) => !measure.coarse || tier.suffix !== '1m')
}

/**
 * Buckets with rows stored since `since_ms`, and a hash of those rows. `later` is the hash of those stored since `next_ms`:
 * when a pass that starts there finds the same, nothing came in between. Read without FINAL: replaced rows count too.
 */
export function touchedSql(spec: RollupSpec, tier: Tier): string {
  const row = `cityHash64(${spec.identity.join(', ')})`
  return `SELECT ${bucketOf(tier)} AS bucket, toString(sum(${row})) AS rows_hash,
    toString(sumIf(${row}, inserted_at >= fromUnixTimestamp64Milli({next_ms:Int64}, 'UTC'))) AS later_hash
  FROM ${sourceOf(spec)} WHERE inserted_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
  GROUP BY bucket ORDER BY bucket`
}

/** Every bucket of a range that has raw rows or a rollup. */
export function bucketsSql(spec: RollupSpec, tier: Tier): string {
  const within = `timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`
  const from = (table: string) => `SELECT ${bucketOf(tier)} AS bucket FROM ${table} WHERE ${within}`
  return `SELECT DISTINCT bucket FROM (${from(sourceOf(spec))} UNION ALL ${from(tableOf(spec, tier))}) ORDER BY bucket`
}

/**
 * Two statements that make the given buckets equal to their source again: keys that vanished from their bucket get a zero row
 * (columns left out have their type's empty value), all others are replaced. Either may run again.
 */
export function recomputeSql(spec: RollupSpec, tier: Tier, from?: Tier): string[] {
  const table = tableOf(spec, tier)
  const source = from ? tableOf(spec, from) : sourceOf(spec)
  const merged = source !== spec.source
  const rows = `${source} AS s ${merged ? '' : (spec.arrayJoin ?? '')}`
  const keys = spec.dimensions.join(', ')
  const rowCount = spec.measures[0]?.name ?? 'count()'
  const measures = measuresOf(spec, tier)
  const live = `${chosen(tier)}${merged ? ` AND s.${rowCount} > 0` : ''}`
  // Aliases that no column has: ClickHouse would take the alias for the column.
  const columns = measures.map((measure) => `${merged ? measure.merge : measure.raw} AS new_${measure.name}`)
  const names = measures.map((measure) => measure.name)
  return [
    `INSERT INTO ${table} (timestamp, ${keys}, version)
    SELECT s.timestamp, ${keys}, {version:UInt64} FROM ${table} AS s
    WHERE ${chosen(tier)} AND s.${rowCount} > 0 AND (${bucketOf(tier)}, ${keys}) NOT IN (
      SELECT ${bucketOf(tier)}, ${keys} FROM ${rows} WHERE ${live})
    SETTINGS final = 1`,
    `INSERT INTO ${table} (timestamp, ${keys}, ${names.join(', ')}, version)
    SELECT toDateTime(${bucketOf(tier)}, 'UTC') AS bucket, ${keys}, ${columns.join(',\n      ')}, {version:UInt64}
    FROM ${rows} WHERE ${live} GROUP BY bucket, ${keys}
    SETTINGS final = 1`,
  ]
}

/** Start of the bucket in seconds. */
function bucketOf(tier: Tier): string {
  return `toUInt32(intDiv(toUnixTimestamp(timestamp), ${tier.step_s}) * ${tier.step_s})`
}

function chosen(tier: Tier): string {
  return `s.timestamp >= toDateTime({from_s:UInt32}, 'UTC') AND s.timestamp < toDateTime({to_s:UInt32}, 'UTC')
      AND ${bucketOf(tier)} IN {buckets:Array(UInt32)}`
}
