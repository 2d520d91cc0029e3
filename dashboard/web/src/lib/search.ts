/** What the URL holds: time range, filters, live or paused, comparison, marks, time zone, the open request, issue, target or row, what panels are set to, the query and its parameters. All of it may be shared as a link. */
import type { FilterColumn } from '../../../api/app.ts'
import { isTimeZone } from './time-zone.ts'
import { formatBrush, parseBrush, type Brush } from './brush.ts'
import { parseFolded } from './folded.ts'

/** The field's word for each filter column. */
export const filterLabels: Record<FilterColumn, string> = {
  model: 'model',
  provider: 'provider',
  endpoint: 'endpoint',
  environment: 'environment',
  service: 'service',
  team: 'team',
  feature: 'feature',
  user_id: 'user',
  status: 'status',
  operation: 'operation',
  region: 'region',
  instance: 'instance',
  api_key: 'API key',
}

export const filterColumns = Object.keys(filterLabels) as FilterColumn[]

export interface Search {
  /** A duration up to now: 15m, 1h, 7d. Absent together with from/to means 1h. */
  range?: string
  /** Epoch ms; with `to` a fixed range. */
  from?: number
  to?: number
  /** 'off' while paused. */
  live?: 'off'
  /** 'on': charts draw the period before too. 'off': figures say nothing of it either. */
  compare?: 'on' | 'off'
  /** 'off': charts show no marks of what changed. */
  marks?: 'off'
  /** The zone that times are shown in; absent is the reader's own choice. */
  tz?: string
  /** host:port of a server, in addresses from before it had a page of its own. */
  server?: string
  /** trace_id.span_id of the open request. */
  open?: string
  /** Source, reason and subject of the open issue. */
  issue?: string
  /** The address of the open scrape target, or the id of one that is not scraped. */
  target?: string
  /** The query of the SQL page. */
  sql?: string
  /** Values of its parameters by name, as they stand in their inputs. */
  params?: Record<string, string>
  /** The id of a saved query to open. */
  saved?: string
  /** Which of a page's views; its first unless said. */
  view?: string
  /** The open row of a view: an alert, a rule, a silence. */
  row?: string
  /** Words that a list is narrowed to. */
  find?: string
  /** Of the silence that is being made: `model="gpt-4o", team=~"a.*"`; empty at first. */
  matchers?: string
  /** Free filters of requests: `duration>2s team!=search`. */
  q?: string
  /** The brushed part of the heatmap of requests, and what that shows. */
  brush?: Brush
  measure?: HeatmapMeasure
  /** Columns of the list of requests, in their order; the usual ones unless said. */
  cols?: string[]
  /** The folded spans of a trace. */
  folded?: string[]
  /** The line that charts show alone. */
  alone?: string
  /** What panels are set to where that is not the usual, by the name of the choice. */
  set?: Record<string, string>
  /** Of a list: the column that orders it, with a minus in front from the highest down. */
  sort?: string
  /** Of a list: what names have to contain. */
  name?: string
  /** Whose values stand side by side, and which of them the others are compared with. */
  by?: string
  baseline?: string
  filters: Partial<Record<FilterColumn, string[]>>
}

export const heatmapMeasures = ['duration_ms', 'ttft_ms', 'input_tokens', 'output_tokens', 'cost_usd'] as const
export type HeatmapMeasure = (typeof heatmapMeasures)[number]
export const defaultMeasure: HeatmapMeasure = 'duration_ms'

export const presets = ['15m', '1h', '6h', '24h', '7d', '30d'] as const
export const defaultRange = '1h'

/** Longer addresses are refused on their way by some servers, ours among them. */
const maxSqlInUrl = 4000

/** Whether a query and its parameters may stand in the address. */
export function fitsInUrl(sql: string, params: Record<string, string> = {}): boolean {
  return sql.length + Object.entries(params).flat().join('').length <= maxSqlInUrl
}

const maxMatchersInUrl = 4000
const maxQInUrl = 2000

const duration = /^\d{1,6}(m|h|d)$/
/** The API answers about no longer range, in ms, and no later time. */
const longestRange = 732 * 86_400_000
const lastTime = 9e12

