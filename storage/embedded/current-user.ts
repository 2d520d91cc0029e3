/**
 * currentUser() as the HTTP interface knows it: the engine runs everybody's queries as one user of its own. A call is read as a value
 * that is bound to the query, under the name of the call, so that columns keep theirs. `current_user` without parentheses may be a
 * column as well: the engine answers that.
 */
import { isSymbol, readTokens, type Token } from './tokens.ts'

/** Name of the bound value. */
export const userParam = 'inferwatch_current_user'

/** Longer texts are rows. */
const maxLength = 256 * 1024
const functions = new Set(['currentUser', 'authenticatedUser'])
const functionsOfAnyCase = /^(user|current_user|session_user|authuser)$/i

/** The text as it is, unless it calls such a function: then it comes without comments, and takes `userParam`. */
export function namingUser(sql: string): string {
  const read = sql.length <= maxLength && /user/i.test(sql) ? readTokens(sql) : null
  if (!read) return sql
  const { tokens, stripped } = read
  let [text, end] = ['', 0]
  for (const [index, token] of tokens.entries()) {
    const close = tokens[index + 2]
    if (!isUser(token) || !isSymbol(tokens[index + 1], '(') || !isSymbol(close, ')')) continue
    text += `${stripped.slice(end, token.at)}({${userParam}:String} AS \`${token.text}()\`)`
    end = close.at + 1
  }
  return end === 0 ? sql : text + stripped.slice(end)
}

function isUser({ kind, text }: Token): boolean {
  return (kind === 'word' || kind === 'quoted') && (functions.has(text) || functionsOfAnyCase.test(text))
}
