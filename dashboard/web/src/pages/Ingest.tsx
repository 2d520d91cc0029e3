import { useIssues, useTargets, type IssueRow, type TargetRow } from '../data/ingest.ts'
import { formatAgo, formatCount, formatExact, formatIso, formatMs } from '../lib/format.ts'
import { Panel } from '../panels/Panel.tsx'
import { Status, type Level } from '../panels/Status.tsx'
import { Table, type Column } from '../panels/Table.tsx'

const levels: Record<string, Level> = { up: 'ok', down: 'critical', unknown: 'unknown' }

/** Is what should come in coming in: scrape targets, and what was refused. */
export default function Ingest() {
  const targets = useTargets()
  const issues = useIssues()
  const now = issues.data?.to ?? 0
  return (
    <div className="panels">
      <Panel
        title="Scrape targets"
        asked={targets}
        height={160}
        wide
        renderEmpty={(data) =>
          data.targets.length === 0 ? <p>Targets show once scrape.targets in inferwatch.yaml lists some</p> : null
        }
        table={(data) => ({
          columns: Object.keys(data.targets[0] ?? {}),
          rows: data.targets.map((row) => Object.values(row)),
        })}
      >
        {(data) => (
          <Table label="Scrape targets" columns={targetColumns(now)} rows={data.targets} id={(row) => row.url} />
        )}
      </Panel>
      <Panel
        title="Refused, dropped or cut"
        hint="Items that could not be taken as they came, by reason; the rest of their batch was kept"
        asked={issues}
        height={160}
        wide
        renderEmpty={(data) => (data.issues.length === 0 ? <p>Nothing was refused in this range</p> : null)}
        table={(data) => ({
          columns: Object.keys(data.issues[0] ?? {}),
          rows: data.issues.map((row) => Object.values(row)),
        })}
      >
        {(data) => (
          <Table
            label="Ingest issues"
            columns={issueColumns(now)}
            rows={data.issues}
            id={(row) => `${row.source} ${row.reason}`}
            sortBy="items"
          />
        )}
      </Panel>
    </div>
  )
}

const targetColumns = (now: number): Column<TargetRow>[] => [
  {
    key: 'state',
    head: 'State',
    render: (row) => <Status level={levels[row.state] ?? 'unknown'} word={row.state} />,
    sort: (row) => row.state,
  },
  { key: 'url', head: 'Target', render: (row) => <span className="mono">{row.url}</span>, sort: (row) => row.url },
  {
    key: 'kind',
    head: 'Kind',
    render: (row) => row.kind || '—',
    title: (row) => (row.kind === '' ? 'no page was recognised yet' : undefined),
  },
  { key: 'endpoint', head: 'Endpoint', wide: true, render: (row) => row.endpoint },
  {
    key: 'duration',
    head: 'Scrape',
    number: true,
    render: (row) => formatMs(row.duration_ms),
    sort: (row) => row.duration_ms,
  },
  {
    key: 'series',
    head: 'Series',
    number: true,
    wide: true,
    render: (row) => formatCount(row.series),
    title: (row) => formatExact(row.series),
    sort: (row) => row.series,
  },
  {
    key: 'samples',
    head: 'Samples',
    number: true,
    wide: true,
    render: (row) => formatCount(row.samples),
    sort: (row) => row.samples,
  },
  {
    key: 'age',
    head: 'Last',
    number: true,
    render: (row) => formatAgo(row.timestamp_ms, now),
    title: (row) => formatIso(row.timestamp_ms),
  },
  { key: 'error', head: 'What is wrong', render: (row) => <span className="wrap">{row.error}</span> },
]

const issueColumns = (now: number): Column<IssueRow>[] => [
  { key: 'source', head: 'Source', render: (row) => row.source.replaceAll('_', ' '), sort: (row) => row.source },
  { key: 'reason', head: 'Reason', render: (row) => row.reason.replaceAll('_', ' '), sort: (row) => row.reason },
  {
    key: 'items',
    head: 'Items',
    number: true,
    render: (row) => formatCount(row.items),
    title: (row) => formatExact(row.items),
    sort: (row) => row.items,
  },
  {
    key: 'last',
    head: 'Last',
    number: true,
    render: (row) => formatAgo(row.last_ms, now),
    title: (row) => formatIso(row.last_ms),
    sort: (row) => row.last_ms,
  },
  { key: 'example', head: 'Example', render: (row) => <span className="mono wrap">{row.example}</span> },
]
