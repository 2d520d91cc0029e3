/** Latency, TTFT and TPOT of one model or endpoint: P50 solid, P95 strong, P99 thin, objectives dashed. */
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { settled } from '../../charts/lines.ts'
import { useSlos } from '../../data/slos.ts'
import { useTrafficLatency, type TrafficLatency } from '../../data/traffic.ts'
import { elsewhere } from '../../lib/elsewhere.ts'
import { formatMs, formatRatio } from '../../lib/format.ts'
import type { Search } from '../../lib/search.ts'
import { quantiles, sourceNote } from '../LatencyPanel.tsx'
import { LinePanel, type NamedLine } from '../LinePanel.tsx'
import { NothingHere } from '../NothingHere.tsx'
import { limitsOf, slosOf, type Limit, type Thing } from './slos-of.ts'

type Measure = Exclude<keyof TrafficLatency['values'], 'requests'>

interface PanelOf {
  title: string
  hint: string
  limit: 'max_latency' | 'max_ttft' | 'max_tpot'
  measures: readonly (readonly [Measure, keyof typeof quantiles])[]
}

const panels: readonly PanelOf[] = [
  {
    title: 'Latency',
    hint: 'From the call to the last token',
    limit: 'max_latency',
    measures: [
      ['p50_ms', 'p50_ms'],
      ['p95_ms', 'p95_ms'],
      ['p99_ms', 'p99_ms'],
    ],
  },
  {
    title: 'TTFT',
    hint: 'Time to first token of streamed requests',
    limit: 'max_ttft',
    measures: [
      ['ttft_p50_ms', 'p50_ms'],
      ['ttft_p95_ms', 'p95_ms'],
    ],
  },
  {
    title: 'TPOT',
    hint: 'Time per output token after the first',
    limit: 'max_tpot',
    measures: [
      ['tpot_p50_ms', 'p50_ms'],
      ['tpot_p95_ms', 'p95_ms'],
    ],
  },
]

const frame = (data: TrafficLatency) => data

export function ThingLatencyPanels(thing: Thing) {
  const slos = slosOf(useSlos().data?.slos ?? [], thing)
  return panels.map((panel) => (
    <LatencyPanel key={panel.title} {...panel} limits={limitsOf(slos, panel.limit)} thing={thing} />
  ))
}

type LatencyPanelProps = Omit<PanelOf, 'limit'> & { limits: Limit[]; thing: Thing }

function LatencyPanel({ title, hint, measures, limits, thing }: LatencyPanelProps) {
  const asked = useTrafficLatency()
  const { by, name } = thing
  const wanted = JSON.stringify(limits)
  const lines = useMemo(() => linesOf(measures, JSON.parse(wanted) as Limit[], name), [measures, wanted, name])
  const ofIt = (search: Search) => elsewhere({ ...search, filters: { ...search.filters, [by]: [name] } })
  return (
    <LinePanel
      title={title}
      unit={sourceNote(asked.data)}
      hint={hint}
      asked={asked}
      frame={frame}
      lines={lines}
      format={formatMs}
      scalable
      controls={
        title === 'Latency' && (
          <Link
            to="/requests"
            search={ofIt as never}
            className="panel-link"
            title="How the latencies of its requests lie"
          >
            Distribution
          </Link>
        )
      }
      empty={<NothingHere what={`${title} shows once a request tells it`} />}
    />
  )
}

/** Nothing but objectives is no data. */
const linesOf =
  (measures: PanelOf['measures'], limits: readonly Limit[], name: string) =>
  (data: TrafficLatency): NamedLine[] => {
    const told = measures.map(([measure, style]): NamedLine => ({
      name: quantiles[style].word,
      colorOf: name,
      values: settled(data, data.values[measure]),
      style: quantiles[style].style,
    }))
    if (!told.some(({ values }) => values.some((value) => value !== null))) return told
    const objectives = limits.map(({ ms, objective }): NamedLine => ({
      name: `objective: ${formatRatio(objective)} within ${formatMs(ms)}`,
      colorOf: '',
      values: data.times.map(() => ms),
      style: { width: 1.4, dash: '6 4' },
    }))
    return [...told, ...objectives]
  }
