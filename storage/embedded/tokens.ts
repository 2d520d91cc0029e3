/** Splits SQL as ClickHouse's lexer does, far enough to tell words from strings and comments. */

export interface Token {
  kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol'
  /** Words and symbols as written; quoted identifiers and strings without their quotes, escapes left alone. */
  text: string
  /** Where it begins in the text without comments. */
  at: number
}

export interface Tokens {
  tokens: Token[]
  /** The text with every comment replaced by a space: nobody has to agree on what a comment is. */
  stripped: string
}

/** Thrown for text that two lexers could read differently; the message is for the user. */
export class TokenError extends Error {}

const space = /\s+/y
const comment = /--[^\n]*|#[ !][^\n]*|\/\*[^]*?\*\//y
const word = /[A-Za-z_][A-Za-z0-9_]*/y
const number = /\d[A-Za-z0-9_]*(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const string = /'(?:[^'\\]|\\[^]|'')*'/y
const quoted = /"(?:[^"\\]|\\[^]|"")*"|`(?:[^`\\]|\\[^]|``)*`/y

export function tokenize(sql: string): Tokens {
  const tokens: Token[] = []
  let stripped = ''
  let at = 0
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    const match = pattern.exec(sql)
    if (match) at = pattern.lastIndex
    return match ? match[0] : null
  }
  while (at < sql.length) {
    if (take(space) !== null || take(comment) !== null) {
      stripped += ' '
      continue
    }
    const start = at
    tokens.push({ ...nextToken(take, () => sql[at++] ?? ''), at: stripped.length })
    stripped += sql.slice(start, at)
  }
  return { tokens, stripped }
}

/** Null for text that two lexers could read differently. */
export function readTokens(sql: string): Tokens | null {
  try {
    return tokenize(sql)
  } catch {
    return null
  }
}

export function isSymbol(token: Token | undefined, text: string): token is Token {
  return token?.kind === 'symbol' && token.text === text
}

function nextToken(take: (pattern: RegExp) => string | null, next: () => string): Omit<Token, 'at'> {
  let text = take(word)
  if (text !== null) return { kind: 'word', text }
  text = take(number)
  if (text !== null) return { kind: 'number', text }
  text = take(string)
  if (text !== null) return { kind: 'string', text: text.slice(1, -1) }
  text = take(quoted)
  if (text !== null) return { kind: 'quoted', text: text.slice(1, -1) }
  const symbol = next()
  if (symbol === "'" || symbol === '"' || symbol === '`') throw new TokenError(`unclosed ${symbol}`)
  // $ opens heredocs, \\ ends statements, curly quotes are quotes to the engine: all of them could hide text.
  if (symbol === '$' || symbol === '\\' || symbol.charCodeAt(0) > 126 || symbol.charCodeAt(0) < 32) {
    throw new TokenError(`${JSON.stringify(symbol)} may only stand inside quotes`)
  }
  return { kind: 'symbol', text: symbol }
}
