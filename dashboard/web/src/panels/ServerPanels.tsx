/** What inference servers did over time: of all, a line each, or of one alone with its GPUs on the same time axis. */
import type { ReactNode } from 'react'
import { settled } from '../charts/lines.ts'
import {
  serverName,
  useServerGpus,
  useServerSeries,
  type ServerGpus,
  type ServerLine,
  type ServerSeries,
} from '../data/servers.ts'
import { formatCount, formatRate, formatRatio, significant, unknown } from '../lib/format.ts'
import { gpuName } from './GpuPanels.tsx'
import { LinePanel, previousOf, type NamedLine } from './LinePanel.tsx'
import { PageProvider } from './page-context.tsx'
import { ServerLatencyPanel } from './ServerLatencyPanel.tsx'

type Measure = {
  [Name in keyof ServerLine]: ServerLine[Name] extends (number | null)[] ? Name : never
}[keyof ServerLine]

const frame = (data: ServerSeries) => data

const linesOf =
  (measure: Measure) =>
  (data: ServerSeries): NamedLine[] =>
    data.lines.map((line) => ({
      name: serverName(line),
      colorOf: serverName(line),
      values: settled(data, line[measure]),
    }))

const formatNumber = (value: number | null) => (value === null ? unknown : significant(value))
const perSecond = (unit: string) => (value: number | null) => formatRate(value, unit)

interface PanelOf {
  title: string
  hint: string
  measure: Measure
  format: (value: number | null) => string
  tick?: (value: number) => string
  max?: number
}

const panels: readonly PanelOf[] = [
  { title: 'Running', hint: 'Requests being processed', measure: 'running', format: formatNumber },
  { title: 'Queue', hint: 'Requests waiting for a place in the batch', measure: 'waiting', format: formatNumber },
  {
    title: 'Tokens out',
    hint: 'Tokens generated per second, over the time that scrapes cover',
    measure: 'output_tokens_per_second',
    format: perSecond('tok/s'),
    tick: significant,
  },
  {
    title: 'Tokens in',
    hint: 'Prompt tokens processed per second, over the time that scrapes cover',
    measure: 'input_tokens_per_second',
    format: perSecond('tok/s'),
    tick: significant,
  },
  {
    title: 'KV cache',
    hint: 'Share of the memory for attention keys and values in use; near 100 % requests are preempted',
    measure: 'kv_cache_ratio',
    format: formatRatio,
    max: 1,
  },
  {
    title: 'Preemptions',
    hint: 'Requests thrown out of the batch for lack of KV cache',
    measure: 'preemptions_per_second',
    format: perSecond('/s'),
    tick: significant,
  },
]

/** Not every server has them: they show where one does. */
const laterPanels: readonly PanelOf[] = [
  {
    title: 'Prefix hits',
    hint: 'Share of prompt tokens found in the prefix cache',
    measure: 'prefix_hit_ratio',
    format: formatRatio,
    max: 1,
  },
  { title: 'Batch', hint: 'Sequences in the batch of a step', measure: 'batch_size', format: formatNumber },
  {
    title: 'Tokens per step',
    hint: 'Tokens that one step of the engine processes, of prompts and answers',
    measure: 'tokens_per_step',
    format: formatNumber,
  },
  {
    title: 'Drafts kept',
    hint: 'Speculative decoding: share of the proposed tokens that the model kept',
    measure: 'draft_acceptance_ratio',
    format: formatRatio,
    max: 1,
  },
  { title: 'LoRA adapters', hint: 'Adapters in use', measure: 'lora_active', format: formatNumber },
  {
    title: 'HTTP 5xx',
    hint: 'Answers of the server with a status of 500 and above',
    measure: 'http_5xx_per_second',
    format: perSecond('/s'),
    tick: significant,
  },
]

const latencies = [
  ['ttft_ms', 'Time to first token', 'From the request’s arrival to its first token'],
  ['itl_ms', 'Inter-token latency', 'Between two tokens of one answer'],
] as const
/** Of one server alone: where the time of a request goes. */
const laterLatencies = [
  ['tpot_ms', 'Time per output token', 'After the first token of an answer, on average'],
  ['e2e_ms', 'Whole request', 'From the request’s arrival to its last token'],
  ['queue_ms', 'Time in the queue', 'Until a place in the batch was free'],
  ['prefill_ms', 'Prefill', 'Reading the prompt'],
  ['decode_ms', 'Decode', 'Writing the answer'],
] as const

