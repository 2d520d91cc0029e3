/**
 * The text that filters requests: `model:gpt-4o duration>2s team!=search -status:error user:"a b"`. Pure: pages
 * complete and check it, the API reads it, storage makes SQL of its terms.
 *
 * Terms all have to hold; those that ask one text field for a value are alternatives, as values of a filter are. What is unknown
 * fulfils no comparison, and so every negated one.
 */
import { requestStatuses } from './llm-request.ts'

/** Columns that hold a text, each by its own name. */
export const textFields = [
  'model',
  'provider',
  'endpoint',
  'environment',
  'service',
  'team',
  'feature',
  'user_id',
  'status',
  'error_type',
  'finish_reason',
  'operation',
  'region',
  'instance',
  'api_key',
  'requested_model',
  'model_version',
  'prompt_name',
  'prompt_version',
  'variant',
  'session_id',
  'trace_id',
  'request_id',
  'cost_source',
  'dialect',
] as const
export type TextField = (typeof textFields)[number]

/** Prompts and answers: searched within, where content is kept. */
export const contentFields = ['input', 'output'] as const
export type ContentField = (typeof contentFields)[number]

type Unit = 'ms' | 'tokens' | '$' | 'count'

/** Columns that hold a number, and what a bare number means. */
export const numberFields = {
  duration_ms: 'ms',
  ttft_ms: 'ms',
  tpot_ms: 'ms',
  queue_ms: 'ms',
  prefill_ms: 'ms',
  decode_ms: 'ms',
  input_tokens: 'tokens',
  output_tokens: 'tokens',
  cached_input_tokens: 'tokens',
  cache_write_tokens: 'tokens',
  reasoning_tokens: 'tokens',
  max_tokens: 'tokens',
  cost_usd: '$',
  attempt: 'count',
  http_status: 'count',
} as const satisfies Record<string, Unit>
export type NumberField = keyof typeof numberFields

export const flagFields = ['streamed', 'cache_hit'] as const
export type FlagField = (typeof flagFields)[number]

/** Shorter names that people type. */
const aliases: Readonly<Record<string, TextField | NumberField | ContentField>> = {
  user: 'user_id',
  session: 'session_id',
  trace: 'trace_id',
  error: 'error_type',
  finish: 'finish_reason',
  prompt: 'input',
  answer: 'output',
  duration: 'duration_ms',
  latency: 'duration_ms',
  ttft: 'ttft_ms',
  tpot: 'tpot_ms',
  queue: 'queue_ms',
  tokens_in: 'input_tokens',
  tokens_out: 'output_tokens',
  cost: 'cost_usd',
}
/** How a field is written when a text is made from terms. */
const shortNames = new Map<string, string>(
  ['user', 'duration', 'ttft', 'tpot', 'queue', 'cost', 'tokens_in', 'tokens_out', 'prompt', 'answer'].flatMap(
    (name) => {
      const field = aliases[name]
      return field === undefined ? [] : [[field, name]]
    },
  ),
)

export const comparisons = ['=', '>', '>=', '<', '<='] as const
export type Comparison = (typeof comparisons)[number]

/** `like`: `*` stands for anything. `known`: has a value at all. */
export type TextTest = { test: 'equal'; value: string } | { test: 'like'; pattern: string } | { test: 'known' }
export type NumberTest = { test: 'compare'; comparison: Comparison; value: number } | { test: 'known' }

/** One thing that requests have to fulfil; `not` turns it round. */
export type Term = { not: boolean } & (
  | ({ kind: 'text'; field: TextField } & TextTest)
  | ({ kind: 'number'; field: NumberField } & NumberTest)
  | { kind: 'flag'; field: FlagField; value: boolean }
  /** An attribute that stands in no column of its own. */
  | ({ kind: 'attribute'; key: string } & (TextTest | NumberTest))
  | { kind: 'content'; field: ContentField; text: string }
  /** A word that stands in a name or an id, whatever its case. */
  | { kind: 'words'; text: string }
)

