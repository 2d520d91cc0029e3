/**
 * The values that requests have in the columns of the explorer, under all filters but the column's own: what one more click would
 * leave. Reads `requests`, exact while the range holds few of them, else a sample (request-sample.ts).
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { sampled, sampleOf, type Sample } from './request-sample.ts'
import { filteredColumns, type Filter } from './where.ts'

/** What people look for first comes first. */
export const facetColumns = [
  'status',
  'error_type',
  'finish_reason',
  'model',
  'provider',
  'endpoint',
  'environment',
  'service',
  'team',
  'feature',
  'user_id',
  'operation',
  'region',
  'instance',
  'api_key',
  'prompt_name',
  'prompt_version',
  'variant',
] as const
export type FacetColumn = (typeof facetColumns)[number]

export interface FacetValue {
  column: FacetColumn
  value: string
  /** That were read. */
  requests: number
}

export interface RequestFacets extends Sample {
  /** In the order that people look for them. */
  columns: readonly FacetColumn[]
  /** Under all filters, and read. */
  requests: number
  /** Of each column the most frequent first; those without a value are left out. */
  values: FacetValue[]
}

export interface FacetSearch {
  /** Of this column alone; of all. */
  column?: FacetColumn | undefined
  /** In the value, whatever its case. */
  text?: string | undefined
}

/** At most `limit` values a column. */
export async function requestFacets(
  db: Db,
  filter: Filter,
  range: TimeRange,
  { column, text = '' }: FacetSearch = {},
  limit = 20,
  mostRows?: number,
): Promise<RequestFacets> {
  const step_ms = stepFor(range, 100)
  const sample = await sampleOf(db, range, step_ms, mostRows)
  const wanted = column === undefined ? facetColumns : [column]
  const filtered = new Set(filteredColumns(filter))
  const [own, shared] = [wanted.filter((one) => filtered.has(one)), wanted.filter((one) => !filtered.has(one))]
  const ask = async (columns: readonly FacetColumn[], under: Filter) => {
    const { sql, params } = sampled(under, range, sample, step_ms)
    return db.query<FacetValue>(
      `select column, value, requests from (${valuesOf(columns, sql)})
      where value != '' and positionCaseInsensitiveUTF8(value, {text:String}) > 0
      order by column, requests desc, value limit {limit:UInt32} by column`,
      { ...params, text, limit },
    )
  }
  const total = sampled(filter, range, sample, step_ms)
  const [counted, ...found] = await Promise.all([
    db.query<{ requests: number }>(`select count() as requests from requests as r where ${total.sql}`, total.params),
    ...(shared.length > 0 ? [ask(shared, filter)] : []),
    ...own.map((one) => ask([one], without(filter, one))),
  ])
  return { ...sample, columns: wanted, requests: counted[0]?.requests ?? 0, values: found.flat() }
}

/** The filters that are about other columns, and what this one must not be. */
function without({ terms = [], ...columns }: Filter, column: FacetColumn): Filter {
  const others = Object.fromEntries(Object.entries(columns).filter(([name]) => name !== column)) as Filter
  return { ...others, terms: terms.filter((term) => term.kind !== 'text' || term.field !== column) }
}

function valuesOf(columns: readonly FacetColumn[], condition: string): string {
  const named = columns.map((name) => `grouping(r.${name}) = 0, '${name}'`).join(', ')
  const value = columns.map((name) => `grouping(r.${name}) = 0, toString(r.${name})`).join(', ')
  const sets = columns.map((name) => `(r.${name})`).join(', ')
  return `select multiIf(${named}, '') as column, multiIf(${value}, '') as value, count() as requests
    from requests as r where ${condition} group by grouping sets (${sets})`
}
