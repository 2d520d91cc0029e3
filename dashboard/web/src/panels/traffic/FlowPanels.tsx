/** What went through one model or endpoint: how much at once, how it ended, how full its context was. */
import { useMemo, type ReactNode } from 'react'
import { settled } from '../../charts/lines.ts'
import {
  useBreakdown,
  useConcurrency,
  useContextUse,
  useErrorClasses,
  type Breakdown,
  type Concurrency,
  type ContextUse,
  type ErrorClasses,
} from '../../data/traffic.ts'
import { formatCount, formatRatio, significant, unknown } from '../../lib/format.ts'
import { LinePanel, previousOf, type NamedLine } from '../LinePanel.tsx'
import { NothingHere } from '../NothingHere.tsx'
import { otherName, PageProvider } from '../page-context.tsx'
import { quantiles } from '../LatencyPanel.tsx'
import { ofAll, ofFailed } from '../TrafficPanels.tsx'

const itself = <T,>(data: T) => data
export const boundedNote = (data: { bounded: boolean } | undefined) =>
  data?.bounded ? 'newest 24 h of the range only' : ''
const formatLevel = (value: number | null) => (value === null ? unknown : significant(value))

const methods: Record<Concurrency['method'], string> = {
  overlap: 'from the time that calls overlap',
  little: 'by Little’s law: arrivals times mean duration',
}

export function ConcurrencyPanel({ name }: { name: string }) {
  const asked = useConcurrency()
  const lines = useMemo(
    () => (data: Concurrency) => {
      const mean: NamedLine = { name: 'mean', colorOf: name, values: settled(data, data.mean), style: { width: 2.2 } }
      const peak: NamedLine = {
        name: 'peak',
        colorOf: name,
        values: settled(data, data.peak),
        style: { width: 1, opacity: 0.8, dash: '3 2' },
      }
      return data.method === 'overlap' ? [mean, peak] : [mean]
    },
    [name],
  )
  return (
    <LinePanel
      title="Concurrency"
      unit={asked.data ? `requests in flight, ${methods[asked.data.method]}` : ''}
      hint="Requests that were being answered at the same time; those whose duration nobody told are not among them"
      asked={asked}
      frame={itself}
      lines={lines}
      previous={previousOf}
      why={ofAll}
      format={formatLevel}
      empty={<NothingHere what="Concurrency shows once a request tells its duration" />}
    />
  )
}

/** Names that only this panel has. */
function Coloured({ names, children }: { names: string[]; children: ReactNode }) {
  return <PageProvider names={[names]}>{children}</PageProvider>
}

const classWords: Record<string, string> = { rate_limited: 'rate limited', timeout: 'time-out' }
const className = ({ name, other }: ErrorClasses['lines'][number]) => (other ? otherName : (classWords[name] ?? name))
const total = (values: readonly (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0)

const errorLines = (data: ErrorClasses): NamedLine[] =>
  data.lines.map((line) => ({
    name: className(line),
    colorOf: line.other ? '' : className(line),
    values: settled(data, line.errors),
    extra: [formatCount(total(line.errors))],
  }))

export function ErrorClassesPanel() {
  const asked = useErrorClasses()
  return (
    <Coloured names={(asked.data?.lines ?? []).filter(({ other }) => !other).map(className)}>
      <LinePanel
        title="Errors by class"
        unit={
          asked.data?.by === 'status'
            ? 'requests per bucket, by status: the rollup keeps no types'
            : 'requests per bucket'
        }
        hint="Rate limits, time-outs, and other errors by the type or HTTP status that was told"
        asked={asked}
        frame={itself}
        lines={errorLines}
        previous={previousOf}
        why={ofFailed}
        format={formatCount}
        extraColumns={['errors']}
        stacked
        empty={<NothingHere what="No request of this range failed" />}
      />
    </Coloured>
  )
}

const reasonWord = (reason: string) => reason || 'none told'
const finishLines = (data: Breakdown): NamedLine[] =>
  data.lines.map(({ value, requests }) => ({
    name: reasonWord(value),
    colorOf: value === '' ? '' : value,
    values: settled(
      data,
      data.times.map((_, index) =>
        data.lines.some((line) => (line.requests[index] ?? null) !== null) ? (requests[index] ?? 0) : null,
      ),
    ),
    extra: [formatCount(total(requests))],
  }))

export function FinishReasonsPanel() {
  const asked = useBreakdown('finish_reason')
  return (
    <Coloured names={(asked.data?.lines ?? []).map(({ value }) => value).filter(Boolean)}>
      <LinePanel
        title="Finish reasons"
        unit={['requests per bucket', boundedNote(asked.data)].filter(Boolean).join(', ')}
        hint="Why answers ended: stop is the model’s own end, length the limit of tokens"
        asked={asked}
        frame={itself}
        lines={finishLines}
        previous={previousOf}
        why={ofAll}
        format={formatCount}
        extraColumns={['requests']}
        stacked
        empty={<NothingHere what="No request in this range" />}
      />
    </Coloured>
  )
}

export function ContextPanel({ name }: { name: string }) {
  const asked = useContextUse()
  const lines = useMemo(
    () =>
      (data: ContextUse): NamedLine[] => [
        { name: 'P50', colorOf: name, values: settled(data, data.values.p50), style: quantiles.p50_ms.style },
        { name: 'P95', colorOf: name, values: settled(data, data.values.p95), style: quantiles.p95_ms.style },
        { name: 'max', colorOf: name, values: settled(data, data.values.max), style: quantiles.p99_ms.style },
      ],
    [name],
  )
  return (
    <LinePanel
      title="Context use"
      unit={['of the context window', boundedNote(asked.data)].filter(Boolean).join(', ')}
      hint="Input and output tokens of a request as a share of the model’s context window"
      asked={asked}
      frame={itself}
      lines={lines}
      previous={previousOf}
      format={formatRatio}
      empty={<NothingHere what="Context use shows once the model’s context window and a request’s tokens are known" />}
    />
  )
}
