import { useMemo } from 'react'
import { useAlerts, type ActiveAlert, type ChannelView, type RuleView } from '../data/alerts.ts'
import { formatAgo, formatIso, formatMs, formatRatio, formatUsdPerHour, significant, unknown } from '../lib/format.ts'
import { summaryOf } from '../panels/FiringAlerts.tsx'
import { Failure, PanelSkeleton } from '../panels/states.tsx'
import { Status, type Level } from '../panels/Status.tsx'
import { Table, type Column } from '../panels/Table.tsx'

/** What fires or is about to, every rule's last evaluation, and where notifications go. */
export default function Alerts() {
  const { data, error, isPending, refetch, dataUpdatedAt } = useAlerts()
  const rank = useMemo(
    () => data?.active.toSorted((a, b) => Number(b.state === 'firing') - Number(a.state === 'firing')),
    [data],
  )
  if (isPending) return <PanelSkeleton height={320} />
  if (!data) return <Failure error={error ?? new Error('no answer')} retry={() => void refetch()} height={320} />
  return (
    <div className="panels">
      <Section title="Active" empty="Nothing fires and nothing is pending" rows={rank ?? []}>
        {(rows) => (
          <Table
            label="Active alerts"
            columns={activeColumns(dataUpdatedAt)}
            rows={rows}
            id={(row) => row.fingerprint}
          />
        )}
      </Section>
      <Section title="Rules" empty="Rules show once a file under alerts.rules holds one" rows={data.rules}>
        {(rows) => (
          <Table
            label="Rules"
            columns={ruleColumns(dataUpdatedAt)}
            rows={rows}
            id={(row) => `${row.group} ${row.name} ${row.file} ${row.sql ?? ''}`}
          />
        )}
      </Section>
      <Section
        title="Channels"
        empty="Channels show once alerts.receivers in inferwatch.yaml lists some"
        rows={data.channels}
      >
        {(rows) => (
          <Table
            label="Channels"
            columns={channelColumns(dataUpdatedAt)}
            rows={rows}
            id={(row) => `${row.receiver} ${row.channel}`}
          />
        )}
      </Section>
    </div>
  )
}

interface SectionProps<Row> {
  title: string
  empty: string
  rows: readonly Row[]
  children: (rows: readonly Row[]) => React.ReactNode
}

function Section<Row>({ title, empty, rows, children }: SectionProps<Row>) {
  return (
    <section className="panel panel-wide" aria-label={title}>
      <header className="panel-head">
        <h2>{title}</h2>
      </header>
      <div className="panel-body">{rows.length === 0 ? <p className="panel-empty">{empty}</p> : children(rows)}</div>
    </section>
  )
}

const withUnit = (unit: string) => (value: number | null) => (value === null ? unknown : `${significant(value)}${unit}`)

const units: Record<ActiveAlert['unit'], (value: number | null) => string> = {
  ms: formatMs,
  ratio: formatRatio,
  usd_per_hour: formatUsdPerHour,
  celsius: withUnit(' °C'),
  watts: withUnit(' W'),
  per_second: withUnit('/s'),
  per_minute: withUnit('/min'),
  number: withUnit(''),
}

/** above 5 s */
const thresholdOf = ({ threshold, unit }: Pick<RuleView, 'threshold' | 'unit'>) =>
  threshold ? `${threshold.side} ${units[unit](threshold.value)}` : unknown

const stateLevels: Record<string, Level> = { firing: 'critical', pending: 'warning', inactive: 'ok' }

const activeColumns = (now: number): Column<ActiveAlert>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => <Status level={stateLevels[row.state] ?? 'unknown'} word={row.state} />,
  },
  { key: 'name', head: 'Alert', render: (row) => <b>{row.labels.alertname ?? row.rule}</b>, title: (row) => row.group },
  { key: 'summary', head: 'What', render: (row) => <span className="wrap">{summaryOf(row)}</span> },
  {
    key: 'value',
    head: 'Value',
    number: true,
    render: (row) => units[row.unit](row.value),
    title: (row) => thresholdOf(row),
  },
  { key: 'threshold', head: 'Threshold', number: true, wide: true, render: thresholdOf },
  {
    key: 'labels',
    head: 'Labels',
    wide: true,
    render: (row) => (
      <span className="wrap dim">
        {Object.entries(row.labels)
          .filter(([name]) => name !== 'alertname')
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')}
      </span>
    ),
  },
  {
    key: 'since',
    head: 'Since',
    number: true,
    render: (row) => formatAgo(row.firing_since ?? row.active_at, now),
    title: (row) => formatIso(row.firing_since ?? row.active_at),
  },
]

const health: Record<RuleView['health'], [Level, string]> = {
  ok: ['ok', 'ok'],
  err: ['critical', 'failed'],
  unknown: ['unknown', 'not yet evaluated'],
}

const ruleColumns = (now: number): Column<RuleView>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => <Status level={stateLevels[row.state] ?? 'unknown'} word={row.state} />,
    title: (row) => `${row.firing} firing, ${row.pending} pending`,
  },
  { key: 'name', head: 'Rule', render: (row) => <b>{row.name}</b>, title: (row) => row.file, sort: (row) => row.name },
  { key: 'kind', head: 'Kind', wide: true, render: (row) => row.kind.replaceAll('_', ' ') },
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
      <Status level={health[row.health][0]} word={health[row.health][1]} title={row.last_error || undefined} />
    ),
  },
  { key: 'took', head: 'Took', number: true, wide: true, render: (row) => formatMs(row.duration_ms) },
  {
    key: 'age',
    head: 'When',
    number: true,
    render: (row) => formatAgo(row.last_evaluation_at, now),
    title: (row) => formatIso(row.last_evaluation_at),
  },
  { key: 'error', head: 'What is wrong', render: (row) => <span className="wrap">{row.last_error}</span> },
]

const channelColumns = (now: number): Column<ChannelView>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) =>
      row.last_attempt_at === null ? (
        <Status level="unknown" word="unused" title="Nothing was sent yet" />
      ) : (
        <Status level={row.healthy ? 'ok' : 'critical'} word={row.healthy ? 'ok' : 'failing'} />
      ),
  },
  { key: 'receiver', head: 'Receiver', render: (row) => <b>{row.receiver}</b> },
  { key: 'channel', head: 'Channel', render: (row) => row.channel },
  { key: 'queued', head: 'Waiting', number: true, render: (row) => String(row.queued) },
  {
    key: 'sent',
    head: 'Last sent',
    number: true,
    render: (row) => formatAgo(row.last_success_at, now),
    title: (row) => formatIso(row.last_success_at),
  },
  { key: 'error', head: 'What is wrong', render: (row) => <span className="wrap">{row.last_error}</span> },
]
