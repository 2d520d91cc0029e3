import { useSilences, type Silence, type Silences as Answer } from '../../data/silences.ts'
import { formatAgo, formatIso, formatUntil } from '../../lib/format.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Panel } from '../Panel.tsx'
import { Side } from '../Side.tsx'
import { Status } from '../Status.tsx'
import type { Column } from '../Table.tsx'
import { RowTable } from './RowTable.tsx'
import { SilenceDetail } from './SilenceDetail.tsx'
import { SilenceForm } from './SilenceForm.tsx'
import { Windows } from './Windows.tsx'
import { silenceLevels } from './words.ts'

/** Who may not be told of what, until when and why; made, changed and ended here. */
export function Silences() {
  const asked = useSilences()
  const [search, change] = useSearch()
  const open = asked.data?.silences.find(({ id }) => id === search.row)
  const { matchers } = search
  return (
    <>
      <Panel
        title="Silences"
        asked={asked}
        height={160}
        wide
        controls={
          <button
            type="button"
            className="control"
            onClick={() => change(({ row: _row, ...rest }) => ({ ...rest, matchers: '' }))}
          >
            New silence
          </button>
        }
        renderEmpty={({ silences }) => (silences.length === 0 ? <p>Nothing is silenced</p> : null)}
        table={tableOf}
      >
        {({ silences }) => (
          <RowTable label="Silences" columns={columns(asked.dataUpdatedAt)} rows={silences} id={({ id }) => id} />
        )}
      </Panel>
      <Windows />
      <Side
        title="Silence"
        opened={matchers !== undefined || open !== undefined}
        onClose={() => change(({ row: _row, matchers: _matchers, ...rest }) => rest)}
      >
        {matchers !== undefined ? (
          <SilenceForm
            key={matchers}
            before={null}
            matchers={matchers}
            onSaved={({ id }) => change(({ matchers: _matchers, ...rest }) => ({ ...rest, row: id }))}
          />
        ) : (
          open && (
            <SilenceDetail
              key={open.id}
              silence={open}
              now={asked.dataUpdatedAt}
              onSaved={({ id }) => change((before) => ({ ...before, row: id }), { replace: true })}
            />
          )
        )}
      </Side>
    </>
  )
}

const tableOf = ({ silences }: Answer): DataTable => ({
  columns: ['id', 'state', 'name', 'matchers', 'starts_at', 'ends_at', 'created_by', 'comment'],
  rows: silences.map((row) => [
    row.id,
    row.state,
    row.name,
    row.text,
    isoOf(row.starts_at),
    isoOf(row.ends_at),
    row.created_by,
    row.comment,
  ]),
})

function Named({ name, text }: Pick<Silence, 'name' | 'text'>) {
  return (
    <span className="wrap">
      {name !== '' && <b>{name} </b>}
      <span className="mono">{text}</span>
    </span>
  )
}

/** Ends later than anybody looks: it has no end. */
const farAwayMs = 50 * 365 * 86_400_000

const columns = (now: number): Column<Silence>[] => [
  {
    key: 'state',
    head: 'State',
    render: ({ state }) => <Status level={silenceLevels[state]} word={state} />,
    sort: ({ state }) => state,
  },
  { key: 'matchers', head: 'Silences', render: ({ name, text }) => <Named name={name} text={text} /> },
  {
    key: 'until',
    head: 'Until',
    number: true,
    render: ({ state, ends_at }) =>
      state === 'expired' ? formatAgo(ends_at, now) : ends_at - now > farAwayMs ? 'no end' : formatUntil(ends_at, now),
    title: ({ ends_at }) => formatIso(ends_at),
    sort: ({ ends_at }) => ends_at,
  },
  {
    key: 'by',
    head: 'By',
    render: ({ created_by }) => <span className="clip">{created_by}</span>,
    sort: ({ created_by }) => created_by,
  },
  { key: 'comment', head: 'Why', wide: true, render: ({ comment }) => <span className="wrap">{comment}</span> },
]