export interface Problem {
  /** What is wrong and what would be right. */
  message: string
  /** Offsets into the text. */
  at: { from: number; to: number }
}

export type Parsed = { ok: true; terms: Term[] } | { ok: false; problem: Problem }

export const maxQueryLength = 2000
const maxTerms = 50

/** Reads a text. Of several problems it says the first. */
export function parseQuery(text: string): Parsed {
  try {
    if (text.length > maxQueryLength)
      throw problem(`longer than ${maxQueryLength} letters`, maxQueryLength, text.length)
    const terms: Term[] = []
    for (let at = afterSpace(text, 0); at < text.length; at = afterSpace(text, at)) {
      const { term, end } = termAt(text, at)
      if (terms.length === maxTerms) throw problem(`more than ${maxTerms} terms`, at, text.length)
      terms.push(term)
      at = end
    }
    return { ok: true, terms }
  } catch (error) {
    if (error instanceof QueryProblem) return { ok: false, problem: { message: error.message, at: error.at } }
    throw error
  }
}

/** The text of terms: read again, it gives the same terms. */
export function formatQuery(terms: readonly Term[]): string {
  return terms.map(formatTerm).join(' ')
}

export function formatTerm(term: Term): string {
  const minus = term.not ? '-' : ''
  if (term.kind === 'words') return minus + (plainWord.test(term.text) ? term.text : quoted(term.text))
  if (term.kind === 'content') return `${minus}${nameOf(term.field)}:${valueText(term.text)}`
  if (term.kind === 'flag') return `${minus}${term.field}:${String(term.value)}`
  if (term.kind === 'attribute')
    return `${minus}attribute.${plainKey.test(term.key) ? term.key : quoted(term.key)}${formatTest(term, null)}`
  return minus + nameOf(term.field) + formatTest(term, term.kind === 'number' ? numberFields[term.field] : null)
}

/** Adds a term, or takes it away when it is there; its opposite goes. A text that cannot be read is left as it is. */
export function toggleTerm(text: string, term: Term): string {
  const parsed = parseQuery(text)
  if (!parsed.ok) return text
  const written = parsed.terms.map(formatTerm)
  const [own, opposite] = [formatTerm(term), formatTerm({ ...term, not: !term.not })]
  if (written.includes(own)) return written.filter((other) => other !== own).join(' ')
  return [...written.filter((other) => other !== opposite), own].join(' ')
}

/** What may stand before the cursor: names of fields while one is typed, else the field whose value is. */
export interface Completing {
  kind: 'field' | 'value'
  /** The column, of a value. */
  field: string
  /** What was typed of it. */
  typed: string
  /** What it replaces. */
  from: number
}

export const fieldNames: readonly string[] = [
  ...new Set([...textFields, ...Object.keys(numberFields), ...flagFields, ...contentFields].map(nameOf)),
  'attribute.',
]