const linesOfPanels = new Map([...panels, ...laterPanels].map(({ measure }) => [measure, linesOf(measure)]))
const tellsAny = (data: ServerSeries | undefined, measure: Measure) =>
  data?.lines.some((line) => line[measure].some((value) => value !== null)) ?? false

export function ServerPanels({ instance }: { instance: string | undefined }) {
  const { data } = useServerSeries(instance)
  const shown = [...panels, ...laterPanels.filter(({ measure }) => tellsAny(data, measure))]
  const told = instance === undefined ? latencies : [...latencies, ...laterLatencies]
  return (
    <>
      {shown.map((panel) => (
        <MeasurePanel key={panel.measure} instance={instance} {...panel} />
      ))}
      {told.map(([latency, title, hint]) => (
        <ServerLatencyPanel
          key={latency}
          instance={instance}
          latency={latency}
          title={title}
          hint={`${hint}, as the server measures it`}
        />
      ))}
      {instance !== undefined && <FinishPanel instance={instance} />}
      {instance !== undefined && <GpusPanel instance={instance} />}
    </>
  )
}

function MeasurePanel({ instance, measure, ...panel }: PanelOf & { instance: string | undefined }) {
  const asked = useServerSeries(instance)
  const unit =
    asked.data && asked.data.all > asked.data.lines.length
      ? `busiest ${asked.data.lines.length} of ${asked.data.all}`
      : ''
  return (
    <LinePanel
      {...panel}
      unit={unit}
      asked={asked}
      frame={frame}
      lines={linesOfPanels.get(measure) ?? linesOf(measure)}
      previous={previousOf}
      empty={<p>{panel.title} shows once a scraped server tells it</p>}
    />
  )
}

/** Requests per second by how they ended, over all models of the server. */
function finishes(data: ServerSeries): NamedLine[] {
  const reasons = [...new Set(data.lines.flatMap(({ finished }) => Object.keys(finished)))].toSorted()
  return reasons.map((reason) => ({
    name: reason || 'no reason',
    colorOf: reason || 'no reason',
    values: data.times.map((_, index) => {
      const counts = data.lines
        .map(({ finished }) => finished[reason]?.[index] ?? null)
        .filter((count) => count !== null)
      return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0)
    }),
  }))
}

function FinishPanel({ instance }: { instance: string }) {
  const asked = useServerSeries(instance)
  return (
    <Coloured lines={asked.data && finishes(asked.data)}>
      <LinePanel
        title="Finish reasons"
        unit="requests per bucket"
        hint="Why answers ended: stop is the model’s own end, length the limit of tokens"
        asked={asked}
        frame={frame}
        lines={finishes}
        previous={previousOf}
        format={formatCount}
        stacked
        empty={<p>Finish reasons show once a scraped server tells them</p>}
      />
    </Coloured>
  )
}

/** A panel whose names no other panel of the page has. */
function Coloured({ lines, children }: { lines: NamedLine[] | undefined; children: ReactNode }) {
  return <PageProvider names={[(lines ?? []).map(({ colorOf }) => colorOf)]}>{children}</PageProvider>
}

const gpuLines = (data: ServerGpus): NamedLine[] =>
  data.lines.map((line) => ({
    name: gpuName(line),
    colorOf: gpuName(line),
    values: settled(data, line.utilization_ratio),
    extra: [formatRatio(line.memory_ratio.findLast((value) => value !== null) ?? null)],
  }))

const gpuFrame = (data: ServerGpus) => data

function GpusPanel({ instance }: { instance: string }) {
  const asked = useServerGpus(instance)
  return (
    <Coloured lines={asked.data && gpuLines(asked.data)}>
      <LinePanel
        title="Its GPUs"
        unit="utilisation"
        hint="Share of time in which a kernel ran, of the GPUs that the server ran on while it ran on them"
        asked={asked}
        frame={gpuFrame}
        lines={gpuLines}
        previous={previousOf}
        format={formatRatio}
        extraColumns={['VRAM']}
        max={1}
        empty={<p>Nothing says which GPUs it runs on: “What runs where” says why</p>}
      />
    </Coloured>
  )
}
