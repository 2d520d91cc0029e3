/** Requests, errors, tokens and spend per model over time. */
import { useCallback } from 'react'
import { ratesOf, seenIn, settled } from '../charts/lines.ts'
import { useSpend, useThroughput, type SpendSeries, type ThroughputSeries } from '../data/series.ts'
import {
  formatCounted,
  formatCount,
  formatRate,
  formatRatio,
  formatUsd,
  formatUsdPerHour,
  formatUsdTick,
} from '../lib/format.ts'
import { useChoice } from '../lib/use-choice.ts'
import { LinePanel, previousOf, type NamedLine } from './LinePanel.tsx'
import { NothingHere } from './NothingHere.tsx'
import { nameOf } from './page-context.tsx'

const itself = <T,>(data: T) => data

/** Requests that failed, as everything here counts them. */
const failed = { filters: { status: ['error', 'rate_limited', 'timeout'] } }
export const ofAll = () => ({})
export const ofFailed = () => failed
const ofCost = () => ({ measure: 'cost_usd' as const })

function rates(data: ThroughputSeries, measure: 'requests' | 'input_tokens' | 'output_tokens'): NamedLine[] {
  const seen = seenIn(data, data.lines)
  return data.lines.map((line) => ({
    name: nameOf(line),
    colorOf: line.model,
    values: ratesOf(data, line[measure], line.requests, seen),
  }))
}

const requestRate = (value: number | null) => formatRate(value, 'req/s')
const tokenRate = (value: number | null) => formatRate(value, 'tok/s')
const requestLines = (data: ThroughputSeries) => rates(data, 'requests')

export function RequestsPanel() {
  return (
    <LinePanel
      title="Requests"
      unit="req/s"
      hint="Calls per second that began in each interval"
      asked={useThroughput()}
      frame={itself}
      lines={requestLines}
      previous={previousOf}
      why={ofAll}
      format={requestRate}
      tick={formatCount}
      empty={<NothingHere what="No request in this range" />}
    />
  )
}

const errorLines = (data: ThroughputSeries): NamedLine[] =>
  data.lines.map((line) => ({
    name: nameOf(line),
    colorOf: line.model,
    values: settled(
      data,
      line.requests.map((requests, index) => (requests ? (line.errors[index] ?? 0) / requests : null)),
    ),
    extra: [formatCount(line.errors.reduce<number>((sum, errors) => sum + (errors ?? 0), 0))],
  }))

export function ErrorsPanel() {
  return (
    <LinePanel
      title="Errors"
      unit="of requests"
      hint="Errors, rate limits and time-outs as a share of requests; not what callers cancelled"
      asked={useThroughput()}
      frame={itself}
      lines={errorLines}
      previous={previousOf}
      why={ofFailed}
      format={formatRatio}
      extraColumns={['errors']}
      empty={<NothingHere what="No request in this range, so no errors either" />}
    />
  )
}

type Direction = 'output_tokens' | 'input_tokens'
const directions: Record<Direction, string> = { output_tokens: 'Output', input_tokens: 'Input' }
const kinds = Object.keys(directions) as Direction[]

export function TokensPanel() {
  const [direction, setDirection] = useChoice('tokens', kinds, 'output_tokens')
  const lines = useCallback((data: ThroughputSeries) => rates(data, direction), [direction])
  const why = useCallback(() => ({ measure: direction }), [direction])
  return (
    <LinePanel
      title="Tokens"
      unit="tok/s"
      hint="Tokens of the requests that began in each interval, divided by its length"
      asked={useThroughput()}
      frame={itself}
      lines={lines}
      previous={previousOf}
      why={why}
      format={tokenRate}
      tick={formatCount}
      empty={<NothingHere what="Tokens show once a request tells how many it used" />}
      controls={
        <div className="toggles" role="group" aria-label="Kind of tokens">
          {kinds.map((kind) => (
            <button key={kind} type="button" aria-pressed={kind === direction} onClick={() => setDirection(kind)}>
              {directions[kind]}
            </button>
          ))}
        </div>
      }
    />
  )
}

const spendLines = (data: SpendSeries): NamedLine[] => {
  const seen = seenIn(data, data.lines)
  return data.lines.map((line) => {
    const perSecond = ratesOf(data, line.cost_usd, line.requests, seen)
    const total = line.cost_usd.some((cost) => cost !== null)
      ? line.cost_usd.reduce<number>((sum, cost) => sum + (cost ?? 0), 0)
      : null
    // A model without any price has no spend, not one of zero.
    const values = perSecond.map((rate) => (rate === null || total === null ? null : rate * 3600))
    return { name: nameOf(line), colorOf: line.model, values, extra: [formatUsd(total)] }
  })
}

export function SpendPanel() {
  const asked = useSpend()
  const unpriced = asked.data?.lines.reduce(
    (sum, line) => sum + line.unpriced.reduce<number>((inner, count) => inner + (count ?? 0), 0),
    0,
  )
  return (
    <LinePanel
      title="Spend"
      unit={unpriced ? `per hour, without ${formatCounted(unpriced, 'unpriced request')}` : 'per hour'}
      hint="Cost per hour at the pace of each interval; requests without a known price are left out"
      asked={asked}
      frame={itself}
      lines={spendLines}
      previous={previousOf}
      why={ofCost}
      format={formatUsdPerHour}
      tick={formatUsdTick}
      extraColumns={['total']}
      stacked
      empty={<NothingHere what="No request in this range has a known price" />}
    />
  )
}
