import { useRetention, type Retention } from '../../data/settings.ts'
import {
  formatCounted,
  formatExactly,
  formatAgo,
  formatBytes,
  formatCount,
  formatExact,
  formatIso,
  formatUntil,
  unknown,
} from '../../lib/format.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { Panel } from '../Panel.tsx'
import { Snippet } from '../Snippet.tsx'
import { Table, type Column } from '../Table.tsx'
import { Fixed } from './Fixed.tsx'

type StoredTable = Retention['tables'][number]
type Key = Retention['keys'][number]

const day = 86_400_000

/** For how long each table is kept, who says so, and what goes next. */
export function RetentionSettings() {
  const asked = useRetention()
  return (
    <>
      <Panel
        title="What is kept"
        asked={asked}
        height={160}
        wide
        renderEmpty={({ tables }) => (tables.length === 0 ? <p>There are no tables yet</p> : null)}
        table={tableOf}
      >
        {({ tables, keys, now }) => (
          <Table label="What is kept" columns={columns(keys, now)} rows={tables} id={({ name }) => name} />
        )}
      </Panel>
      {asked.data && (
        <section className="panel panel-wide settings-note" aria-label="How to change it">
          <p className="dim">
            The file alone says how long rows are kept, counted from when they were stored: what a shorter time deletes
            does not come back, so it takes a change that can be reviewed, and a restart. Put what should change into
            it:
          </p>
          <Snippet label="inferwatch.yaml" text={yamlOf(asked.data.keys)} />
        </section>
      )}
    </>
  )
}

function yamlOf(keys: readonly Key[]): string {
  const lines = keys.map(({ path, value, about }) => `  ${path.replace('retention.', '')}: ${value}  # ${about}`)
  return ['retention:', ...lines, ''].join('\n')
}

const tableOf = ({ tables }: Retention): DataTable => ({
  columns: ['table', 'key', 'days', 'content_days', 'rows', 'bytes', 'oldest_at', 'leaving_rows'],
  rows: tables.map((row) => [
    row.name,
    row.key,
    row.days,
    row.content_days,
    row.rows,
    row.bytes,
    isoOf(row.oldest_ms),
    row.leaving_rows,
  ]),
})

const days = (count: number) => `${formatExact(count)} ${count === 1 ? 'day' : 'days'}`

const columns = (keys: readonly Key[], now: number): Column<StoredTable>[] => [
  { key: 'name', head: 'Table', render: ({ name }) => <span className="mono">{name}</span>, sort: ({ name }) => name },
  {
    key: 'days',
    head: 'Kept',
    number: true,
    render: (row) => (row.days === null ? 'for ever' : days(row.days)),
    title: (row) => (row.days === null ? 'it does not grow with what is observed' : undefined),
    sort: (row) => row.days,
  },
  {
    key: 'content',
    head: 'What was said in it',
    hint: 'Prompts and answers: these columns become empty, their rows stay',
    number: true,
    wide: true,
    render: (row) => (row.content_days === null ? unknown : days(Math.min(row.content_days, row.days ?? Infinity))),
    title: (row) => (row.content_days === null ? 'it holds no prompts and answers' : 'retention.content_days'),
    sort: (row) => row.content_days,
  },
  count('rows', 'Rows', (row) => row.rows, 'Stored, replaced ones that no merge took yet among them'),
  {
    key: 'bytes',
    head: 'On disk',
    number: true,
    render: ({ bytes }) => formatBytes(bytes),
    title: ({ bytes }) => `${formatExact(bytes)} bytes`,
    sort: ({ bytes }) => bytes,
  },
  {
    key: 'oldest',
    head: 'Oldest stored',
    number: true,
    wide: true,
    render: ({ oldest_ms }) => formatAgo(oldest_ms, now),
    title: ({ oldest_ms, rows }) =>
      oldest_ms === null ? (rows === 0 ? 'it is empty' : 'not looked for') : formatIso(oldest_ms),
    sort: ({ oldest_ms }) => oldest_ms,
  },
  {
    key: 'next',
    head: 'Goes next',
    hint: 'Rows that are over within 24 hours, else when the oldest is; they go with the next merge of their part',
    number: true,
    wide: true,
    render: (row) => nextOf(row, now),
    title: ({ leaving_rows }) =>
      leaving_rows === null ? undefined : `${formatExactly(leaving_rows, 'row')} within 24 hours`,
    sort: ({ leaving_rows }) => leaving_rows,
  },
  {
    key: 'where',
    head: 'Set by',
    wide: true,
    render: ({ key }) => {
      const set = keys.find(({ path }) => path === key)
      if (key === null || set === undefined) return unknown
      return set.origin === 'default' ? <span title={`${key} is not in the file`}>default</span> : <Fixed at={key} />
    },
  },
]

function count(key: string, head: string, of: (row: StoredTable) => number, hint: string): Column<StoredTable> {
  return {
    key,
    head,
    hint,
    number: true,
    render: (row) => formatCount(of(row)),
    title: (row) => formatExact(of(row)),
    sort: of,
  }
}

function nextOf({ leaving_rows, oldest_ms, days }: StoredTable, now: number): string {
  if (leaving_rows === null || days === null) return 'nothing'
  if (leaving_rows > 0) return `${formatCounted(leaving_rows, 'row')} in 24 h`
  return oldest_ms === null ? unknown : formatUntil(oldest_ms + days * day, now)
}
