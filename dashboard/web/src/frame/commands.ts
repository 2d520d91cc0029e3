/** Everything the palette can do, as data: what it is called, and what happens. */
import type { SchemaAnswer } from '../data/sql.ts'
import type { FilterValue } from '../data/overview.ts'
import { addressOf } from '../lib/elsewhere.ts'
import { presets, toggleFilter, type Search } from '../lib/search.ts'
import { segmentOf } from '../lib/segment.ts'
import { upToNow } from '../lib/time-travel.ts'
import { pages } from './pages.ts'
import { withCompare, withLive, withMarks } from './switches.ts'

export interface Command {
  /** Unique. */
  id: string
  group: string
  word: string
  /** How one gets there without the palette, or what more it says. */
  hint?: string
  run: Run
}

/** An address to go to, a change of this page's search, or something that the palette does for it. */
export type Run =
  | { go: string }
  | { change: (search: Search) => Search }
  | { scheme: 'light' | 'dark' | 'auto' }
  | { zone: string | undefined }
  | { open: 'help' | 'range' }
  | { annotate: true }

const rangeWords: Record<(typeof presets)[number], string> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
}

/** Pages of one thing, by the filter column that names it. */
const thingPages = [
  { column: 'model', group: 'Models', path: (name: string) => `/models/${encodeURIComponent(segmentOf(name))}` },
  {
    column: 'endpoint',
    group: 'Endpoints',
    path: (name: string) => `/endpoints/${encodeURIComponent(segmentOf(name))}`,
  },
  { column: 'user_id', group: 'Users', path: (name: string) => `/users/${encodeURIComponent(segmentOf(name))}` },
] as const

interface Known {
  search: Search
  /** What the range holds. */
  values: readonly FilterValue[]
  /** host:port of scraped servers. */
  servers: readonly string[]
  questions: SchemaAnswer['questions']
}

export function commandsOf({ search, values, servers, questions }: Known): Command[] {
  return [
    ...pages.map(({ to, word, key }): Command => ({
      id: `page ${to}`,
      group: 'Pages',
      word,
      hint: `g ${key}`,
      run: { go: addressOf(to, search) },
    })),
    ...switches(search),
    ...presets.map((range): Command => ({
      id: `range ${range}`,
      group: 'Time range',
      word: rangeWords[range],
      run: { change: ({ from: _from, to: _to, ...rest }) => ({ ...rest, range }) },
    })),
    ...thingPages.flatMap(({ column, group, path }) =>
      values
        .filter((known) => known.column === column)
        .map(({ value }): Command => ({
          id: `${column} ${value}`,
          group,
          word: value,
          run: { go: addressOf(path(value), search) },
        })),
    ),
    ...servers.map((server): Command => ({
      id: `server ${server}`,
      group: 'Servers',
      word: server,
      run: { go: addressOf(`/servers/${encodeURIComponent(segmentOf(server))}`, search) },
    })),
    ...values.map(({ column, value }): Command => ({
      id: `filter ${column} ${value}`,
      group: 'Filter',
      word: `${column}: ${value}`,
      run: { change: (before) => toggleFilter(before, column, value) },
    })),
    ...questions.map(({ title, sql }): Command => ({
      id: `sql ${title}`,
      group: 'SQL questions',
      word: title,
      run: { go: addressOf('/sql', search, { sql }) },
    })),
  ]
}

function switches(search: Search): Command[] {
  const live = search.live !== 'off' && search.to === undefined
  const every: [word: string, run: Run, hint?: string][] = [
    [live ? 'Pause' : 'Follow new data', { change: withLive }, 'l'],
    [search.compare === 'on' ? 'Stop comparing' : 'Compare with the period before', { change: withCompare }, 'c'],
    [search.marks === 'off' ? 'Show marks on charts' : 'Hide marks on charts', { change: withMarks }, 'm'],
    ...(search.to === undefined
      ? []
      : ([['Back to live', { change: (before: Search) => upToNow(before) }]] as [string, Run][])),
    ['Go to a time', { open: 'range' }, 't'],
    ['Annotate the time at the cursor', { annotate: true }, 'a'],
    ['Light colours', { scheme: 'light' }],
    ['Dark colours', { scheme: 'dark' }],
    ['Colours as the system', { scheme: 'auto' }],
    ['Times in UTC', { zone: 'UTC' }],
    ['Times in the zone of this browser', { zone: undefined }],
    ['All keys', { open: 'help' }, '?'],
  ]
  return every.map(([word, run, hint]) => {
    const command: Command = { id: `switch ${word}`, group: 'This page', word, run }
    if (hint !== undefined) command.hint = hint
    return command
  })
}

/** A trace's id that was pasted, as a link, a log line or alone. */
export function traceIn(text: string): string | null {
  return /(?<![0-9a-f])([0-9a-f]{32})(?![0-9a-f])/i.exec(text)?.[1]?.toLowerCase() ?? null
}
