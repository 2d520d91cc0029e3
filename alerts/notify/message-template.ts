/**
 * The template language of messages: that of annotations, with `range alerts`, `if` and `else`. What it can't know is refused when
 * the configuration is read, with its line; what is absent when a message is made is empty.
 */
import { applyFilter, filters } from '../template.ts'

/** A value and how it reads when no filter says otherwise. */
export interface Value {
  text: string
  number: number | null
}

export interface Scope {
  values: Readonly<Record<string, Value>>
  /** Label sets and their like, by name: `labels.model`. */
  maps: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What `range` goes over. */
  lists: Readonly<Record<string, readonly Scope[]>>
}

/** Which names there are: of a message, and of an alert inside `range`. */
export interface Names {
  values: readonly string[]
  maps: readonly string[]
  lists: readonly string[]
}

export class TemplateError extends Error {
  override name = 'TemplateError'
}

type Part =
  | { kind: 'text'; text: string }
  | { kind: 'print'; source: Source; filters: string[] }
  | { kind: 'if'; test: Test; held: Part[]; otherwise: Part[] }
  | { kind: 'range'; list: string; body: Part[] }

type Source = { value: string } | { map: string; key: string }

interface Test {
  source: Source
  /** Null asks whether there is anything. */
  compare: { equal: boolean; text: string } | null
}

/** Throws TemplateError: `line 3: …`. `inner` are the names inside `range`, beside the outer ones. */
export function parseTemplate(text: string, outer: Names, inner: Names): Part[] {
  const reader = new Reader(tokensOf(text), outer, inner)
  return reader.template()
}

export function renderParts(parts: readonly Part[], scope: Scope): string {
  return parts.map((part) => renderPart(part, scope)).join('')
}

function renderPart(part: Part, scope: Scope): string {
  if (part.kind === 'text') return part.text
  if (part.kind === 'print') return print(part, scope)
  if (part.kind === 'if') return renderParts(holds(part.test, scope) ? part.held : part.otherwise, scope)
  const around = { values: scope.values, maps: scope.maps, lists: scope.lists }
  return (scope.lists[part.list] ?? []).map((one) => renderParts(part.body, within(around, one))).join('')
}

const within = (outer: Scope, inner: Scope): Scope => ({
  values: { ...outer.values, ...inner.values },
  maps: { ...outer.maps, ...inner.maps },
  lists: outer.lists,
})

const nothing: Value = { text: '', number: null }

function valueOf(source: Source, { values, maps }: Scope): Value {
  if ('value' in source) return values[source.value] ?? nothing
  const map = maps[source.map] ?? {}
  const text = Object.hasOwn(map, source.key) ? (map[source.key] ?? '') : ''
  return { text, number: null }
}

function print({ source, filters: names }: { source: Source; filters: string[] }, scope: Scope): string {
  const value = valueOf(source, scope)
  const [first, ...rest] = names
  if (first === undefined || value.text === '') return value.text
  try {
    return rest.reduce((text, name) => filtered(name, { text, number: null }), filtered(first, value))
  } catch (error) {
    return `<error: ${error instanceof Error ? error.message : String(error)}>`
  }
}

const texts: Readonly<Record<string, (text: string) => string>> = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
}

function filtered(name: string, { text, number }: Value): string {
  return texts[name]?.(text) ?? applyFilter(name, number ?? text)
}

function holds({ source, compare }: Test, scope: Scope): boolean {
  const { text } = valueOf(source, scope)
  return compare === null ? text !== '' : (text === compare.text) === compare.equal
}

interface Token {
  tag: boolean
  text: string
  line: number
}

