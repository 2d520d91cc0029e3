import { useAlertGroups, type AlertGroup, type AlertGroups } from '../../data/alert-groups.ts'
import { formatAgo, formatIso, formatUntil, unknown } from '../../lib/format.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { useSearch } from '../../lib/use-search.ts'
import { Panel } from '../Panel.tsx'
import { Side } from '../Side.tsx'
import { Status } from '../Status.tsx'
import type { Column } from '../Table.tsx'
import { GroupDetail } from './GroupDetail.tsx'
import { groupState, lastTold, nextWord, setText } from './group-words.ts'
import { RowTable } from './RowTable.tsx'

/** What is told together, to whom, and what people do about it. */
export function Groups() {
  const asked = useAlertGroups()
  const [search, change] = useSearch()
  const open = asked.data?.groups.find(({ id }) => id === search.row)
  return (
    <>
      <Panel
        title="Groups"
        asked={asked}
        height={160}
        wide
        renderEmpty={({ groups }) =>
          groups.length === 0 ? <p>Groups show once an alert fires: nothing does</p> : null
        }
        table={tableOf}
      >
        {({ groups }) => (
          <RowTable label="Groups" columns={columns(asked.dataUpdatedAt)} rows={groups} id={({ id }) => id} />
        )}
      </Panel>
      <Side title="Group" opened={open !== undefined} onClose={() => change(({ row: _row, ...rest }) => rest)}>
        {open && <GroupDetail key={open.id} group={open} now={asked.dataUpdatedAt} />}
      </Side>
    </>
  )
}

const notTold = ({ alerts }: AlertGroup) => alerts.filter(({ muted_by }) => muted_by.length > 0).length

const tableOf = ({ groups }: AlertGroups): DataTable => ({
  columns: ['state', 'group', 'receiver', 'alerts', 'not_told', 'last_told', 'next_look', 'acknowledged_by', 'comment'],
  rows: groups.map((row) => [
    groupState(row).word,
    setText(row.labels),
    row.receiver,
    row.alerts.length,
    notTold(row),
    isoOf(lastTold(row)),
    isoOf(row.next_flush_at),
    row.acknowledged?.by ?? null,
    row.acknowledged?.comment ?? null,
  ]),
})

const columns = (now: number): Column<AlertGroup>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => <Status {...groupState(row)} />,
    sort: ({ state }) => (state === 'firing' ? 2 : state === 'muted' ? 1 : 0),
  },
  {
    key: 'labels',
    head: 'Group',
    render: (row) => <b className="wrap">{setText(row.labels)}</b>,
    title: (row) => row.key,
  },
  { key: 'receiver', head: 'Told to', render: (row) => row.receiver, sort: (row) => row.receiver },
  {
    key: 'alerts',
    head: 'Alerts',
    number: true,
    render: ({ alerts }) => String(alerts.length),
    sort: ({ alerts }) => alerts.length,
  },
  {
    key: 'muted',
    head: 'Not told',
    hint: 'Alerts that fire and are silenced, inhibited or muted',
    number: true,
    render: (row) => String(notTold(row)),
  },
  {
    key: 'told',
    head: 'Last told',
    number: true,
    render: (row) => formatAgo(lastTold(row), now),
    title: (row) => formatIso(lastTold(row)),
    sort: lastTold,
  },
  {
    key: 'next',
    head: 'Next',
    number: true,
    wide: true,
    render: (row) => nextWord(row, now),
  },
  {
    key: 'look',
    head: 'Next look',
    hint: 'When changes of the group are looked at again',
    number: true,
    wide: true,
    render: (row) => formatUntil(row.next_flush_at, now),
    title: (row) => formatIso(row.next_flush_at),
  },
  {
    key: 'acknowledged',
    head: 'Acknowledged by',
    wide: true,
    render: ({ acknowledged }) => <span className="clip">{acknowledged?.by ?? unknown}</span>,
    title: ({ acknowledged }) => acknowledged?.comment || undefined,
  },
]
