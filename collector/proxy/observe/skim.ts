/** What the beginning and the end of a JSON object show of it, where the whole is too large to be parsed. Pure. */
import { parsed } from '../usage/json.ts'

const [quote, backslash] = [0x22, 0x5c]
const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** A member of an object: its key, and where its value stands. */
export interface Member {
  key: string
  start: number
  /** Behind the value. */
  end: number
}

/** The members of the outermost object, as far as the text goes; one whose value is cut off is left out. */
export function* members(json: Buffer): Generator<Member> {
  let at = space(json, 0)
  if (json[at] !== 0x7b) return
  at = space(json, at + 1)
  while (json[at] === quote) {
    const keyEnd = stringEnd(json, at)
    if (keyEnd === -1) return
    const key = parsed(json.toString('utf8', at, keyEnd))
    const colon = space(json, keyEnd)
    if (json[colon] !== 0x3a || typeof key !== 'string') return
    const start = space(json, colon + 1)
    const end = valueEnd(json, start)
    if (end === -1) return
    yield { key, start, end }
    at = space(json, end)
    if (json[at] !== 0x2c) return
    at = space(json, at + 1)
  }
}

/** Names that a body of any vendor says its model, id and counts under. */
const wanted = new Set([
  'id',
  'model',
  'stream',
  'max_tokens',
  'max_completion_tokens',
  'user',
  'metadata',
  'object',
  'usage',
])
/** Objects of counts, which stand at the end of answers. */
const counts = ['"usage"', '"usageMetadata"', '"meta"']

export function skim(head: Buffer, tail: Buffer): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const { key, start, end } of members(head)) {
    if (wanted.has(key) && end - start < 4096) found[key] = parsed(head.toString('utf8', start, end))
  }
  for (const name of counts) {
    const at = tail.lastIndexOf(name)
    if (at === -1) continue
    const colon = space(tail, at + name.length)
    if (tail[colon] !== 0x3a) continue
    const start = space(tail, colon + 1)
    const end = valueEnd(tail, start)
    const value = end === -1 ? undefined : parsed(tail.toString('utf8', start, end))
    if (typeof value === 'object' && value !== null) found[name.slice(1, -1)] ??= value
  }
  for (const key of ['model', 'id']) found[key] ??= scalarIn(tail, key)
  if (found['stream'] === undefined && /"stream"\s*:\s*true/.test(tail.toString('latin1'))) found['stream'] = true
  return found
}

function scalarIn(text: Buffer, key: string): unknown {
  const found = new RegExp(`"${key}"\\s*:\\s*("[^"\\\\]{1,200}")`).exec(text.toString('latin1'))?.[1]
  return found === undefined ? undefined : parsed(found)
}

function space(json: Buffer, at: number): number {
  while (isSpace(json[at])) at++
  return at
}

/** Behind the string that begins here; -1 when it is cut off. */
function stringEnd(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === backslash) at++
    else if (json[at] === quote) return at + 1
  }
  return -1
}

/** Behind the value that begins here; -1 when it is cut off, as a number at the very end may be. */
function valueEnd(json: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < json.length; at++) {
    const byte = json[at]
    if (byte === quote) {
      const end = stringEnd(json, at)
      if (end === -1) return -1
      if (depth === 0) return end
      at = end - 1
    } else if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (byte === 0x2c || isSpace(byte))) return at
  }
  return -1
}