/** Reads `?range=6h&model=a&model=b`; what it does not know is dropped. */
export function parseSearch(text: string): Search {
  const query = new URLSearchParams(text)
  const search: Search = { filters: {} }
  const range = query.get('range')
  const [from, to] = [timeOf(query.get('from')), timeOf(query.get('to'))]
  if (from !== undefined && to !== undefined && isAnswered(to - from)) Object.assign(search, { from, to })
  else if (range !== null && duration.test(range) && isAnswered(durationMs(range))) search.range = range
  if (query.get('live') === 'off') search.live = 'off'
  const compare = query.get('compare')
  if (compare === 'on' || compare === 'off') search.compare = compare
  if (query.get('marks') === 'off') search.marks = 'off'
  const tz = query.get('tz')
  if (tz !== null && isTimeZone(tz)) search.tz = tz
  const server = query.get('server')
  if (server !== null && server !== '' && server.length <= 300) search.server = server
  const open = query.get('open')
  if (open !== null && /^[\w-]+\.[\w-]*$/.test(open)) search.open = open
  const issue = query.get('issue')
  if (issue !== null && issue.length <= 400) search.issue = issue
  const target = query.get('target')
  if (target !== null && target.length <= 2000) search.target = target
  const sql = query.get('sql')
  const params = paramsIn(query)
  if (sql !== null && fitsInUrl(sql, params)) {
    search.sql = sql
    if (Object.keys(params).length > 0) search.params = params
  }
  const saved = query.get('saved')
  if (saved !== null && /^[\w-]{1,64}$/.test(saved)) search.saved = saved
  const view = query.get('view')
  if (view !== null && /^[a-z_]{1,30}$/.test(view)) search.view = view
  const row = query.get('row')
  if (row !== null && row.length <= 400) search.row = row
  const find = query.get('find')
  if (find !== null && find !== '' && find.length <= 300) search.find = find
  // Messages link with one `matcher` each.
  const matchers = query.get('matchers') ?? (query.has('matcher') ? query.getAll('matcher').join(', ') : null)
  if (matchers !== null && matchers.length <= maxMatchersInUrl) search.matchers = matchers
  const q = query.get('q')?.trim() ?? ''
  if (q !== '' && q.length <= maxQInUrl) search.q = q
  const brush = parseBrush(query.get('brush'))
  if (brush) search.brush = brush
  const measure = heatmapMeasures.find((known) => known === query.get('measure'))
  if (measure && measure !== defaultMeasure) search.measure = measure
  const cols = query.get('cols')
  if (cols !== null && /^[a-z_][a-z0-9_]{0,39}(,[a-z_][a-z0-9_]{0,39}){0,40}$/.test(cols))
    search.cols = [...new Set(cols.split(','))]
  const folded = parseFolded(query.get('folded'))
  if (folded) search.folded = folded
  const sort = query.get('sort')
  if (sort !== null && /^-?\w{1,40}$/.test(sort)) search.sort = sort
  const alone = query.get('alone')
  if (alone !== null && alone !== '' && alone.length <= 300) search.alone = alone
  const set = choicesIn(query)
  if (Object.keys(set).length > 0) search.set = set
  const by = query.get('by')
  if (by !== null && /^[a-z_]{1,40}$/.test(by)) search.by = by
  for (const key of ['name', 'baseline'] as const) {
    const text = query.get(key)
    if (text !== null && text.length <= 300) search[key] = text
  }
  for (const column of filterColumns) {
    const values = [...new Set(query.getAll(column))]
    if (values.length > 0) search.filters[column] = values
  }
  return search
}

