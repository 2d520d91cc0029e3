/** The {name:Type} parameters of a query: which inputs they get, and what of those is sent. */
import { clickhouse } from './sql-dialect.ts'

/** By what an input takes; a `list` is JSON. */
export type ParamInput = 'text' | 'number' | 'time' | 'day' | 'flag' | 'list'

export interface SqlParam {
  name: string
  /** As the query has it. */
  type: string
  input: ParamInput
  /** An empty input is NULL. */
  nullable: boolean
}

/** Bound to the page's time range. */
const ofRange = new Set(['from', 'to'])

/** As the editor colours them: none in strings, quoted names and comments. Each name once, with its first type. */
export function paramsOf(sql: string): SqlParam[] {
  const found = new Map<string, SqlParam>()
  clickhouse.language.parser.parse(sql).iterate({
    enter(node) {
      if (node.name !== 'Braces') return
      const [, name, type = ''] = /^\{\s*([A-Za-z_]\w*)\s*:\s*([^]*?)\s*\}$/.exec(sql.slice(node.from, node.to)) ?? []
      if (name === undefined || ofRange.has(name) || found.has(name)) return
      found.set(name, { name, type, input: inputOf(type), nullable: /^(LowCardinality\()?Nullable\(/.test(type) })
    },
  })
  return [...found.values()]
}

function inputOf(type: string): ParamInput {
  const plain = type.replaceAll(/(LowCardinality|Nullable)\(\s*/g, '')
  if (/^(U?Int\d|B?Float\d|Decimal)/.test(plain)) return 'number'
  if (plain.startsWith('DateTime')) return 'time'
  if (plain.startsWith('Date')) return 'day'
  if (plain.startsWith('Bool')) return 'flag'
  return /^(Array|Map|Tuple)\(/.test(plain) ? 'list' : 'text'
}

/** What is sent of the inputs' texts: an empty one is no value, but for a text that somebody emptied. */
export function sentParams(
  params: readonly SqlParam[],
  texts: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const sent = params.flatMap(({ name, input, nullable }): [string, string | null][] => {
    const text = texts[name]
    if (text !== undefined && (text !== '' || (input === 'text' && !nullable))) return [[name, text]]
    return nullable ? [[name, null]] : []
  })
  return Object.fromEntries(sent)
}

/** The texts of those that a query has, to keep with it. */
export function textsOf(params: readonly SqlParam[], texts: Readonly<Record<string, string>>): Record<string, string> {
  const kept = params.flatMap(({ name }) => (texts[name] === undefined ? [] : [[name, texts[name]]]))
  return Object.fromEntries(kept) as Record<string, string>
}

/** A stored time as an input of the browser shows it, in UTC; null when it cannot. */
export function timeInputOf(text: string): string | null {
  const local = text.replace(' ', 'T').replace(/Z$/, '')
  return local === '' || /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/.test(local) ? local : null
}
