import type { Alerts, RuleView } from '../../data/alerts.ts'
import { formatAgo, formatIso, formatMs } from '../../lib/format.ts'
import { isoOf, type DataTable } from '../../lib/table.ts'
import { Status } from '../Status.tsx'
import type { Column } from '../Table.tsx'
import { RowTable } from './RowTable.tsx'
import { healthWords, ruleKey, stateLevels, thresholdOf } from './words.ts'

/** Every rule and how its last evaluation went. */
export function RuleTable({ rows, now }: { rows: readonly RuleView[]; now: number }) {
  return <RowTable label="Rules" columns={columns(now)} rows={rows} id={ruleKey} />
}

const ranks: Record<RuleView['state'], number> = { firing: 2, pending: 1, inactive: 0 }

export const tableOfRules = ({ rules }: Alerts): DataTable => ({
  columns: [
    'rule',
    'group',
    'file',
    'kind',
    'state',
    'firing',
    'pending',
    'side',
    'threshold',
    'unit',
    'window_ms',
    'for_ms',
    'health',
    'last_evaluation_at',
    'duration_ms',
    'last_error',
  ],
  rows: rules.map((row) => [
    row.name,
    row.group,
    row.file,
    row.kind,
    row.state,
    row.firing,
    row.pending,
    row.threshold?.side ?? null,
    row.threshold?.value ?? null,
    row.unit,
    row.window_ms,
    row.for_ms,
    row.health,
    isoOf(row.last_evaluation_at),
    row.duration_ms,
    row.last_error,
  ]),
})

const columns = (now: number): Column<RuleView>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => <Status level={stateLevels[row.state] ?? 'unknown'} word={row.state} />,
    title: (row) => `${row.firing} firing, ${row.pending} pending`,
    sort: (row) => ranks[row.state],
  },
  { key: 'name', head: 'Rule', render: (row) => <b>{row.name}</b>, title: (row) => row.file, sort: (row) => row.name },
  {
    key: 'kind',
    head: 'Kind',
    wide: true,
    render: (row) => row.kind.replaceAll('_', ' '),
    sort: (row) => row.kind,
  },
  { key: 'threshold', head: 'Fires', render: thresholdOf },
  { key: 'window', head: 'Over', number: true, wide: true, render: (row) => formatMs(row.window_ms) },
  {
    key: 'for',
    head: 'For',
    hint: 'How long it must hold before it fires',
    number: true,
    wide: true,
    render: (row) => (row.for_ms === 0 ? 'at once' : formatMs(row.for_ms)),
  },
  {
    key: 'health',
    head: 'Last evaluation',
    render: (row) => (
      <Status
        level={healthWords[row.health][0]}
        word={healthWords[row.health][1]}
        title={row.last_error || undefined}
      />
    ),
    sort: (row) => row.health,
  },
  {
    key: 'took',
    head: 'Took',
    number: true,
    wide: true,
    render: (row) => formatMs(row.duration_ms),
    sort: (row) => row.duration_ms,
  },
  {
    key: 'age',
    head: 'When',
    number: true,
    render: (row) => formatAgo(row.last_evaluation_at, now),
    title: (row) => formatIso(row.last_evaluation_at),
  },
  {
    key: 'error',
    head: 'What is wrong',
    wide: true,
    render: (row) => <span className="wrap">{row.last_error}</span>,
  },
]
