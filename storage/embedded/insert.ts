/** INSERT with a body: the engine reads bodies from files only, since an inline one ends at a blank line and the rest runs as SQL. */
import { codes, EngineError } from './errors.ts'
import { settingsClause, quote } from './settings.ts'
import { isSymbol, readTokens } from './tokens.ts'

export interface BodyInsert {
  /** `INSERT INTO t (a, b)` */
  into: string
  format: string
}

const head = /^\s*(INSERT\s+INTO\s[^]*?)\s+FORMAT\s+([A-Za-z0-9_]+)[ \t]*;?[ \t]*(?:\r?\n|$)/i

/** An INSERT whose rows follow as a body, or null (SELECT, VALUES and everything else). Throws EngineError for one of `input()`. */
export function bodyInsert(sql: string): { insert: BodyInsert; bodyAt: number } | null {
  const match = head.exec(sql)
  refuseInput(match?.[1] ?? sql)
  const into = match?.[1] ?? ''
  const format = match?.[2] ?? ''
  if (!match || /\b(SELECT|VALUES|INFILE|WATCH)\b/i.test(withoutNames(into)) || format.toLowerCase() === 'values')
    return null
  return { insert: { into, format }, bodyAt: match[0].length }
}

/** The INSERT that reads `path`. Settings stand in the statement: a token must never stick to a connection. */
export function insertFromFile(insert: BodyInsert, path: string, settings: ReadonlyMap<string, string>): string {
  const all = new Map([...settings, ['async_insert', '0']])
  return `${insert.into} FROM INFILE ${quote(path)}${settingsClause(all)} FORMAT ${insert.format}`
}

/** Longer texts are rows. */
const maxLength = 256 * 1024

/** The engine would answer that all is well, and store none of the rows. */
function refuseInput(sql: string): void {
  if (!/^\s*INSERT\b[^]*\binput\b/i.test(sql.slice(0, maxLength))) return
  const tokens = readTokens(sql.slice(0, maxLength))?.tokens ?? []
  const reads = tokens.some(
    ({ kind, text }, at) => kind === 'word' && /^input$/i.test(text) && isSymbol(tokens[at + 1], '('),
  )
  if (!reads) return
  const instead = 'insert the rows as they are into a temporary table, in a session, and from there with SELECT'
  throw new EngineError(codes.notImplemented, `the embedded engine does not read rows by input(): ${instead}`)
}

/** Table and column names may be spelled like keywords when quoted or in the column list. */
function withoutNames(into: string): string {
  return into.replace(/`[^`]*`|"[^"]*"|\([^)]*\)/g, ' ')
}
