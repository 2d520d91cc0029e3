/** The {name:Type} of a text, as the engine finds them: a name between a brace and a colon, outside strings and comments. */
import { isSymbol, readTokens } from './tokens.ts'

/** Longer texts are rows. */
const maxLength = 256 * 1024

/** Null for a text that is too long to look through, or that two lexers could read differently. */
export function substitutions(sql: string): ReadonlySet<string> | null {
  if (!sql.includes('{')) return new Set()
  if (sql.length > maxLength) return null
  const tokens = readTokens(sql)?.tokens
  if (!tokens) return null
  const names = tokens.flatMap((token, at) => {
    const isName = token.kind === 'word' && isSymbol(tokens[at - 1], '{') && isSymbol(tokens[at + 1], ':')
    return isName ? [token.text] : []
  })
  return new Set(names)
}
