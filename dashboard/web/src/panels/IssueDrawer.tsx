import { Drawer } from '@mantine/core'
import type { IssueRow } from '../data/ingest.ts'
import { issueId } from '../data/ingest.ts'
import { formatAgo, formatCount, formatExact, formatIso } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { ExampleLink } from './ExampleLink.tsx'
import { Snippet } from './Snippet.tsx'
import { IssueSeverity } from './Status.tsx'

/** The open issue of the URL, beside the page, while no request is open; esc closes it. */
export function IssueDrawer({ issues, now }: { issues: readonly IssueRow[]; now: number }) {
  const [search, change] = useSearch()
  const issue = issues.find((row) => issueId(row) === search.issue)
  return (
    <Drawer
      opened={issue !== undefined && search.open === undefined}
      onClose={() => change(({ issue: _issue, ...rest }) => rest)}
      position="right"
      size={560}
      title="Issue"
      className="side"
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close the issue' }}
    >
      {issue && <Detail issue={issue} now={now} />}
    </Drawer>
  )
}

function Detail({ issue, now }: { issue: IssueRow; now: number }) {
  return (
    <div className="request">
      <header className="request-head">
        <h2>{issue.title}</h2>
        <IssueSeverity severity={issue.severity} />
      </header>
      {issue.subject !== '' && <p className="issue-subject mono">{issue.subject}</p>}
      <dl className="facts">
        <Fact name="Items" value={formatCount(issue.items)} title={formatExact(issue.items)} />
        <Fact name="Since" value={formatAgo(issue.first_ms, now)} title={formatIso(issue.first_ms)} />
        <Fact name="Last" value={formatAgo(issue.last_ms, now)} title={formatIso(issue.last_ms)} />
      </dl>
      <section className="request-section" aria-label="What follows from it">
        <h3>What follows from it</h3>
        <p>{issue.explanation}</p>
      </section>
      <section className="request-section" aria-label="What to do">
        <h3>What to do</h3>
        <p>{issue.fix}</p>
        {issue.snippet && <Snippet label={issue.snippet.label} text={issue.snippet.text} />}
      </section>
      <section className="request-section" aria-label="Example">
        <h3>Example</h3>
        {issue.example !== '' && <p className="issue-subject mono">{issue.example}</p>}
        {issue.example === '' && issue.example_span_id === '' && <p className="dim">None was kept.</p>}
        <ExampleLink issue={issue} />
      </section>
      <p className="dim">
        Counted as <span className="mono">{issue.reason}</span> of <span className="mono">{issue.source}</span> in the
        table ingest_issues
      </p>
    </div>
  )
}

function Fact({ name, value, title }: { name: string; value: string; title: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={title}>{value}</dd>
    </div>
  )
}
