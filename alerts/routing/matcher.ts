/** Label matchers in Alertmanager's notation: `severity="page"`, `team!=infra`, `model=~"gpt-.*"`, `{a="b", c!~"d"}`. */
import { setFlagsFromString } from 'node:v8'
import type { Labels } from '../labels.ts'

const matcherOperators = ['=', '!=', '=~', '!~'] as const
export type MatcherOperator = (typeof matcherOperators)[number]

export interface Matcher {
  name: string
  operator: MatcherOperator
  /** A text, or an expression that has to match the whole label. */
  value: string
  /** Of a label's value; a label that is missing is empty. */
  holds: (value: string) => boolean
}

/** Text that is no matcher; its message says what is wrong with it. */
export class MatcherError extends Error {
  override name = 'MatcherError'
}

const matcherPattern = /^\s*(?:([a-zA-Z_:][a-zA-Z0-9_:]*)|"((?:[^"\\]|\\.)+)")\s*(=~|!~|!=|=)\s*(.*?)\s*$/s
const longestExpression = 2_000

/** Throws MatcherError when the value is no regular expression. */
export function newMatcher(name: string, operator: MatcherOperator, value: string): Matcher {
  if (operator === '=') return { name, operator, value, holds: (text) => text === value }
  if (operator === '!=') return { name, operator, value, holds: (text) => text !== value }
  const expression = anchored(value)
  const wanted = operator === '=~'
  return { name, operator, value, holds: (text) => expression.test(text) === wanted }
}

/** One matcher or several, comma-separated, with or without braces. Throws MatcherError. */
export function parseMatchers(text: string): Matcher[] {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1] ?? text
  if (inner.trim() === '') return []
  return splitOutsideQuotes(inner.replace(/,\s*$/, '')).map(parseMatcher)
}

function parseMatcher(text: string): Matcher {
  const match = matcherPattern.exec(text)
  if (!match) throw new MatcherError(`expected a matcher such as severity="page"; found ${JSON.stringify(text.trim())}`)
  const [, plain, quoted, operator = '=', raw = ''] = match
  return newMatcher(plain ?? unescaped(quoted ?? ''), operator as MatcherOperator, valueOf(raw, text))
}

/** Alertmanager's `{severity="page",team!="infra"}`; without matchers `{}`. */
export function formatMatchers(matchers: readonly Matcher[]): string {
  return `{${matchers.map(formatMatcher).join(',')}}`
}

export function formatMatcher({ name, operator, value }: Pick<Matcher, 'name' | 'operator' | 'value'>): string {
  return `${/^[a-zA-Z_:][\w:]*$/.test(name) ? name : quote(name)}${operator}${quote(value)}`
}

export function allHold(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every(({ name, holds }) => holds(labels[name] ?? ''))
}

/** In the order in which Alertmanager writes the matchers of a route. */
export function sortMatchers(matchers: readonly Matcher[]): Matcher[] {
  const rank = ({ operator }: Matcher) => matcherOperators.indexOf(operator)
  return matchers.toSorted((a, b) => compareText(a.name, b.name) || compareText(a.value, b.value) || rank(a) - rank(b))
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

// Lets expressions ask by the flag `l` for the engine of V8 that never backtracks.
setFlagsFromString('--enable-experimental-regexp-engine')

/**
 * Go's syntax: `(?i)` in front and `(?P<name>` are its spelling of what JavaScript has as well, and what takes more than linear
 * time is in neither. Whoever may send a matcher must not hold up everything else.
 */
function anchored(value: string): Pick<RegExp, 'test'> {
  if (value.length > longestExpression)
    throw new MatcherError(`a regular expression of at most ${longestExpression} characters; found ${value.length}`)
  const [, flags = '', source = value] = /^\(\?([is]+)\)(.*)$/s.exec(value) ?? []
  const folds = flags.includes('i')
  const written = source.replaceAll('(?P<', '(?<')
  const plain = folds ? lowerCase(written) : written
  const dotAll = flags.includes('s') ? 's' : ''
  try {
    const long = repeated(plain)
    if (long.length > longestWrittenOut) throw new SyntaxError('too much is repeated')
    const linear = new RegExp(`^(?:${long})$`, `${dotAll}l`)
    // The usual engine is some thirty times as fast where it can't go astray.
    const expression = isSimple(plain) ? new RegExp(`^(?:${plain})$`, dotAll) : linear
    return folds ? { test: (text) => expression.test(text.toLowerCase()) } : expression
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^.*: /, '') : String(cause)
    throw new MatcherError(`expected a regular expression; found ${JSON.stringify(value)}: ${reason}`, { cause })
  }
}

/** All but what a backslash makes something else. */
const lowerCase = (source: string) =>
  source.replaceAll(/\\.|[^\\]+/gs, (part) => (part[0] === '\\' ? part : part.toLowerCase()))

const mostRepeats = 1_000
const longestWrittenOut = 20_000

/** The linear engine has no counts above 16: `\d{2,40}` is written out. */
function repeated(source: string): string {
  return source.replaceAll(
    /(\[(?:\\.|[^\]\\])*\]|\\.|[^\\()[\]{}*+?|^$])\{(\d+)(?:(,)(\d*))?\}/gs,
    (all, atom: string, low: string, comma: string | undefined, high = '') => {
      const [least, most] = [Number(low), comma === undefined ? Number(low) : Number(high)]
      if (Math.max(least, most) > mostRepeats || (most < least && high !== '')) return all
      const rest = comma !== undefined && high === '' ? `${atom}*` : `${atom}?`.repeat(most - least)
      return `(?:${atom.repeat(least)}${rest})`
    },
  )
}

/** At most one repetition, of a single character: there is no second way to match the same text. */
function isSimple(source: string): boolean {
  const bare = source.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/gs, 'x').replaceAll(/\(\?(?::|<\w+>)/g, '(')
  return (bare.match(/[*+?{]/g) ?? []).length <= 1 && !/\)[*+?{]/.test(bare)
}

function valueOf(raw: string, whole: string): string {
  const inner = /^"(.*)"$/s.exec(raw)?.[1]
  if (inner === undefined && raw.startsWith('"'))
    throw new MatcherError(`a closing quote is missing in ${JSON.stringify(whole.trim())}`)
  const text = inner ?? raw
  if (/(?<!\\)(?:\\\\)*"/.test(text))
    throw new MatcherError(`a quote inside the value needs a backslash in ${JSON.stringify(whole.trim())}`)
  return unescaped(text)
}

const unescaped = (text: string) => text.replaceAll(/\\(["\\n])/g, (_, mark: string) => (mark === 'n' ? '\n' : mark))

const quote = (text: string) =>
  `"${text.replaceAll(/["\\\n]/g, (mark) => (mark === '\n' ? String.raw`\n` : `\\${mark}`))}"`

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = []
  let begin = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') quoted = !quoted
    else if (text[at] === ',' && !quoted) {
      parts.push(text.slice(begin, at))
      begin = at + 1
    }
  }
  return [...parts, text.slice(begin)]
}
