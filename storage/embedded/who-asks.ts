/**
 * currentUser() and queryID() as the HTTP interface knows them: the engine runs everybody's queries as one user of its own, under ids
 * of its own. A call is read as a value that is bound to the query, under the name of the call, so that columns keep theirs.
 * `current_user` without parentheses may be a column as well: the engine answers that.
 */
import { isSymbol, readTokens, type Token } from './tokens.ts'

/** Names of the bound values. */
export const userParam = 'inferwatch_current_user'
export const queryIdParam = 'inferwatch_query_id'

/** Longer texts are rows. */
const maxLength = 256 * 1024
const params: Readonly<Record<string, string>> = {
  currentUser: userParam,
  authenticatedUser: userParam,
  queryID: queryIdParam,
  initialQueryID: queryIdParam,
  currentQueryID: queryIdParam,
}
const paramsOfAnyCase: readonly [RegExp, string][] = [
  [/^(user|current_user|session_user|authuser)$/i, userParam],
  [/^(query_id|initial_query_id|current_query_id)$/i, queryIdParam],
]

/** The text as it is, unless it calls such a function: then it comes without comments, and takes the bound values. */
export function namingWhoAsks(sql: string): string {
  const read = sql.length <= maxLength && /user|query_?id/i.test(sql) ? readTokens(sql) : null
  if (!read) return sql
  const { tokens, stripped } = read
  let [text, end] = ['', 0]
  for (const [index, token] of tokens.entries()) {
    const close = tokens[index + 2]
    const param = paramOf(token)
    if (!param || !isSymbol(tokens[index + 1], '(') || !isSymbol(close, ')')) continue
    text += `${stripped.slice(end, token.at)}({${param}:String} AS \`${token.text}()\`)`
    end = close.at + 1
  }
  return end === 0 ? sql : text + stripped.slice(end)
}

function paramOf({ kind, text }: Token): string | undefined {
  if (kind !== 'word' && kind !== 'quoted') return undefined
  return Object.hasOwn(params, text) ? params[text] : paramsOfAnyCase.find(([names]) => names.test(text))?.[1]
}
