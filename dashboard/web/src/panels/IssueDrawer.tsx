import type { IssueRow } from '../data/ingest.ts'
import { issueId } from '../data/ingest.ts'
import { formatAgo, formatCount, formatExact, formatIso } from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { ExampleLink } from './ExampleLink.tsx'
import { Fact, Side, SideSection } from './Side.tsx'
import { Snippet } from './Snippet.tsx'
import { IssueSeverity } from './Status.tsx'

/** The open issue of the URL, beside the page, while no request is open; esc closes it. */
export function IssueDrawer({ issues, now }: { issues: readonly IssueRow[]; now: number }) {
  const [search, change] = useSearch()
  const issue = issues.find((row) => issueId(row) === search.issue)
  return (
    <Side
      title="Issue"
      opened={issue !== undefined && search.open === undefined}
      onClose={() => change(({ issue: _issue, ...rest }) => rest)}
    >
      {issue && <Detail issue={issue} now={now} />}
    </Side>
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
      <SideSection title="What follows from it">
        <p>{issue.explanation}</p>
      </SideSection>
      <SideSection title="What to do">
        <p>{issue.fix}</p>
        {issue.snippet && <Snippet label={issue.snippet.label} text={issue.snippet.text} />}
      </SideSection>
      <SideSection title="Example">
        {issue.example !== '' && <p className="issue-subject mono">{issue.example}</p>}
        {issue.example === '' && issue.example_span_id === '' && <p className="dim">None was kept.</p>}
        <ExampleLink issue={issue} />
      </SideSection>
      <p className="dim">
        Counted as <span className="mono">{issue.reason}</span> of <span className="mono">{issue.source}</span> in the
        table ingest_issues
      </p>
    </div>
  )
}
