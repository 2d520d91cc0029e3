/** JSON stays JSON: its strings are redacted one by one, as what they say and not as how they are spelled. */
import { attributeClass } from '../../records/content-names.ts'
import { isBareCard } from './personal.ts'

/** A string in a string needs twice the backslashes: deeper JSON than this is text. */
const maxDepth = 16

/**
 * The text with `redact` done to every string in it, those of JSON inside a string too; values named like credentials are
 * replaced whole. Spaces and numbers stay as they were written. Null when the text is no JSON object, array or string.
 */
export function redactJson(text: string, redact: (text: string) => string, depth = 0): string | null {
  if (depth === maxDepth || !isJson(text)) return null
  let out = ''
  let copied = 0
  const put = (from: number, to: number, replacement: string) => {
    out += text.slice(copied, from) + replacement
    copied = to
  }
  let name = ''
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('"', at)
    const secret = name !== '' && attributeClass(name) === 'secret'
    for (const { 0: number, index } of numbersIn(text.slice(at, open === -1 ? text.length : open)))
      if (secret || isBareCard(number)) put(at + index, at + index + number.length, secret ? '"[key]"' : '"[card]"')
    if (open === -1) break
    const end = endOfString(text, open + 1)
    const raw = text.slice(open + 1, end)
    const said = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
    const valueIsSecret = secret && isValue.test(text.slice(at, open))
    const clean = valueIsSecret ? credential(said) : (redactJson(said, redact, depth + 1) ?? redact(said))
    if (clean !== said) put(open + 1, end, JSON.stringify(clean).slice(1, -1))
    colon.lastIndex = end + 1
    name = colon.test(text) ? said : ''
    at = end + 1
  }
  return copied === 0 ? text : out + text.slice(copied)
}

const colon = /\s*:/y
/** Between a name and its own value there is but a colon. */
const isValue = /^\s*:\s*$/

function credential(said: string): string {
  return said === '' || /^\[[a-z ]{1,20}\]$/.test(said) ? said : '[key]'
}

function isJson(text: string): boolean {
  if (!/^\s{0,64}[[{"]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function numbersIn(between: string): Iterable<RegExpExecArray> {
  // Most of it is a comma or a colon.
  return between.length < 4 ? [] : between.matchAll(/-?\d[\d.eE+-]*/g)
}

/** Where the string that begins at `from` ends: the text is JSON, so that it does. */
function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from)
  for (; ; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 92) slashes++
    if (slashes % 2 === 0) return end
  }
}
