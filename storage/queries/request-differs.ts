/**
 * In what a part of the requests differs from the rest: how often it has each value of each dimension, and its median of each number,
 * against the others. Reads `requests`, exact while the range holds few of them, else a sample (request-sample.ts).
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { facetColumns, type FacetColumn } from './request-facets.ts'
import { heatmapMeasures, type HeatmapMeasure } from './request-heatmap.ts'
import { sampled, sampleOf, type Sample } from './request-sample.ts'
import type { Filter } from './where.ts'

/** A rectangle of the heatmap; an open side is not bounded. */
export interface Brush {
  from: number | null
  to: number | null
  min: number | null
  /** What is less than this. */
  max: number | null
}

export interface Difference {
  column: FacetColumn | 'streamed' | 'cache_hit' | 'attempt'
  value: string
  /** Requests of the part with the value, and of the rest. */
  inside: number
  outside: number
  /** Of all of the part, and of the rest. */
  inside_share: number
  outside_share: number
}

export interface NumberDifference {
  column: (typeof numberColumns)[number]
  /** Medians; null when none of them is known. */
  inside_p50: number | null
  outside_p50: number | null
}

export interface RequestDiffers extends Sample {
  inside: number
  outside: number
  /** The largest difference of shares first; none that chance explains. */
  values: Difference[]
  numbers: NumberDifference[]
}

const numberColumns = [
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'duration_ms',
  'ttft_ms',
  'tpot_ms',
  'queue_ms',
  'attempt',
] as const
const dimensions = [...facetColumns, 'streamed', 'cache_hit', 'attempt'] as const

/** Smaller differences of shares say nothing, however sure. */
const leastDifference = 0.02
const mostValues = 40

/** With bounds on the measure, the rest are the requests that have it: those that the heatmap shows. */
export async function requestDiffers(
  db: Db,
  filter: Filter,
  range: TimeRange,
  brush: Brush,
  measure: HeatmapMeasure,
  mostRows?: number,
): Promise<RequestDiffers> {
  const step_ms = stepFor(range, 100)
  const sample = await sampleOf(db, range, step_ms, mostRows)
  const condition = sampled(filter, range, sample, step_ms)
  const part = insideOf(brush, heatmapMeasures[measure])
  const bounded = brush.min !== null || brush.max !== null
  const sql = `${condition.sql}${bounded ? ` and isNotNull(${heatmapMeasures[measure]})` : ''}`
  const params = { ...condition.params, ...part.params }
  const medians = numberColumns.map(
    (column) => `quantileExactIf(0.5)(r.${column}, ${part.sql} and isNotNull(r.${column})) as in_${column},
      countIf(${part.sql} and isNotNull(r.${column})) as in_${column}_known,
      quantileExactIf(0.5)(r.${column}, not ${part.sql} and isNotNull(r.${column})) as out_${column},
      countIf(not ${part.sql} and isNotNull(r.${column})) as out_${column}_known`,
  )
  const [[totals], rows] = await Promise.all([
    db.query<Record<string, number | null>>(
      `select countIf(${part.sql}) as inside, countIf(not ${part.sql}) as outside, ${medians.join(',\n      ')}
      from requests as r where ${sql}`,
      params,
    ),
    db.query<Pick<Difference, 'column' | 'value' | 'inside' | 'outside'>>(
      `with (select (countIf(${part.sql}), countIf(not ${part.sql})) from requests as r where ${sql}) as totals
      select column, value, inside, outside from (${valuesOf(part.sql, sql)})
      where value != '' and abs(inside / totals.1 - outside / totals.2) >= {least:Float64}
      order by abs(inside / totals.1 - outside / totals.2) desc, column, value limit 500`,
      { ...params, least: leastDifference },
    ),
  ])
  const [inside, outside] = [totals?.inside ?? 0, totals?.outside ?? 0]
  const told = (side: 'in' | 'out', column: string) =>
    totals?.[`${side}_${column}_known`] ? (totals[`${side}_${column}`] ?? null) : null
  return {
    ...sample,
    inside,
    outside,
    values: rows
      .filter((row) => chiSquare(row.inside, inside, row.outside, outside) >= sure)
      .slice(0, mostValues)
      .map((row) => Object.assign(row, { inside_share: row.inside / inside, outside_share: row.outside / outside })),
    numbers: numberColumns.map((column) => ({
      column,
      inside_p50: told('in', column),
      outside_p50: told('out', column),
    })),
  }
}

/** By chance one in 10,000 values differs so: hundreds are compared. */
const sure = 15.14

/**
 * Pearson's chi-square of a table of two by two, with Yates's correction, which keeps small numbers from being sure: `a` of `all_a`
 * have it, and `b` of `all_b`. 0 where a side is empty.
 */
export function chiSquare(a: number, allA: number, b: number, allB: number): number {
  const [c, d] = [allA - a, allB - b]
  const [total, have, others] = [allA + allB, a + b, c + d]
  if (allA === 0 || allB === 0 || have === 0 || others === 0) return 0
  const distance = Math.max(Math.abs(a * d - b * c) - total / 2, 0)
  return ((distance / allA) * (distance / allB) * total) / have / others
}

/** SQL that is true or false, never null. */
function insideOf({ from, to, min, max }: Brush, value: string): { sql: string; params: Record<string, number> } {
  const parts = [
    from !== null && `r.timestamp >= fromUnixTimestamp64Milli({brush_from:Int64}, 'UTC')`,
    to !== null && `r.timestamp < fromUnixTimestamp64Milli({brush_to:Int64}, 'UTC')`,
    min !== null && `ifNull(${value} >= {brush_min:Float64}, false)`,
    max !== null && `ifNull(${value} < {brush_max:Float64}, false)`,
  ].filter((part) => part !== false)
  const bounds = { brush_from: from, brush_to: to, brush_min: min, brush_max: max }
  const params = Object.fromEntries(Object.entries(bounds).filter(([, bound]) => bound !== null)) as Record<
    string,
    number
  >
  return { sql: parts.length === 0 ? 'true' : `(${parts.join(' and ')})`, params }
}

function valuesOf(inside: string, condition: string): string {
  const named = dimensions.map((name) => `grouping(r.${name}) = 0, '${name}'`).join(', ')
  const value = dimensions.map((name) => `grouping(r.${name}) = 0, toString(r.${name})`).join(', ')
  const sets = dimensions.map((name) => `(r.${name})`).join(', ')
  return `select multiIf(${named}, '') as column, multiIf(${value}, '') as value, countIf(${inside}) as inside,
      countIf(not ${inside}) as outside
    from requests as r where ${condition} group by grouping sets (${sets})`
}
