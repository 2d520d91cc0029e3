import { useAlertHistory, type DeliveryRow, type FiringRow } from '../../data/alerts.ts'
import { formatAgo, formatIso, formatMs } from '../../lib/format.ts'
import { Panel } from '../Panel.tsx'
import { Status, type Level } from '../Status.tsx'
import { Table, type Column } from '../Table.tsx'
import { FiringTimeline } from './FiringTimeline.tsx'
import { labelText } from './words.ts'

/** What fired in the range, and who was told. */
export function History() {
  const asked = useAlertHistory()
  return (
    <>
      <Panel
        title="Fired"
        hint="From the evaluation that found it firing to the one that found it over"
        asked={asked}
        height={200}
        wide
        renderEmpty={(data) => (data.firings.length === 0 ? <p>Nothing fired in this range</p> : null)}
        table={(data) => ({
          columns: ['alert', 'labels', 'from', 'to', 'value'],
          rows: data.firings.map((row) => [
            nameOf(row),
            labelText(row.labels),
            formatIso(row.from_ms),
            row.to_ms === null ? '' : formatIso(row.to_ms),
            row.value,
          ]),
        })}
      >
        {(data) => (
          <>
            <FiringTimeline firings={data.firings} from={data.from} to={data.to} />
            <Table
              label="Fired"
              columns={firingColumns(data.to)}
              rows={data.firings}
              id={(row) => `${row.group} ${row.rule} ${row.fingerprint} ${row.from_ms}`}
              maxHeight={420}
            />
          </>
        )}
      </Panel>
      <Panel
        title="Told"
        hint="Notifications, as their last attempt left them"
        asked={asked}
        height={160}
        wide
        renderEmpty={(data) => (data.deliveries.length === 0 ? <p>Nobody was told of anything in this range</p> : null)}
        table={(data) => ({
          columns: Object.keys(data.deliveries[0] ?? {}),
          rows: data.deliveries.map((row) => Object.values(row)),
        })}
      >
        {(data) => (
          <Table
            label="Told"
            columns={deliveryColumns(data.to)}
            rows={data.deliveries}
            id={(row) => `${row.id} ${row.receiver} ${row.channel}`}
            maxHeight={420}
          />
        )}
      </Panel>
    </>
  )
}

const nameOf = (row: FiringRow) => row.labels['alertname'] ?? row.rule

const firingColumns = (now: number): Column<FiringRow>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) =>
      row.to_ms === null ? <Status level="critical" word="firing" /> : <Status level="ok" word="resolved" />,
    sort: (row) => (row.to_ms === null ? 1 : 0),
  },
  { key: 'alert', head: 'Alert', render: (row) => <b>{nameOf(row)}</b>, sort: nameOf },
  {
    key: 'labels',
    head: 'Labels',
    wide: true,
    render: (row) => <span className="wrap dim">{labelText(row.labels)}</span>,
  },
  {
    key: 'from',
    head: 'From',
    number: true,
    render: (row) => formatAgo(row.from_ms, now),
    title: (row) => formatIso(row.from_ms),
    sort: (row) => row.from_ms,
  },
  {
    key: 'lasted',
    head: 'For',
    number: true,
    render: (row) => formatMs((row.to_ms ?? now) - row.from_ms),
    title: (row) => (row.to_ms === null ? 'it still fires' : `until ${formatIso(row.to_ms)}`),
    sort: (row) => (row.to_ms ?? now) - row.from_ms,
  },
]

const outcomes: Record<string, [Level, string]> = {
  sent: ['ok', 'sent'],
  retry: ['warning', 'will be tried again'],
  failed: ['critical', 'failed'],
  expired: ['critical', 'given up'],
}

const deliveryColumns = (now: number): Column<DeliveryRow>[] => [
  {
    key: 'outcome',
    head: 'Outcome',
    render: ({ outcome }) => {
      const [level, word] = outcomes[outcome] ?? ['unknown', outcome]
      return <Status level={level} word={word} />
    },
    sort: (row) => row.outcome,
  },
  {
    key: 'when',
    head: 'When',
    number: true,
    render: (row) => formatAgo(row.last_ms, now),
    title: (row) => formatIso(row.last_ms),
    sort: (row) => row.last_ms,
  },
  {
    key: 'to',
    head: 'To',
    render: (row) => (
      <>
        <b>{row.receiver}</b> <span className="dim">{row.channel}</span>
      </>
    ),
    sort: (row) => `${row.receiver} ${row.channel}`,
  },
  { key: 'title', head: 'What', render: (row) => <span className="wrap">{row.title}</span> },
  {
    key: 'reason',
    head: 'Why',
    wide: true,
    render: (row) => row.reason.replaceAll('_', ' '),
    sort: (row) => row.reason,
  },
  {
    key: 'attempts',
    head: 'Attempts',
    number: true,
    wide: true,
    render: (row) => row.attempts,
    sort: (row) => row.attempts,
  },
  {
    key: 'took',
    head: 'Took',
    hint: 'From the beginning of the first attempt to the end of the last',
    number: true,
    wide: true,
    render: (row) => formatMs(row.took_ms),
  },
  { key: 'error', head: 'What is wrong', wide: true, render: (row) => <span className="wrap">{row.error}</span> },
]
