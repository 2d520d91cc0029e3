/** What a rule's last evaluation asked, as the address of the SQL page. */
import { fitsInUrl, type Search } from './search.ts'

/** `params` is JSON: {from} and {to} become the range. Null when it is too long for an address. */
export function ruleSearch(sql: string, params: string | null): Partial<Search> | null {
  const { from, to, ...others } = JSON.parse(params ?? '{}') as Record<string, unknown>
  const [begin, end] = [timeOf(from), timeOf(to)]
  const texts = Object.fromEntries(
    Object.entries(others).flatMap(([name, value]) => (value === null ? [] : [[name, textOf(value)]])),
  ) as Record<string, string>
  if (!fitsInUrl(sql, texts)) return null
  return { sql, params: texts, ...(begin < end && { from: begin, to: end }) }
}

/** Epoch ms, NaN when it is no time. */
const timeOf = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : Number.NaN)
const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
