import { IconArrowDownRight, IconArrowUpRight, IconMinus } from '@tabler/icons-react'
import type { Overview, SparkPoint, Totals } from '../data/overview.ts'
import { useOverview } from '../data/overview.ts'
import {
  formatChange,
  formatCount,
  formatExact,
  formatMs,
  formatRate,
  formatRatio,
  formatSpan,
  formatUsd,
  type Maybe,
} from '../lib/format.ts'
import { useSearch } from '../lib/use-search.ts'
import { Spark } from './Spark.tsx'
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
    exact: (totals) => `${formatExact(totals.requests)} requests`,
    rise: 'neutral',
  },
  {
    title: 'Errors',
    hint: 'Errors, rate limits and time-outs as a share of requests; not what callers cancelled',
    value: ratio,
    format: formatRatio,
    exact: (totals) => `${formatExact(totals.errors)} of ${formatExact(totals.requests)} requests`,
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
      totals.output_tokens === null ? 'no request told its tokens' : `${formatExact(totals.output_tokens)} tokens`,
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
  const [search] = useSearch()
  const { current, previous, from, to, spark } = overview
  const seconds = (to - from) / 1000
  const value = figure.value(current, seconds)
  // A period that had hardly begun is nothing to compare with.
  const whole = overview.previous_first_ms !== null && overview.previous_first_ms < from - (to - from) / 2
  const before = whole ? figure.value(previous, seconds) : null
  const unit = splitUnit(figure.format(value))
  return (
    <article className="number" aria-label={figure.title} data-figure={figure.title}>
      <h2 title={figure.hint}>{figure.title}</h2>
      <p className="number-value" title={figure.exact(current)}>
        {unit.value}
        {unit.unit !== '' && <small>{unit.unit}</small>}
      </p>
      <div className="number-foot">
        {search.compare === 'off' ? (
          <span className="dim">{figure.note?.(current)}</span>
        ) : (
          <Delta figure={figure} now={value} before={before} span={to - from} />
        )}
        <Spark values={sparkOf(figure, spark, from, to)} />
      </div>
      {search.compare !== 'off' && figure.note?.(current) ? (
        <p className="number-note">{figure.note(current)}</p>
      ) : null}
    </article>
  )
}

function Delta({ figure, now, before, span }: { figure: Figure; now: Maybe; before: Maybe; span: number }) {
  const change = formatChange(now, before)
  const title = `${figure.format(before)} in the ${formatSpan(span)} before`
  if (change.ratio === null) {
    return (
      <span className="delta" title={title}>
        <span className="sr-only">no comparison: </span>
        nothing before
      </span>
    )
  }
  const flat = Math.abs(change.ratio) < 0.01
  const Icon = flat ? IconMinus : change.ratio > 0 ? IconArrowUpRight : IconArrowDownRight
  const news = figure.rise === 'neutral' || flat ? 'neutral' : change.ratio > 0 ? 'bad' : 'good'
  return (
    <span className="delta" data-news={news} title={title}>
      <Icon size={14} aria-hidden />
      {change.text}
    </span>
  )
}

/** The figure per bucket, without the present one, which is not over yet. */
function sparkOf(figure: Figure, { step_ms, points }: Overview['spark'], from: number, to: number): (number | null)[] {
  const start = Math.floor(from / step_ms) * step_ms
  const byTime = new Map(points.map((point) => [point.at, point]))
  const values: (number | null)[] = []
  for (let at = start; at + step_ms <= to; at += step_ms) {
    const point = byTime.get(at)
    values.push(point ? (figure.value(point, step_ms / 1000) ?? null) : null)
  }
  return values
}

function splitUnit(text: string): { value: string; unit: string } {
  const [value = '', ...unit] = text.split('\u00a0')
  return { value, unit: unit.join('\u00a0') }
}
