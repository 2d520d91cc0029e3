import type { Overview, SparkPoint, Totals } from '../data/overview.ts'
import { useOverview } from '../data/overview.ts'
import {
  formatExactly,
  formatPart,
  formatCount,
  formatExact,
  formatMs,
  formatRate,
  formatRatio,
  formatUsd,
  type Maybe,
} from '../lib/format.ts'
import { NumberCard } from './NumberCard.tsx'
import { sparkOf } from './spark-of.ts'
import { Failure, StaleMark } from './states.tsx'

interface Figure {
  title: string
  hint: string
  value: (totals: Totals | SparkPoint, seconds: number) => Maybe
  format: (value: Maybe) => string
  exact: (totals: Totals) => string
  /** A rise is bad news, good news or neither. */
  rise: 'bad' | 'neutral'
  note?: (totals: Totals) => string
}

const ratio = (totals: Totals | SparkPoint) => (totals.requests > 0 ? totals.errors / totals.requests : null)

const figures: Figure[] = [
  {
    title: 'Requests',
    hint: 'Calls of a model that ended in the range',
    value: (totals) => totals.requests,
    format: formatCount,
    exact: (totals) => formatExactly(totals.requests, 'request'),
    rise: 'neutral',
  },
  {
    title: 'Errors',
    hint: 'Errors, rate limits and time-outs as a share of requests; not what callers cancelled',
    value: ratio,
    format: formatRatio,
    exact: (totals) => formatPart(totals.errors, totals.requests, 'request'),
    rise: 'bad',
  },
  {
    title: 'P95 latency',
    hint: '95 of 100 requests took no longer than this, from call to last token',
    value: (totals) => totals.p95_ms,
    format: formatMs,
    exact: (totals) => (totals.p95_ms === null ? 'no request told its duration' : `${formatExact(totals.p95_ms)} ms`),
    rise: 'bad',
  },
  {
    title: 'Output tokens',
    hint: 'Tokens generated per second, over the whole range',
    value: (totals, seconds) => (totals.output_tokens === null ? null : totals.output_tokens / seconds),
    format: (value) => formatRate(value, 'tok/s'),
    exact: (totals) =>
      totals.output_tokens === null ? 'no request told its tokens' : formatExactly(totals.output_tokens, 'token'),
    rise: 'neutral',
  },
  {
    title: 'Spend',
    hint: 'Cost of all requests with a known price',
    value: (totals) => totals.cost_usd,
    format: formatUsd,
    exact: (totals) => (totals.cost_usd === null ? 'no request has a known price' : `$${formatExact(totals.cost_usd)}`),
    rise: 'neutral',
    note: ({ unpriced, requests }) =>
      unpriced > 0 && unpriced < requests ? `without ${formatCount(unpriced)} unpriced` : '',
  },
]

/** The first row: five figures, each against the period before. */
export function BigNumbers() {
  const { data, error, refetch, dataUpdatedAt, isPlaceholderData } = useOverview()
  if (error && !data) return <Failure error={error} retry={() => void refetch()} height={104} />
  return (
    <div className="numbers" data-dimmed={isPlaceholderData || error !== null}>
      {figures.map((figure) =>
        data ? (
          <Number key={figure.title} figure={figure} overview={data} />
        ) : (
          <div key={figure.title} className="number skeleton" />
        ),
      )}
      {error && data && <StaleMark at={dataUpdatedAt} error={error} />}
    </div>
  )
}

function Number({ figure, overview }: { figure: Figure; overview: Overview }) {
  const { current, previous, from, to, spark } = overview
  const seconds = (to - from) / 1000
  const { title, hint, format, exact, rise, note } = figure
  return (
    <NumberCard
      {...{ title, hint, format, rise }}
      value={figure.value(current, seconds)}
      before={isComparable(overview) ? figure.value(previous, seconds) : null}
      span={to - from}
      exact={exact(current)}
      note={note?.(current)}
      course={sparkOf(spark, overview, (point) => figure.value(point, spark.step_ms / 1000))}
    />
  )
}

/** A period that had hardly begun is nothing to compare with. */
export function isComparable({ previous_first_ms, from, to }: Overview): boolean {
  return previous_first_ms !== null && previous_first_ms < from - (to - from) / 2
}
