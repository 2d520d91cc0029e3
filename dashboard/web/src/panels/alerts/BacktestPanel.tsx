import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { BacktestResult, BacktestRun } from '../../data/backtest.ts'
import {
  formatCount,
  formatCounted,
  formatExactly,
  formatIso,
  formatMs,
  formatPart,
  formatTime,
  significant,
} from '../../lib/format.ts'
import { fitsInUrl } from '../../lib/search.ts'
import { Fact } from '../Side.tsx'
import { Failure } from '../states.tsx'
import { Table, type Column } from '../Table.tsx'
import { FiringTimeline } from './FiringTimeline.tsx'
import { ValuesChart } from './ValuesChart.tsx'
import { formatValue, labelText, thresholdOf } from './words.ts'

interface BacktestPanelProps {
  run: BacktestRun
  /** The rule was changed since. */
  outdated: boolean
  onCancel: () => void
  onRetry: () => void
  /** Whether the rule has one place for a threshold, such as `7200ms`. */
  canUse: (threshold: string) => boolean
  onUse: (threshold: string) => void
}

/** When the rule would have fired, how often somebody would have been told, and a threshold for fewer pages. */
export function BacktestPanel({ run, outdated, onCancel, onRetry, canUse, onUse }: BacktestPanelProps) {
  return (
    <section className="panel panel-wide" aria-label="Backtest" aria-busy={run.state === 'running'}>
      <header className="panel-head">
        <h2>Backtest</h2>
        {outdated && run.state === 'done' && <span className="stale">of the rule before your last change</span>}
      </header>
      <div className="panel-body" data-dimmed={outdated && run.state === 'done'}>
        {run.state === 'none' && (
          <p className="panel-empty">
            When it would have fired over stored requests, how many pages a week that is, and which threshold would page
            as often as you wish
          </p>
        )}
        {run.state === 'running' && <Running {...run.progress} onCancel={onCancel} />}
        {run.state === 'failed' && <Failure error={run.error} retry={onRetry} height={160} />}
        {run.state === 'done' && <Result result={run.result} canUse={canUse} onUse={onUse} />}
      </div>
    </section>
  )
}

interface RunningProps {
  done: number
  total: number
  firings: number
  onCancel: () => void
}

function Running({ done, total, firings, onCancel }: RunningProps) {
  return (
    <div className="panel-empty" role="status">
      <progress className="backtest-progress" max={Math.max(total, 1)} value={done} aria-label="Progress" />
      <p>{`${formatPart(done, total, 'evaluation')}, ${formatExactly(firings, 'firing')}`}</p>
      <Button size="compact-sm" variant="default" onClick={onCancel}>
        Cancel
      </Button>
    </div>
  )
}

type ResultProps = Pick<BacktestPanelProps, 'canUse' | 'onUse'> & { result: BacktestResult }

function Result({ result, canUse, onUse }: ResultProps) {
  const { firings, firing_ms, pages, pages_per_week, unmuted_pages, suggestion, intervals } = result
  const { failed_evaluations, last_error } = result
  return (
    <>
      <dl className="facts backtest-facts">
        <Fact name="Fired" value={firings === 1 ? 'once' : `${formatCount(firings)} times`} title={String(firings)} />
        <Fact name="Fired for" value={formatMs(firing_ms)} />
        <Fact
          name="Pages"
          value={formatCount(pages)}
          title="Notifications that something fires, repeated ones too, to every receiver that the route tree leads to, as silences and inhibition of that time would have let through"
        />
        {unmuted_pages !== pages && (
          <Fact
            name="Pages without silences"
            value={formatCount(unmuted_pages)}
            title="Had nothing been silenced, and no other alert inhibited these"
          />
        )}
        <Fact name="Pages a week" value={significant(pages_per_week)} title={receiverText(result)} />
        <Fact
          name="Evaluations"
          value={formatCount(result.evaluations)}
          title={`Every ${formatMs(result.step_ms)}, from ${formatIso(result.from)} to ${formatIso(result.to)}`}
        />
        {suggestion && (
          <Fact
            name="Suggested threshold"
            value={
              <>
                {`${suggestion.threshold.side} ${suggestion.text} `}
                {canUse(suggestion.text) && (
                  <Button size="compact-xs" variant="default" onClick={() => onUse(suggestion.text)}>
                    Use it
                  </Button>
                )}
              </>
            }
            title={`${formatCounted(suggestion.pages, 'page')}, ${significant(suggestion.pages_per_week)} a week`}
          />
        )}
      </dl>
      {!suggestion && result.threshold && (
        <p className="rule-note">No threshold would page as seldom as you wish, or nothing was measured.</p>
      )}
      {failed_evaluations > 0 && (
        <p className="request-error wrap backtest-error">
          {`${formatExactly(failed_evaluations, 'evaluation')} failed; the last one: ${last_error}`}
        </p>
      )}
      <ValuesChart result={result} />
      {intervals.length === 0 ? (
        <p className="panel-empty">{`It would not have fired: nothing was ${thresholdOf(result)} for long enough`}</p>
      ) : (
        <>
          <FiringTimeline firings={intervals.map((one) => firingOf(result, one))} from={result.from} to={result.to} />
          <Table
            label="Would have fired"
            columns={columns(result)}
            rows={intervals}
            id={({ labels, start }) => `${start} ${labelText(labels)}`}
            maxHeight={420}
          />
        </>
      )}
    </>
  )
}

/** Who is told how often. */
const receiverText = ({ receivers, pages_per_week }: BacktestResult) =>
  receivers
    .map(({ receiver, pages_per_week: each }) => `${receiver || 'the root route'}: ${significant(each)}`)
    .join('\n') || String(pages_per_week)

type Interval = BacktestResult['intervals'][number]

const firingOf = ({ rule, group }: BacktestResult, { labels, start, end }: Interval) => ({
  rule,
  group,
  fingerprint: labelText(labels),
  labels,
  from_ms: start,
  to_ms: end,
})

const columns = ({ from, to, unit }: BacktestResult): Column<Interval>[] => [
  {
    key: 'labels',
    head: 'Alert',
    render: ({ labels }) => <span className="wrap">{labelText(labels) || labels['alertname']}</span>,
  },
  {
    key: 'start',
    head: 'From',
    number: true,
    render: ({ start }) => formatTime(start, to - from),
    title: ({ start }) => formatIso(start),
    sort: ({ start }) => start,
  },
  {
    key: 'duration',
    head: 'Fired for',
    number: true,
    render: ({ duration_ms, end }) => `${formatMs(duration_ms)}${end === null ? ' and on' : ''}`,
    sort: ({ duration_ms }) => duration_ms,
  },
  {
    key: 'peak',
    head: 'Peak',
    number: true,
    render: ({ peak }) => formatValue(peak, unit),
    title: ({ peak_at }) => formatIso(peak_at),
    sort: ({ peak }) => peak,
  },
  {
    key: 'requests',
    head: 'Requests',
    hint: 'What its windows held',
    number: true,
    render: ({ requests }) =>
      requests && fitsInUrl(requests.sql) ? (
        <Link to="/sql" search={{ sql: requests.sql } as never} className="panel-link">
          {formatCount(requests.count)}
        </Link>
      ) : (
        formatCount(requests?.count)
      ),
  },
]
