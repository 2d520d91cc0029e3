/** For tests that filter by free terms. */
import { parseQuery, type Term } from '../../records/request-query.ts'

/** Throws Error on a text that is none. */
export function termsOf(text: string): Term[] {
  const parsed = parseQuery(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.message}`)
  return parsed.terms
}