/** What is being typed at `cursor`. */
export function completingAt(text: string, cursor: number): Completing {
  const before = text.slice(0, cursor)
  const quotes = /([a-z_]+)(?::|!?=)"([^"\\]*)$/.exec(before)
  const bare = /(?:^|\s)-?([a-z_]+)(?::|!?=)([^\s"]*)$/.exec(before)
  const [, name = '', typed = ''] = quotes ?? bare ?? []
  const field = fieldOf(name)
  if (field !== undefined) return { kind: 'value', field, typed, from: cursor - typed.length - (quotes ? 1 : 0) }
  const word = /[^\s"]*$/.exec(before)?.[0].replace(/^-/, '') ?? ''
  return { kind: 'field', field: '', typed: word, from: cursor - word.length }
}

/** A value as it stands in a text. */
export function valueText(value: string): string {
  return plainValue.test(value) ? value : quoted(value)
}

class QueryProblem extends Error {
  readonly at: Problem['at']
  constructor(message: string, at: Problem['at']) {
    super(message)
    this.at = at
  }
}

const problem = (message: string, from: number, to: number) =>
  new QueryProblem(message, { from, to: Math.max(to, from) })

const plainWord = /^[^\s"\-:=!<>][^\s":=!<>]*$/
/** A star would stand for anything, and a quote begins a text with spaces. */
const plainValue = /^[^\s"*=]([^\s"*]*)$/
const plainPattern = /^[^\s"\\=][^\s"\\]*$/
const plainKey = /^[^\s":=!<>]+$/

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
function nameOf(field: string): string {
  return shortNames.get(field) ?? field
}

function formatTest(test: TextTest | NumberTest, unit: Unit | null): string {
  if (test.test === 'known') return ':*'
  if (test.test === 'equal') return `:${valueText(test.value)}`
  if (test.test === 'like') return `:${plainPattern.test(test.pattern) ? test.pattern : `*${quoted(test.pattern)}`}`
  return `${test.comparison === '=' && unit !== null ? ':' : test.comparison}${formatNumber(test.value, unit)}`
}

function formatNumber(value: number, unit: Unit | null): string {
  if (unit === 'ms') return value !== 0 && Number.isInteger(value / 1000) ? `${value / 1000}s` : `${value}ms`
  if (unit === 'tokens' && value !== 0 && Number.isInteger(value / 1000)) return `${value / 1000}k`
  return unit === '$' ? `$${value}` : String(value)
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text.charAt(at))) at += 1
  return at
}

interface Found {
  term: Term
  end: number
}

const fieldStart = /(attribute\.(?:"(?:[^"\\]|\\.)*"|[^\s":=!<>]+)|[A-Za-z_][\w.]*)(!=|>=|<=|[:=<>])/y

function termAt(text: string, start: number): Found {
  const not = text.charAt(start) === '-'
  const at = not ? start + 1 : start
  if (at >= text.length || /\s/.test(text.charAt(at))) throw problem('a minus needs a term after it', start, at)
  fieldStart.lastIndex = at
  const [all = '', name = '', operator = ''] = fieldStart.exec(text) ?? []
  if (all !== '') return fieldTerm(text, { not, start, name, operator, valueAt: at + all.length })
  const { value, end } = valueAt(text, at)
  if (value === '') throw problem('an empty text is in every request', at, end)
  return { term: { kind: 'words', not, text: value }, end }
}

interface Beginning {
  not: boolean
  start: number
  name: string
  operator: string
  valueAt: number
}

function fieldTerm(text: string, { not, start, name, operator, valueAt: from }: Beginning): Found {
  const value = valueAt(text, from)
  const { end } = value
  const turned = not !== (operator === '!=')
  const shown = text.slice(start, from)
  if (end === from) throw problem(`${shown} needs a value; of none: -${name}:*`, start, end)
  const ordered = /[<>]/.test(operator)
  if (name.startsWith('attribute.')) {
    const key = name.slice('attribute.'.length)
    const plain = key.startsWith('"') ? unquoted(key) : key
    if (plain === '') throw problem('an attribute needs a name: attribute.foo:bar', start, from)
    const test = ordered || operator === '=' ? numberTest(operator, value, 'count', from) : null
    if (ordered && !test) throw problem(`${operator} compares with ${unitWords.count}`, from, end)
    return { end, term: { kind: 'attribute', not: turned, key: plain, ...(test ?? textTest(value)) } }
  }
  const field = fieldOf(name)
  if (field === undefined)
    throw problem(
      `there is no field ${name}${nearest(name)}; a text with ${operator} in it stands in quotes`,
      start,
      from,
    )
  const withoutOrder = () => {
    if (ordered) throw problem(`${name} has no order: write ${name}:value or ${name}!=value`, start, from)
  }
  if (isOneOf(field, textFields)) {
    withoutOrder()
    const test = textTest(value)
    if (field === 'status' && test.test === 'equal' && !isOneOf(test.value, requestStatuses))
      throw problem(`status is one of ${requestStatuses.join(', ')}`, from, end)
    return { end, term: { kind: 'text', not: turned, field, ...test } }
  }
  if (isOneOf(field, contentFields)) {
    withoutOrder()
    if (value.value === '') throw problem('an empty text is in every request', from, end)
    return { end, term: { kind: 'content', not: turned, field, text: value.value } }
  }
  if (isOneOf(field, flagFields)) {
    withoutOrder()
    if (value.value !== 'true' && value.value !== 'false') throw problem(`${name} is true or false`, from, end)
    return { end, term: { kind: 'flag', not: turned, field, value: value.value === 'true' } }
  }
  const test = numberTest(operator, value, numberFields[field], from)
  if (!test) throw problem(`${name} is ${unitWords[numberFields[field]]}`, from, end)
  return { end, term: { kind: 'number', not: turned, field, ...test } }
}

