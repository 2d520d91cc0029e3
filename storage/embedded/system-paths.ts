/**
 * Where files lie on the server's disk is nobody's to read: `system.tables` and `system.databases` keep their columns for clients that list
 * them, and those with paths are empty. No grant of the embedded engine can hold a column of them back.
 */
import { isSymbol, readTokens, type Token } from './tokens.ts'

const withoutPaths: Record<string, string> = {
  tables: "emptyArrayString() AS data_paths, '' AS metadata_path",
  databases: "'' AS data_path, '' AS metadata_path",
}

/** Columns that SHOW … WHERE can name too. */
export const pathColumns = new Set(['data_paths', 'data_path', 'metadata_path'])

/** Statements that name tables where no subquery may stand. */
const namesTables = new Set(['show', 'exists', 'describe', 'desc'])

/** What may follow a table without being its alias. */
const afterTables = new Set(
  'join left right inner full cross paste global any all asof semi anti array on using final sample prewhere where group having window qualify order limit offset fetch union intersect except settings format into select from'.split(
    ' ',
  ),
)

/** The text as it is, unless it names these tables: then it comes without comments, and reads them without their paths. */
export function hidingPaths(sql: string): string {
  const read = /tables|databases/i.test(sql) ? readTokens(sql) : null
  if (!read) return sql
  const { tokens, stripped } = read
  const found = tokens.flatMap((_, at) => mentionAt(tokens, at) ?? [])
  if (found.length === 0) return sql
  let [text, end] = ['', 0]
  for (const { name, at, qualifies, alias } of found) {
    const from = tokens[at]?.at ?? 0
    const shown = alias ? '' : ` AS ${name}`
    const hidden = qualifies
      ? qualifierFor(name, at, found, stripped)
      : `(SELECT * REPLACE (${withoutPaths[name]}) FROM system.${name})${shown}`
    text += `${stripped.slice(end, from)}${hidden}`
    end = endOf(tokens[at + 2])
  }
  return text + stripped.slice(end)
}

interface Mention {
  name: string
  /** Index of its first token. */
  at: number
  /** A column follows. */
  qualifies: boolean
  alias: Token | null
}

function mentionAt(tokens: readonly Token[], at: number): Mention | null {
  const [database, dot, table, next] = tokens.slice(at, at + 4)
  if (!isName(database) || !isName(table) || !isSymbol(dot, '.')) return null
  if (database.text.toLowerCase() !== 'system' || !Object.hasOwn(withoutPaths, table.text)) return null
  if (onlyNamed(tokens, at)) return null
  const named = next?.kind === 'word' && next.text.toLowerCase() === 'as' ? tokens[at + 4] : next
  const alias = isName(named) && (named !== next || mayBeAlias(named)) ? named : null
  return { name: table.text, at, qualifies: isSymbol(next, '.'), alias }
}

/** A column may be named by its table though that has an alias: by the nearest one. */
function qualifierFor(name: string, at: number, found: readonly Mention[], stripped: string): string {
  const tables = found.filter((other) => other.name === name && !other.qualifies)
  const [nearest] = tables.toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))
  return nearest?.alias ? stripped.slice(nearest.alias.at, endOf(nearest.alias)) : name
}

/** Of a name, in the text without comments. */
function endOf(token: Token | undefined): number {
  return token ? token.at + token.text.length + (token.kind === 'quoted' ? 2 : 0) : 0
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted'
}

function mayBeAlias({ kind, text }: Token): boolean {
  return kind === 'quoted' || (kind === 'word' && !afterTables.has(text.toLowerCase()))
}

/** Whether no value of the table can be asked for where it stands. */
function onlyNamed(tokens: readonly Token[], at: number): boolean {
  if (!namesTables.has(tokens[0]?.text.toLowerCase() ?? '')) return false
  return !tokens.slice(0, at).some((token) => /^(pre)?where$/i.test(token.text) || isSymbol(token, '('))
}
