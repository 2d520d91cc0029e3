import { issueId, useIssues, type IssueRow } from '../data/ingest.ts'
import { formatAgo, formatCount, formatExact, formatIso } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { ExampleLink } from '../panels/ExampleLink.tsx'
import { IssueDrawer } from '../panels/IssueDrawer.tsx'
import { Panel } from '../panels/Panel.tsx'
import { Panels } from '../panels/Panels.tsx'
import { RequestDrawer } from '../panels/RequestDrawer.tsx'
import { IssueSeverity, Status } from '../panels/Status.tsx'
import { Table, type Column } from '../panels/Table.tsx'

/** What is wrong with what comes in, and how to put it right. */
export default function Ingest() {
  const issues = useIssues()
  const now = issues.data?.to ?? 0
  return (
    <Panels>
      <Panel
        title="Inbox"
        hint="What was refused, dropped or cut, and what clients leave out; a row says what to do about it"
        asked={issues}
        height={240}
        wide
        renderEmpty={(data) => (data.issues.length === 0 ? <AllIsWell /> : null)}
        table={(data) => ({
          columns: Object.keys(data.issues[0] ?? {}),
          rows: data.issues.map((row) => Object.values({ ...row, snippet: row.snippet?.text ?? null })),
        })}
      >
        {(data) => <Inbox issues={data.issues} more={data.more} now={now} />}
      </Panel>
      <IssueDrawer issues={issues.data?.issues ?? []} now={now} />
      <RequestDrawer />
    </Panels>
  )
}

function AllIsWell() {
  return (
    <>
      <Status level="ok" word="All is well" />
      <p>In this range nothing was refused or cut, and no call left out what it should say</p>
    </>
  )
}

function Inbox({ issues, more, now }: { issues: readonly IssueRow[]; more: boolean; now: number }) {
  const [search, change] = useSearch()
  return (
    <>
      <Table
        label="Inbox"
        columns={issueColumns(now)}
        rows={issues}
        id={issueId}
        open={search.issue}
        onOpen={(row) =>
          change(({ open: _open, ...before }) => ({ ...before, issue: issueId(row) }), {
            replace: search.issue !== undefined,
          })
        }
      />
      {more && <p className="panel-empty">Only the {issues.length} with the most items are shown</p>}
    </>
  )
}

const issueColumns = (now: number): Column<IssueRow>[] => [
  {
    key: 'severity',
    head: 'Kind',
    hint: 'A problem: data is missing or wrong until somebody acts. A hint: it could say more',
    render: (row) => <IssueSeverity severity={row.severity} />,
    sort: (row) => row.severity,
  },
  {
    key: 'what',
    head: 'What',
    render: (row) => (
      <span className="wrap">
        <b>{row.title}</b>
        {row.subject !== '' && <span className="issue-subject mono dim">{row.subject}</span>}
      </span>
    ),
    title: (row) => row.explanation,
    sort: (row) => `${row.title} ${row.subject}`,
  },
  {
    key: 'items',
    head: 'Items',
    number: true,
    render: (row) => formatCount(row.items),
    title: (row) => formatExact(row.items),
    sort: (row) => row.items,
  },
  {
    key: 'since',
    head: 'Since',
    hint: 'First seen in this range',
    number: true,
    wide: true,
    render: (row) => formatAgo(row.first_ms, now),
    title: (row) => formatIso(row.first_ms),
    sort: (row) => row.first_ms,
  },
  {
    key: 'last',
    head: 'Last',
    number: true,
    wide: true,
    render: (row) => formatAgo(row.last_ms, now),
    title: (row) => formatIso(row.last_ms),
    sort: (row) => row.last_ms,
  },
  {
    key: 'example',
    head: 'Example',
    wide: true,
    render: (row) =>
      row.example_span_id === '' ? (
        <span className="clip mono">{row.example || '—'}</span>
      ) : (
        <ExampleLink issue={row} />
      ),
    title: (row) => row.example || undefined,
  },
  {
    key: 'fix',
    head: 'What to do',
    wide: true,
    render: (row) => <span className="wrap dim">{row.fix}</span>,
  },
]
