/** INSERT with a body: the engine reads bodies from files only, since an inline one ends at a blank line and the rest runs as SQL. */
import { settingsClause, quote } from './settings.ts'

export interface BodyInsert {
  /** `INSERT INTO t (a, b)` */
  into: string
  format: string
}

const head = /^\s*(INSERT\s+INTO\s[^]*?)\s+FORMAT\s+([A-Za-z0-9_]+)[ \t]*;?[ \t]*(?:\r?\n|$)/i

/** An INSERT whose rows follow as a body, or null (SELECT, VALUES and everything else). */
export function bodyInsert(sql: string): { insert: BodyInsert; bodyAt: number } | null {
  const match = head.exec(sql)
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

/** Table and column names may be spelled like keywords when quoted or in the column list. */
function withoutNames(into: string): string {
  return into.replace(/`[^`]*`|"[^"]*"|\([^)]*\)/g, ' ')
}
