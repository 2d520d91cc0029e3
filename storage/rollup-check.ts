/** Are rollups what their raw rows say? Counts both, all keys and measures, for tests and proofs of durability. */
import type { Db } from './client.ts'
import { rollupSpecs, type RollupSpec } from './rollup-specs.ts'
import { measuresOf, tableOf, tiersOf, type Tier } from './rollup-sql.ts'

export interface RollupComparison {
  table: string
  /** Rows of the rollup, digests as their quantiles, decimals as text. */
  stored: object[]
  /** The same from raw rows. */
  recount: object[]
}

/** Rollups beside a plain recount. Not for large tables: all rows come here. */
export async function compareRollups(db: Db, specs: readonly RollupSpec[] = rollupSpecs): Promise<RollupComparison[]> {
  const all: RollupComparison[] = []
  for (const spec of specs) for (const tier of tiersOf(spec)) all.push(await compare(db, spec, tier))
  return all
}

async function compare(db: Db, spec: RollupSpec, tier: Tier): Promise<RollupComparison> {
  const table = tableOf(spec, tier)
  const keys = spec.dimensions.join(', ')
  const bucket = `toDateTime(intDiv(toUnixTimestamp(s.timestamp), ${tier.step_s}) * ${tier.step_s}, 'UTC') AS bucket`
  const measures = measuresOf(spec, tier)
  const shown = measures.map(({ name, type }) => {
    if (type.startsWith('AggregateFunction')) return `finalizeAggregation(new_${name}) AS ${name}`
    return type.startsWith('Decimal') ? `toString(CAST(new_${name}, '${type}')) AS ${name}` : `new_${name} AS ${name}`
  })
  const rowsOf = (columns: string[], source: string, rest: string) =>
    db.query<object>(`SELECT bucket, ${keys}, ${shown.join(', ')} FROM
      (SELECT ${bucket}, ${keys}, ${columns.join(', ')} FROM ${source} AS s ${rest}) ORDER BY bucket, ${keys}`)
  return {
    table,
    stored: await rowsOf(
      measures.map(({ name }) => `${name} AS new_${name}`),
      table,
      `WHERE s.${spec.measures[0]?.name} > 0`,
    ),
    recount: await rowsOf(
      measures.map(({ name, raw }) => `${raw} AS new_${name}`),
      spec.source,
      `${spec.arrayJoin ?? ''} GROUP BY bucket, ${keys}`,
    ),
  }
}
