import { useFill, useOverview, type Fill, type Overview } from '../../data/overview.ts'
import {
  formatExactly,
  formatBytes,
  formatBytesOf,
  formatCounted,
  formatExact,
  formatMs,
  formatRate,
  formatRatio,
  formatSpan,
} from '../../lib/format.ts'
import { isComparable } from '../BigNumbers.tsx'
import { NumberCard, type NumberCardProps } from '../NumberCard.tsx'
import { sparkOf } from '../spark-of.ts'
import { Failure, StaleMark } from '../states.tsx'

const titles = ['Output tokens', 'Requests', 'P95 latency', 'VRAM', 'Context window']

/** The five figures of the first row, each against the period before. What is full comes from a question of its own, and may fail alone. */
export function KeyNumbers() {
  const traffic = useOverview()
  const fill = useFill()
  return (
    <div className="numbers">
      <Cards titles={titles.slice(0, 3)} asked={traffic} cards={traffic.data && trafficCards(traffic.data)} />
      <Cards titles={titles.slice(3)} asked={fill} cards={fill.data && fillCards(fill.data)} />
    </div>
  )
}

interface CardsProps {
  titles: readonly string[]
  asked: { error: Error | null; refetch: () => unknown; dataUpdatedAt: number; isPlaceholderData: boolean }
  cards: NumberCardProps[] | undefined
}

/** Of one answer, in whatever state it is. They stand in the row like the others. */
function Cards({ titles: names, asked, cards }: CardsProps) {
  const { error, refetch, dataUpdatedAt, isPlaceholderData } = asked
  if (!cards && error) {
    return (
      <div className="number number-failure" style={{ gridColumn: `span ${names.length}` }}>
        <Failure error={error} retry={() => void refetch()} />
      </div>
    )
  }
  return (
    <div className="number-group" data-dimmed={isPlaceholderData || error !== null}>
      {cards
        ? cards.map((card) => <NumberCard key={card.title} {...card} />)
        : names.map((name) => <div key={name} className="number skeleton" />)}
      {cards && error && <StaleMark at={dataUpdatedAt} error={error} />}
    </div>
  )
}

function trafficCards(overview: Overview): NumberCardProps[] {
  const { current, previous, spark, from, to } = overview
  const span = to - from
  const [seconds, hours] = [span / 1000, span / 3_600_000]
  const before = (value: number | null) => (isComparable(overview) ? value : null)
  const per = (value: number | null, time: number) => (value === null ? null : value / time)
  return [
    {
      title: 'Output tokens',
      hint: 'Tokens generated per second, over the whole range',
      value: per(current.output_tokens, seconds),
      before: before(per(previous.output_tokens, seconds)),
      span,
      format: (value) => formatRate(value, 'tok/s'),
      exact:
        current.output_tokens === null
          ? 'no request told its tokens'
          : `${formatExactly(current.output_tokens, 'token')} in the range`,
      rise: 'neutral',
      note: current.input_tokens === null ? '' : `${formatRate(current.input_tokens / seconds, 'tok/s')} in`,
      course: sparkOf(spark, overview, ({ output_tokens }) => per(output_tokens, spark.step_ms / 1000)),
    },
    {
      title: 'Requests',
      hint: 'Calls per hour, over the whole range',
      value: current.requests / hours,
      before: before(previous.requests / hours),
      span,
      format: (value) => formatRate(value, '/h'),
      exact: `${formatExactly(current.requests, 'request')} in the range`,
      rise: 'neutral',
      note: current.requests > 0 ? `${formatRatio(current.errors / current.requests)} errors` : '',
      course: sparkOf(spark, overview, ({ requests }) => requests),
    },
    {
      title: 'P95 latency',
      hint: '95 of 100 requests took no longer than this, from call to last token',
      value: current.p95_ms,
      before: before(previous.p95_ms),
      span,
      format: formatMs,
      exact: current.p95_ms === null ? 'no request told its duration' : `${formatExact(current.p95_ms)} ms`,
      rise: 'bad',
      note: current.p50_ms === null ? '' : `P50 ${formatMs(current.p50_ms)}`,
      course: sparkOf(spark, overview, ({ p95_ms }) => p95_ms),
    },
  ]
}

function fillCards({ from, to, vram, context }: Fill): NumberCardProps[] {
  const span = to - from
  const { current, previous, fullest } = vram
  const ratio = (use: typeof current) => (use === null ? null : use.used_bytes / use.total_bytes)
  const read = context.read_from > from ? `newest ${formatSpan(to - context.read_from)}` : ''
  const most = context.current === null ? '' : `at most ${formatRatio(context.current.max_ratio)}`
  return [
    {
      title: 'VRAM',
      hint: 'Memory in use on all GPUs, on average over the range',
      value: ratio(current),
      before: ratio(previous),
      span,
      format: formatRatio,
      exact: current === null ? 'no GPU is scraped' : formatBytesOf(current.used_bytes, current.total_bytes),
      rise: 'neutral',
      note:
        current === null
          ? 'no GPU is scraped'
          : [
              `${formatBytes(current.used_bytes)} on ${formatCounted(current.gpus, 'GPU')}`,
              fullest && `fullest ${formatRatio(fullest.ratio)}`,
            ]
              .filter(Boolean)
              .join(', '),
      course: sparkOf(vram.spark, { from, to }, ({ used_bytes, total_bytes }) => used_bytes / total_bytes),
    },
    {
      title: 'Context window',
      hint: 'P95 of the share of its model’s context window that a call fills: 95 of 100 fill no more',
      value: context.current?.p95_ratio,
      before: context.previous?.p95_ratio,
      span,
      format: formatRatio,
      exact:
        context.current === null
          ? 'no call told its tokens to a model whose window is known'
          : `${formatCounted(context.current.requests, 'call')} whose window is known`,
      rise: 'neutral',
      note: [most, read].filter(Boolean).join(', '),
      course: sparkOf(context.spark, { from: context.read_from, to }, ({ p95_ratio }) => p95_ratio),
    },
  ]
}
