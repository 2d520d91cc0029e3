/** GPU utilisation and memory over time. */
import { useGpus, type Gpus } from '../data/fleet.ts'
import { formatBytes, formatPart, formatRatio } from '../lib/format.ts'
import { LinePanel, type NamedLine } from './LinePanel.tsx'

type GpuLine = Gpus['series']['lines'][number]

/** host and index: node-1 · 0, and the MIG instance where there is one. */
export const gpuName = ({ host, gpu, mig_id }: Pick<GpuLine, 'host' | 'gpu' | 'mig_id'>) =>
  [host, gpu, mig_id].filter((part) => part !== '').join(' · ')

const frame = (data: Gpus) => data.series
const previous = (data: Gpus) => data.series.previous && { ...data, series: data.series.previous }
const lines =
  (values: (line: GpuLine) => (number | null)[], extra?: (line: GpuLine) => string[]) =>
  (data: Gpus): NamedLine[] =>
    data.series.lines.map((line) => ({
      name: gpuName(line),
      colorOf: gpuName(line),
      values: values(line),
      ...(extra && { extra: extra(line) }),
    }))

const utilization = lines((line) => line.utilization_ratio)
const memory = lines(
  (line) => line.memory_ratio,
  (line) => [
    `${formatBytes(line.memory_used_bytes.findLast((value) => value !== null))} of ${formatBytes(
      line.memory_total_bytes.findLast((value) => value !== null),
    )}`,
  ],
)

const shownOf = ({ series }: Gpus) =>
  series.gpus > series.lines.length ? `busiest ${formatPart(series.lines.length, series.gpus, 'GPU')}` : ''

const noGpus = <p>GPUs show once a GPU exporter is listed under scrape.targets, or nvidia-smi answers on this host</p>

export function UtilizationPanel() {
  const asked = useGpus()
  return (
    <LinePanel
      title="GPU utilisation"
      unit={asked.data ? shownOf(asked.data) : ''}
      hint="Share of time in which a kernel ran on the GPU; it says that the GPU was busy, not how busy"
      asked={asked}
      frame={frame}
      lines={utilization}
      previous={previous}
      format={formatRatio}
      max={1}
      empty={noGpus}
    />
  )
}

export function MemoryPanel() {
  const asked = useGpus()
  return (
    <LinePanel
      title="VRAM"
      unit={asked.data ? shownOf(asked.data) : ''}
      hint="GPU memory in use. Inference servers reserve most of it at start, so a flat line near the top is normal"
      asked={asked}
      frame={frame}
      lines={memory}
      previous={previous}
      format={formatRatio}
      extraColumns={['used']}
      max={1}
      empty={noGpus}
    />
  )
}
