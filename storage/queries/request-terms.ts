/** SQL of free terms: known columns of the table named r, every value a bound parameter. */
import type { NumberTest, Term, TextTest } from '../../records/request-query.ts'

export interface TermConditions {
  /** All have to hold. */
  sql: string[]
  params: Record<string, unknown>
}

/** Names in which a bare word is looked for; of ids it has to be the whole. */
const namedIn = [
  'model',
  'requested_model',
  'user_id',
  'session_id',
  'service',
  'team',
  'feature',
  'endpoint',
  'error_type',
]
const ids = ['trace_id', 'span_id', 'request_id']

export function termConditions(terms: readonly Term[]): TermConditions {
  const params: Record<string, unknown> = {}
  const bind = (value: unknown, type: 'String' | 'Float64') => {
    const name = `term_${Object.keys(params).length}`
    params[name] = value
    return `{${name}:${type}}`
  }
  const groups = Map.groupBy(terms.entries(), ([index, term]) => alternativesOf(term) ?? index)
  const sql = [...groups.values()].map((group) => {
    const parts = group.map(([, term]) => conditionOf(term, bind))
    return parts.length === 1 ? parts.join('') : `(${parts.join(' or ')})`
  })
  return { sql, params }
}

/** What a term shares with its alternatives: values that one text field may have. Null where it has none. */
function alternativesOf(term: Term): string | null {
  if (term.not || term.kind === 'words' || term.kind === 'content' || term.kind === 'flag' || term.kind === 'number')
    return null
  return term.kind === 'text' ? term.field : term.test === 'compare' ? null : `attribute ${term.key}`
}

type Bind = (value: unknown, type: 'String' | 'Float64') => string

function conditionOf(term: Term, bind: Bind): string {
  const holds = positive(term, bind)
  return term.not ? `not ${holds}` : holds
}

/** Never null: what is unknown does not fulfil it. */
function positive(term: Term, bind: Bind): string {
  if (term.kind === 'text') return testText(`r.${term.field}`, term, bind)
  if (term.kind === 'number')
    return testNumber(term.field === 'cost_usd' ? 'toFloat64(r.cost_usd)' : `r.${term.field}`, term, bind)
  if (term.kind === 'flag') return `(r.${term.field} = ${term.value ? 'true' : 'false'})`
  if (term.kind === 'content') return contains(`r.${term.field}`, bind(term.text, 'String'))
  if (term.kind === 'attribute') {
    const value = `r.attributes[${bind(term.key, 'String')}]`
    return term.test === 'compare' ? testNumber(`toFloat64OrNull(${value})`, term, bind) : testText(value, term, bind)
  }
  const text = bind(term.text, 'String')
  const named = namedIn.map((column) => contains(`r.${column}`, text))
  return `(${[...named, ...ids.map((column) => `r.${column} = ${text}`)].join(' or ')})`
}

const contains = (column: string, text: string) => `(positionCaseInsensitiveUTF8(${column}, ${text}) > 0)`

function testText(value: string, test: TextTest, bind: Bind): string {
  if (test.test === 'known') return `(${value} != '')`
  if (test.test === 'equal') return `(${value} = ${bind(test.value, 'String')})`
  return `(${value} ilike ${bind(likePattern(test.pattern), 'String')})`
}

function testNumber(value: string, test: NumberTest, bind: Bind): string {
  if (test.test === 'known') return `(${value} is not null)`
  return `ifNull(${value} ${test.comparison} ${bind(test.value, 'Float64')}, false)`
}

const likePattern = (pattern: string) => pattern.replaceAll(/[\\%_]/g, '\\$&').replaceAll(/\*+/g, '%')