const unitWords: Record<Unit, string> = {
  ms: 'a time such as 350ms, 2s or 1.5m',
  tokens: 'a number of tokens such as 500, 8k or 1.2M',
  $: 'an amount in US dollars such as 0.01',
  count: 'a number',
}

interface Value {
  value: string
  /** A star in it is a star. */
  literal: boolean
  end: number
}

/** A bare word, a text in quotes, or a star and a text in quotes in which stars stand for anything. */
function valueAt(text: string, from: number): Value {
  const starred = text.startsWith('*"', from)
  if (text.charAt(from) !== '"' && !starred) {
    let end = from
    while (end < text.length && !/[\s"]/.test(text.charAt(end))) end += 1
    if (text.charAt(end) === '"') throw problem('a quote within a word: put the whole of it in quotes', from, end + 1)
    return { value: text.slice(from, end), literal: false, end }
  }
  const inner = /"((?:[^"\\]|\\[^])*)"/y
  inner.lastIndex = starred ? from + 1 : from
  const match = inner.exec(text)
  if (!match) throw problem('a quote that nothing closes', from, text.length)
  const end = inner.lastIndex
  if (end < text.length && !/\s/.test(text.charAt(end))) throw problem('a space belongs after a quote', from, end + 1)
  return { value: unquoted(match[0]), literal: !starred, end }
}

const unquoted = (text: string) => text.slice(1, -1).replaceAll(/\\([^])/g, '$1')

function textTest({ value, literal }: Value): TextTest {
  if (literal || !value.includes('*')) return { test: 'equal', value }
  return /^\*+$/.test(value) ? { test: 'known' } : { test: 'like', pattern: value }
}

const amount = /^\$?(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(ms|s|m|h|k|M)?$/
const factors: Record<Unit, Readonly<Record<string, number>>> = {
  ms: { ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
  tokens: { k: 1000, M: 1e6 },
  $: {},
  count: { k: 1000, M: 1e6 },
}

/** Null where it is no amount in the unit. */
function numberTest(operator: string, { value, literal }: Value, unit: Unit, from: number): NumberTest | null {
  if (value === '*' && !literal) {
    if (/[<>]/.test(operator)) throw problem('a star has no order', from, from + 1)
    return { test: 'known' }
  }
  const [, digits = '', suffix = ''] = amount.exec(value) ?? []
  const factor = suffix === '' ? 1 : factors[unit][suffix]
  const number = Number(digits) * (factor ?? Number.NaN)
  if (digits === '' || !Number.isFinite(number) || (value.startsWith('$') && unit !== '$')) return null
  const comparison = comparisons.find((known) => known === operator) ?? '='
  return { test: 'compare', comparison, value: number }
}

type AnyField = TextField | NumberField | FlagField | ContentField

function fieldOf(name: string): AnyField | undefined {
  const lower = name.toLowerCase()
  const alias = Object.hasOwn(aliases, lower) ? aliases[lower] : undefined
  if (alias !== undefined) return alias
  if (Object.hasOwn(numberFields, lower)) return lower as NumberField
  return [...textFields, ...flagFields, ...contentFields].find((known) => known === lower)
}

function nearest(name: string): string {
  const begun = fieldNames.find((known) => known.startsWith(name.toLowerCase().slice(0, 3)))
  return begun === undefined ? '' : `, but ${begun}`
}

function isOneOf<T extends string>(value: string, list: readonly T[]): value is T {
  return (list as readonly string[]).includes(value)
}
