/** What may follow in a query: columns of the tables that it names, tables, functions, keywords, with what they mean. */
export interface CompletionTable {
  name: string
  kind: string
  comment: string
  columns: { name: string; type: string; unit: string | null; comment: string }[]
}

export interface Suggestion {
  label: string
  type: 'property' | 'class' | 'function' | 'keyword'
  detail?: string
  info?: string
  boost: number
}

const keywords =
  'SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT WITH AS JOIN LEFT INNER ON AND OR NOT IN BETWEEN IS NULL DESC ASC DISTINCT CASE WHEN THEN ELSE END UNION ALL INTERVAL DAY HOUR MINUTE MONTH NULLS LAST EXPLAIN'.split(
    ' ',
  )
const functions =
  'count countIf sum sumIf avg min max any argMin argMax uniqExact quantile quantileExact quantilesTDigestMerge round floor if multiIf ifNull toStartOfMinute toStartOfHour toStartOfDay toStartOfMonth toStartOfInterval toDate toDateTime now today formatReadableSize concat lower position splitByChar arrayJoin'.split(
    ' ',
  )

/** For the word that ends at `at`; columns of a table only after its name or alias and a dot. */
export function suggestionsAt(text: string, at: number, tables: readonly CompletionTable[]): Suggestion[] {
  const before = /(?:(\w+)\.)?\w*$/.exec(text.slice(0, at))
  const named = tablesIn(text, tables)
  const owner = before?.[1]
  if (owner !== undefined) return columnsOf(named.filter(({ alias, table }) => alias === owner || table.name === owner))
  if (/\b(from|join)\s+\w*$/i.test(text.slice(0, at))) return tables.map(tableSuggestion)
  return [
    ...columnsOf(named),
    ...tables.map(tableSuggestion),
    ...functions.map((label): Suggestion => ({ label, type: 'function', boost: 0 })),
    ...keywords.map((label): Suggestion => ({ label, type: 'keyword', boost: -1 })),
    ...['from', 'to'].map((name): Suggestion => ({
      label: `{${name}:DateTime64(3)}`,
      type: 'keyword',
      detail: 'time range of the page',
      boost: -1,
    })),
  ]
}

interface NamedTable {
  table: CompletionTable
  alias: string | undefined
}

function tablesIn(text: string, tables: readonly CompletionTable[]): NamedTable[] {
  return [...text.matchAll(/\b(?:from|join)\s+(\w+)(?:\s+(?:as\s+)?(\w+))?/gi)].flatMap(([, name, alias]) => {
    const table = tables.find((known) => known.name === name)
    return table ? [{ table, alias }] : []
  })
}

function columnsOf(named: readonly NamedTable[]): Suggestion[] {
  const all = named.flatMap(({ table }) => table.columns)
  return [...new Map(all.map((column) => [column.name, column])).values()].map(({ name, type, unit, comment }) => ({
    label: name,
    type: 'property',
    detail: unit ?? type,
    info: comment,
    boost: 2,
  }))
}

function tableSuggestion({ name, kind, comment }: CompletionTable): Suggestion {
  return { label: name, type: 'class', detail: kind, info: comment, boost: kind === 'view' ? 1 : 0 }
}