/** `{{-` and `-}}` take the white space beside them away, as in Go's templates. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let from = 0
  for (const match of text.matchAll(/\{\{(-?)(.*?)(-?)\}\}/gs)) {
    const [all, before, inner = '', after] = match
    const plain = text.slice(from, match.index)
    tokens.push({ tag: false, text: before ? plain.trimEnd() : plain, line: lineAt(text, from) })
    tokens.push({ tag: true, text: inner.trim(), line: lineAt(text, match.index) })
    from = match.index + all.length
    if (after) from += text.slice(from).length - text.slice(from).trimStart().length
  }
  const rest = text.slice(from)
  const open = rest.indexOf('{{')
  if (open >= 0) throw new TemplateError(`line ${lineAt(text, from + open)}: "{{" is never closed`)
  return [...tokens, { tag: false, text: rest, line: lineAt(text, from) }]
}

const lineAt = (text: string, index: number) => text.slice(0, index).split('\n').length

class Reader {
  readonly #tokens: Token[]
  readonly #outer: Names
  readonly #inner: Names
  #at = 0
  #inside = false

  constructor(tokens: Token[], outer: Names, inner: Names) {
    this.#tokens = tokens
    this.#outer = outer
    this.#inner = inner
  }

  template(): Part[] {
    const { parts, end } = this.#block()
    if (end) throw new TemplateError(`line ${end.line}: {{ ${end.text} }} without an {{ if }} or {{ range }} before it`)
    return parts
  }

  /** Up to `end`, `else`, or the end of the text. */
  #block(): { parts: Part[]; end: Token | null } {
    const parts: Part[] = []
    for (let token = this.#tokens[this.#at++]; token; token = this.#tokens[this.#at++]) {
      if (!token.tag) {
        if (token.text) parts.push({ kind: 'text', text: token.text })
        continue
      }
      if (token.text === 'end' || token.text === 'else') return { parts, end: token }
      if (!token.text.startsWith('/*')) parts.push(this.#part(token))
    }
    return { parts, end: null }
  }

  #part(token: Token): Part {
    const [word = '', ...rest] = token.text.split(/\s+/)
    if (word === 'range') return this.#range(token, bare(rest.join(' ')))
    if (word === 'if') return this.#if(token, rest.join(' '))
    const [source = '', ...names] = token.text.split('|').map((part) => part.trim())
    const known = [...Object.keys(filters), ...Object.keys(texts)]
    for (const name of names)
      if (!known.includes(name)) throw this.#error(token, `unknown filter "${name}"; known: ${known.join(', ')}`)
    return { kind: 'print', source: this.#source(token, source), filters: names }
  }

  #range(token: Token, list: string): Part {
    const { lists } = this.#outer
    if (this.#inside) throw this.#error(token, 'a range inside a range')
    if (!lists.includes(list)) throw this.#error(token, `range over "${list}"; expected one of: ${lists.join(', ')}`)
    this.#inside = true
    const { parts: body, end } = this.#block()
    this.#inside = false
    this.#closed(token, end)
    return { kind: 'range', list, body }
  }

  #if(token: Token, condition: string): Part {
    const test = this.#test(token, condition)
    const { parts: then, end } = this.#block()
    if (end?.text !== 'else') {
      this.#closed(token, end)
      return { kind: 'if', test, held: then, otherwise: [] }
    }
    const { parts: otherwise, end: last } = this.#block()
    this.#closed(token, last)
    return { kind: 'if', test, held: then, otherwise }
  }

  #closed(token: Token, end: Token | null): void {
    if (end === null) throw this.#error(token, `{{ ${token.text} }} has no {{ end }}`)
    if (end.text === 'else') throw this.#error(end, 'an {{ else }} that belongs to no {{ if }}')
  }

  #test(token: Token, condition: string): Test {
    const match = /^(.+?)\s*(==|!=)\s*(["'])(.*)\3$/s.exec(condition)
    if (!match) return { source: this.#source(token, condition), compare: null }
    const [, source = '', operator, , text = ''] = match
    return { source: this.#source(token, source), compare: { equal: operator === '==', text } }
  }

  #source(token: Token, written: string): Source {
    const name = bare(written)
    const known = this.#inside ? merged(this.#outer, this.#inner) : this.#outer
    if (known.values.includes(name)) return { value: name }
    const match = /^(\w+)(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[(["'])(.+)\3\])$/.exec(name)
    const map = match?.[1] ?? ''
    if (match && known.maps.includes(map)) return { map, key: match[2] ?? match[4] ?? '' }
    const maps = known.maps.map((one) => `${one}.<name>`)
    throw this.#error(token, `"${written}" is unknown here; expected one of: ${[...known.values, ...maps].join(', ')}`)
  }

  #error({ line }: Token, message: string): TemplateError {
    return new TemplateError(`line ${line}: ${message}`)
  }
}

const bare = (name: string) => name.trim().replace(/^[$.]/, '')

const merged = (outer: Names, inner: Names): Names => ({
  values: [...new Set([...inner.values, ...outer.values])],
  maps: [...new Set([...inner.maps, ...outer.maps])],
  lists: [],
})
