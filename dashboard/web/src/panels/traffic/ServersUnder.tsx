/** What a self-hosted model or endpoint runs on, on the time axis of its requests: queue, batch, KV cache, GPUs. */
import { useMemo } from 'react'
import { settled } from '../../charts/lines.ts'
import { serverName, useGpusOf, useServersOf, type ServerGpus, type ServerSeries } from '../../data/servers.ts'
import { formatRate, formatRatio, significant, unknown } from '../../lib/format.ts'
import { gpuName } from '../GpuPanels.tsx'
import { LinePanel, previousOf, type NamedLine } from '../LinePanel.tsx'
import { PageProvider } from '../page-context.tsx'
import type { Thing } from './slos-of.ts'
import { Panels } from '../Panels.tsx'

const itself = <T,>(data: T) => data
const formatNumber = (value: number | null) => (value === null ? unknown : significant(value))

const panels = [
  { measure: 'waiting', title: 'Queue', hint: 'Requests waiting for a place in the batch', format: formatNumber },
  { measure: 'running', title: 'Running', hint: 'Requests being processed', format: formatNumber },
  {
    measure: 'kv_cache_ratio',
    title: 'KV cache',
    hint: 'Share of the memory for attention keys and values in use; near 100 % requests are preempted',
    format: formatRatio,
    max: 1,
  },
  {
    measure: 'preemptions_per_second',
    title: 'Preemptions',
    hint: 'Requests thrown out of the batch for lack of KV cache',
    format: (value: number | null) => formatRate(value, '/s'),
    tick: significant,
  },
] as const

const linesOf =
  (measure: (typeof panels)[number]['measure']) =>
  (data: ServerSeries): NamedLine[] =>
    data.lines.map((line) => ({
      name: serverName(line),
      colorOf: serverName(line),
      values: settled(data, line[measure]),
    }))
const serverLines = Object.fromEntries(panels.map(({ measure }) => [measure, linesOf(measure)]))

/** Nothing where no scraped server has it. */
export function ServersUnder({ by, name }: Thing) {
  const asked = useServersOf(by === 'model' ? { model: name } : { endpoint: name })
  const lines = asked.data?.lines ?? []
  const names = [lines.map(serverName)]
  const instances = [...new Set(lines.map(({ instance }) => instance))].toSorted()
  if (lines.length === 0) return null
  return (
    <PageProvider names={names}>
      <section aria-label="Servers under it">
        <h2 className="section-title">Servers and GPUs under it</h2>
        <Panels>
          {panels.map(({ measure, ...panel }) => (
            <LinePanel
              key={measure}
              {...panel}
              unit={asked.data && asked.data.all > lines.length ? `busiest ${lines.length} of ${asked.data.all}` : ''}
              asked={asked}
              frame={itself}
              lines={serverLines[measure] ?? linesOf(measure)}
              previous={previousOf}
              empty={<p>{panel.title} shows once a scraped server tells it</p>}
            />
          ))}
          <Gpus instances={instances} />
        </Panels>
      </section>
    </PageProvider>
  )
}

const gpuLines =
  (measure: 'utilization_ratio' | 'memory_ratio') =>
  (data: ServerGpus): NamedLine[] =>
    data.lines.map((line) => ({ name: gpuName(line), colorOf: gpuName(line), values: settled(data, line[measure]) }))
const utilization = gpuLines('utilization_ratio')
const memory = gpuLines('memory_ratio')
const noGpus = <p>Nothing says which GPUs these servers run on: “What runs where” on the page of servers says why</p>

function Gpus({ instances }: { instances: string[] }) {
  const asked = useGpusOf(instances)
  const names = useMemo(() => [(asked.data?.lines ?? []).map(gpuName)], [asked.data])
  return (
    <PageProvider names={names}>
      <LinePanel
        title="GPU utilisation"
        hint="Share of time in which a kernel ran, of the GPUs under these servers while they ran on them"
        asked={asked}
        frame={itself}
        lines={utilization}
        previous={previousOf}
        format={formatRatio}
        max={1}
        empty={noGpus}
      />
      <LinePanel
        title="VRAM"
        hint="GPU memory in use. Inference servers reserve most of it at start, so a flat line near the top is normal"
        asked={asked}
        frame={itself}
        lines={memory}
        previous={previousOf}
        format={formatRatio}
        max={1}
        empty={noGpus}
      />
    </PageProvider>
  )
}
