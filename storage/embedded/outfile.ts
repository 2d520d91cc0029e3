/** INTO OUTFILE: the engine's way to write a result of any format as one, without holding it. */
import { quote } from './settings.ts'
import { readTokens, type Token } from './tokens.ts'

const ending = /\bFORMAT\s+[A-Za-z0-9_]+\s*$/i
/** After these comes a name, also one that is spelled `format`. */
const nameFollows = /^(as|by|from|in|join|on|table|using)$/i

/**
 * What makes a SELECT write its result to a path, or null: for other statements, for those without FROM (they are short),
 * and wherever FORMAT, SETTINGS and the rest do not stand where the clause can go before them.
 */
export function intoOutfile(sql: string, format: string): ((path: string) => string) | null {
  const read = readTokens(sql)
  if (!read) return null
  const { tokens, stripped } = read
  const first = tokens[0]?.text.toLowerCase()
  if (first !== 'select' && first !== 'with' && first !== '(') return null
  const text = stripped.replace(/[;\s]+$/, '')
  const words = new Set(tokens.filter(({ kind }) => kind === 'word').map((token) => token.text.toLowerCase()))
  if (!words.has('from') || words.has('outfile')) return null
  const formats = tokens.filter((token, at) => isWord(token, 'format') && tokens[at + 1]?.text !== '(').length
  if (formats === 0) return (path) => `${text} INTO OUTFILE ${quote(path)} TRUNCATE FORMAT ${format}`
  const at = text.search(ending)
  if (formats > 1 || at < 0 || !endsExpression(beforeFormat(tokens))) return null
  return (path) => `${text.slice(0, at)} INTO OUTFILE ${quote(path)} TRUNCATE ${text.slice(at)}`
}

function beforeFormat(tokens: readonly Token[]): Token | undefined {
  return tokens[tokens.findLastIndex((token) => isWord(token, 'format')) - 1]
}

function endsExpression(token: Token | undefined): boolean {
  if (token?.kind === 'symbol') return /[)\]}*]/.test(token.text)
  return token !== undefined && !(token.kind === 'word' && nameFollows.test(token.text))
}

function isWord(token: Token, word: string): boolean {
  return token.kind === 'word' && token.text.toLowerCase() === word
}
