/** A panel's query as the SQL page opens it, with the values that it was asked with. */
import type { ExplainedQuery } from '../data/use-question.ts'
import { addressOf } from './elsewhere.ts'
import { fitsInUrl, unfiltered, type Search } from './search.ts'

/** Null when it is too long for an address. The page binds `from` and `to` itself; filters are among the values. */
export function sqlLink({ sql, params }: ExplainedQuery, search: Search): string | null {
  const texts = Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => (value === null ? [] : [[name, textOf(value)]])),
  ) as Record<string, string>
  const text = dedented(sql)
  return fitsInUrl(text, texts) ? addressOf('/sql', unfiltered(search), { sql: text, params: texts }) : null
}

/** As the page's inputs hold it: lists are JSON. */
const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/** Without the indentation that the SQL has in its source file. */
export function dedented(sql: string): string {
  const [first = '', ...rest] = sql.trim().split('\n')
  const indent = Math.min(...rest.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)))
  return [first, ...rest.map((line) => line.slice(Number.isFinite(indent) ? indent : 0))].join('\n')
}