/** The reverse of `parseSearch`; defaults are left out. */
export function formatSearch(search: Search): string {
  const query = new URLSearchParams()
  if (search.from !== undefined && search.to !== undefined) {
    query.set('from', new Date(search.from).toISOString())
    query.set('to', new Date(search.to).toISOString())
  } else if (search.range !== undefined && search.range !== defaultRange) query.set('range', search.range)
  for (const column of filterColumns) for (const value of search.filters[column] ?? []) query.append(column, value)
  if (search.live === 'off') query.set('live', 'off')
  if (search.compare !== undefined) query.set('compare', search.compare)
  if (search.marks !== undefined) query.set('marks', search.marks)
  if (search.tz !== undefined) query.set('tz', search.tz)
  if (search.server !== undefined) query.set('server', search.server)
  if (search.open !== undefined) query.set('open', search.open)
  if (search.issue !== undefined) query.set('issue', search.issue)
  if (search.target !== undefined) query.set('target', search.target)
  if (search.sql !== undefined && fitsInUrl(search.sql, search.params)) {
    query.set('sql', search.sql)
    for (const [name, value] of Object.entries(search.params ?? {})) query.set(`param_${name}`, value)
  }
  if (search.saved !== undefined) query.set('saved', search.saved)
  if (search.view !== undefined) query.set('view', search.view)
  if (search.row !== undefined) query.set('row', search.row)
  if (search.find !== undefined) query.set('find', search.find)
  if (search.matchers !== undefined) query.set('matchers', search.matchers)
  if (search.q !== undefined && search.q !== '') query.set('q', search.q)
  if (search.measure !== undefined && search.measure !== defaultMeasure) query.set('measure', search.measure)
  if (search.brush !== undefined) query.set('brush', formatBrush(search.brush))
  if (search.cols !== undefined && search.cols.length > 0) query.set('cols', search.cols.join(','))
  if (search.folded !== undefined && search.folded.length > 0) query.set('folded', search.folded.join(','))
  if (search.sort !== undefined) query.set('sort', search.sort)
  if (search.alone !== undefined) query.set('alone', search.alone)
  for (const [name, value] of Object.entries(search.set ?? {})) query.append('set', `${name}.${value}`)
  if (search.name !== undefined && search.name !== '') query.set('name', search.name)
  if (search.by !== undefined) query.set('by', search.by)
  if (search.baseline !== undefined) query.set('baseline', search.baseline)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** The query string of an API question about this range and these filters, free ones too. */
export function questionOf(search: Search): Record<string, string | string[]> {
  const range: Record<string, string> =
    search.from !== undefined && search.to !== undefined
      ? { from: String(search.from), to: String(search.to) }
      : { range: search.range ?? defaultRange }
  return { ...range, ...search.filters, ...(search.q !== undefined && { q: search.q }) }
}

/** The same search without any filter. */
export function unfiltered({ q: _q, ...search }: Search): Search {
  return { ...search, filters: {} }
}

/** The same search with one filter value added or, when it was there, taken away. */
export function toggleFilter(search: Search, column: FilterColumn, value: string): Search {
  const before = search.filters[column] ?? []
  const after = before.includes(value) ? before.filter((other) => other !== value) : [...before, value]
  const { [column]: _removed, ...rest } = search.filters
  return { ...search, filters: after.length > 0 ? { ...rest, [column]: after } : rest }
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 }

const durationMs = (text: string) => Number.parseInt(text, 10) * unitMs[text.at(-1) as keyof typeof unitMs]

const isAnswered = (ms: number) => ms > 0 && ms <= longestRange

/** Length of the range in ms. */
export function spanOf(search: Search): number {
  if (search.from !== undefined && search.to !== undefined) return search.to - search.from
  return durationMs(search.range ?? defaultRange)
}

/** Whether pages follow the clock: not when paused, nor on a fixed range. */
export function isLive(search: Search): boolean {
  return search.live !== 'off' && search.from === undefined
}

function paramsIn(query: URLSearchParams): Record<string, string> {
  const named = [...query].flatMap(([key, value]) => {
    const name = /^param_([A-Za-z]\w{0,63}|_[A-Za-z0-9]\w{0,62})$/.exec(key)?.[1]
    return name === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(named) as Record<string, string>
}

/** So many choices hold on one page. */
const maxChoices = 40

/** `set=tokens.input_tokens`: the choice of this name. What was typed to find something may be any text. */
function choicesIn(query: URLSearchParams): Record<string, string> {
  const named = query.getAll('set').flatMap((text) => {
    const [, name, value] =
      /^([a-z0-9-]{1,60})\.([\w-]{1,100})$/.exec(text) ?? /^(find-[a-z0-9-]{1,55})\.(.{1,200})$/.exec(text) ?? []
    return name === undefined || value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(named.slice(0, maxChoices))
}

function timeOf(text: string | null): number | undefined {
  if (text === null) return undefined
  const at = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  return at >= 0 && at < lastTime ? at : undefined
}
