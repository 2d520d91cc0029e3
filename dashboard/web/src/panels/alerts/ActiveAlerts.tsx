import { useAlertGroups, type AlertGroup } from '../../data/alert-groups.ts'
import type { ActiveAlert, Alerts } from '../../data/alerts.ts'
import { formatAgo, formatIso } from '../../lib/format.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { Status } from '../Status.tsx'
import { careWord } from './group-words.ts'
import { RowTable } from './RowTable.tsx'
import type { Column } from '../Table.tsx'
import { formatValue, labelText, stateLevels, summaryOf, thresholdOf } from './words.ts'

/** What fires, then what is about to. */
export function ActiveAlerts({ rows, now }: { rows: readonly ActiveAlert[]; now: number }) {
  const groups = useAlertGroups().data?.groups ?? []
  const ranked = rows.toSorted((a, b) => Number(b.state === 'firing') - Number(a.state === 'firing'))
  return <RowTable label="Active alerts" columns={columns(now, groups)} rows={ranked} id={(row) => row.fingerprint} />
}

export const activeTable = ({ active }: Alerts): DataTable => ({
  columns: ['alert', 'state', 'summary', 'value', 'unit', 'threshold', 'labels', 'active_at', 'firing_since'],
  rows: active.map((row) => [
    row.labels.alertname ?? row.rule,
    row.state,
    summaryOf(row),
    row.value,
    row.unit,
    row.threshold?.value ?? null,
    labelText(row.labels),
    isoOf(row.active_at),
    isoOf(row.firing_since),
  ]),
})

const columns = (now: number, groups: readonly AlertGroup[]): Column<ActiveAlert>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => {
      const care = careWord(row.fingerprint, groups)
      return (
        <>
          <Status level={stateLevels[row.state] ?? 'unknown'} word={row.state} />
          {care && <span className="dim">, {care}</span>}
        </>
      )
    },
  },
  { key: 'name', head: 'Alert', render: (row) => <b>{row.labels.alertname ?? row.rule}</b>, title: (row) => row.group },
  { key: 'summary', head: 'What', render: (row) => <span className="wrap">{summaryOf(row)}</span> },
  {
    key: 'value',
    head: 'Value',
    number: true,
    render: (row) => formatValue(row.value, row.unit),
    title: (row) => thresholdOf(row),
  },
  { key: 'threshold', head: 'Threshold', number: true, wide: true, render: thresholdOf },
  {
    key: 'labels',
    head: 'Labels',
    wide: true,
    render: (row) => <span className="wrap dim">{labelText(row.labels)}</span>,
  },
  {
    key: 'since',
    head: 'Since',
    number: true,
    render: (row) => formatAgo(row.firing_since ?? row.active_at, now),
    title: (row) => formatIso(row.firing_since ?? row.active_at),
  },
]
