/** What is wrong with SQL that a person wrote, in few words, and where in their text. */

export interface SqlMistake {
  /** One line, without what the engine says for itself. */
  message: string
  /** Offsets into the text, `to` after the last character; null when the engine does not say. */
  at: { from: number; to: number } | null
}

/** `message` is the engine's, of the statement `sql`. */
export function sqlMistake(sql: string, message: string): SqlMistake {
  return { message: plain(message), at: placeOf(sql, message) }
}

/** `line 2, column 5`, both from 1. */
export function lineAndColumn(sql: string, at: number): { line: number; column: number } {
  const before = sql.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

/** At most this many of what the parser would have liked. */
const expectedShown = 6

function plain(message: string): string {
  return message
    .replace(/^ClickHouse: /, '')
    .replace(/^reader: not enough privileges for/, 'Not allowed here:')
    .replace(/^reader: /, 'Not allowed here: ')
    .replace(
      /failed at position \d+ \(([^]*?)\)(?: \(line \d+, col \d+\))?(?:: [^]*?)?(?=\. (?:Expected|Unmatched|Unrecognized)|$)/,
      'at $1',
    )
    .replace(/Expected one of: ([^]*)$/, (_, list: string) => {
      const wanted = list
        .trim()
        .split(/, (?=\S)/)
        .filter((word) => word !== 'token')
      return `Expected ${wanted.slice(0, expectedShown).join(', ')}${wanted.length > expectedShown ? ', …' : ''}`
    })
    .replace(/:? [Ii]n scope [^]*?(?=\. Maybe|$)/, '')
    .replace(
      /\. Maybe you meant: \[([^\]]*)\]/,
      (_, names: string) => `. Did you mean ${names.replaceAll("'", '').replaceAll(',', ', ')}?`,
    )
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\.(?: ?\.)+/g, '.')
    .replace(/[.: ]+$/, '')
    .trim()
}

function placeOf(sql: string, message: string): SqlMistake['at'] {
  return syntaxPlace(sql, message) ?? namedPlace(sql, message)
}

/**
 * A position counts from 1. The embedded engine sees the text without comments and with single spaces: there the rest of the text,
 * which the message quotes, says where.
 */
function syntaxPlace(sql: string, message: string): SqlMistake['at'] {
  const found =
    /failed at position (\d+) \(([^]*?)\)(?: \(line \d+, col \d+\))?(?:: ([^]*?))?(?:\. (?:Expected|Unmatched|Unrecognized)[^]*)?$/.exec(
      message,
    )
  if (!found) return unclosed(sql, message)
  const [, position = '', token = '', rest] = found
  const end = sql.trimEnd().length
  if (token === 'end of query' || token === '') return { from: Math.max(end - 1, 0), to: end }
  const direct = Number(position) - 1
  if (sql.startsWith(token, direct)) return { from: direct, to: direct + token.length }
  if (rest === undefined) return firstFrom(sql, token, direct)
  const text = squeezed(sql)
  const wanted = squeezed(rest).text
  const start = text.text.endsWith(wanted) ? text.text.length - wanted.length : text.text.indexOf(wanted)
  const from = text.offsets[start]
  return wanted === '' || from === undefined ? null : { from, to: from + token.length }
}

/** Without the rest: what the embedded engine saw is never longer than the text, so it stands there or later. */
function firstFrom(sql: string, token: string, earliest: number): SqlMistake['at'] {
  const from = blanked(sql).indexOf(token, earliest)
  return from < 0 ? null : { from, to: from + token.length }
}

function unclosed(sql: string, message: string): SqlMistake['at'] {
  const quote = /unclosed (['"`])/.exec(message)?.[1]
  const at = quote === undefined ? -1 : sql.lastIndexOf(quote)
  if (at >= 0) return { from: at, to: sql.trimEnd().length }
  const second = message.includes('more than one statement') ? sql.indexOf(';') : -1
  return second >= 0 ? { from: second, to: second + 1 } : null
}

/** The name that the message speaks of, where it stands first. */
function namedPlace(sql: string, message: string): SqlMistake['at'] {
  const refused = /not enough privileges for ([\w.]+)/.exec(message)?.[1]
  const spoken = /(?:identifier|table|name|function|column|substitution|setting|type) [`']([^`']+)[`']/i.exec(
    message,
  )?.[1]
  for (const name of [refused, spoken, spoken?.split('.').at(-1)]) {
    if (name === undefined) continue
    const word = new RegExp(`(?<![\\w.])${RegExp.escape(name)}(?!\\w)`, 'i')
    const at = blanked(sql).search(word)
    if (at >= 0) return { from: at, to: at + name.length }
    const qualified = blanked(sql).search(new RegExp(`(?<=\\.)${RegExp.escape(name)}(?!\\w)`, 'i'))
    if (qualified >= 0) return { from: qualified, to: qualified + name.length }
  }
  return null
}

const part = /'(?:[^'\\]|\\[^]|'')*'|--[^\n]*|\/\*[^]*?\*\//g

/** The text with strings and comments as spaces: names in them are none. */
function blanked(sql: string): string {
  return sql.replaceAll(part, (text) => ' '.repeat(text.length))
}

/** The text without white space and comments, and where each character of it stood. */
function squeezed(sql: string): { text: string; offsets: number[] } {
  const offsets: number[] = []
  let text = ''
  const bare = sql.replaceAll(part, (found) => (found.startsWith("'") ? found : ' '.repeat(found.length)))
  for (let at = 0; at < bare.length; at++) {
    const letter = bare[at] ?? ''
    if (/\s/.test(letter)) continue
    text += letter
    offsets.push(at)
  }
  return { text, offsets }
}
