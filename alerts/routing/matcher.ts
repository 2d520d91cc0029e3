/** Label matchers in Alertmanager's notation: `severity="page"`, `team!=infra`, `model=~"gpt-.*"`, `{a="b", c!~"d"}`. */
import { RE2JS } from 're2js'
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
  const matches = wholly(value)
  const wanted = operator === '=~'
  return { name, operator, value, holds: (text) => matches(text) === wanted }
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

/** Steps that each character of a label may take: what counts several times over is many. */
const mostSteps = 5_000

/** Of a whole label, in Go's syntax, and in linear time: whoever may send a matcher must not hold up everything else. */
function wholly(value: string): (text: string) => boolean {
  if (value.length > longestExpression)
    throw new MatcherError(`a regular expression of at most ${longestExpression} characters; found ${value.length}`)
  const expression = compiled(value)
  if (expression.programSize() > mostSteps)
    throw new MatcherError(
      `a regular expression that repeats less: ${JSON.stringify(value)} has over ${mostSteps} steps`,
    )
  return (text) => expression.matches(text)
}

function compiled(value: string): RE2JS {
  try {
    return RE2JS.compile(value)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause)
    throw new MatcherError(`expected a regular expression; found ${JSON.stringify(value)}: ${reason}`, { cause })
  }
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
