import type { UseQueryResult } from '@tanstack/react-query'
import type { BacktestResult } from '../../data/backtest.ts'
import { ApiFailure } from '../../lib/api.ts'
import { formatMs } from '../../lib/format.ts'
import { problemsOf } from '../../lib/rule-text.ts'
import { PanelSkeleton } from '../states.tsx'
import { ValuesChart } from './ValuesChart.tsx'

/** The values of the rule as it stands, or what is wrong with it. */
export function PreviewPanel({ asked }: { asked: UseQueryResult<BacktestResult> }) {
  const { data, error, isPending, isPlaceholderData, refetch } = asked
  return (
    <section className="panel" aria-label="Values" aria-busy={isPending || isPlaceholderData}>
      <header className="panel-head">
        <h2 className="one-line">{data && !error ? `Values of ${data.rule}` : 'Values'}</h2>
        {data && !error && (
          <span className="panel-unit">{`over the page’s range, every ${formatMs(data.step_ms)}`}</span>
        )}
      </header>
      <div className="panel-body" data-dimmed={isPlaceholderData}>
        {isPending && <PanelSkeleton height={280} />}
        {error && <Problems error={error} retry={() => void refetch()} />}
        {data && !error && <ValuesChart result={data} />}
      </div>
    </section>
  )
}

function Problems({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <div className="rule-problems" role="alert">
      <ul>
        {problemsOf(error.message).map(({ line, message }) => (
          <li key={`${line} ${message}`} className="failure-text">
            {line !== null && <b>{`Line ${line}: `}</b>}
            {message}
          </li>
        ))}
      </ul>
      {error instanceof ApiFailure && <p className="dim">{error.hint}</p>}
      {!(error instanceof ApiFailure && error.status === 400) && (
        <button type="button" className="control" onClick={retry}>
          Retry
        </button>
      )}
    </div>
  )
}
