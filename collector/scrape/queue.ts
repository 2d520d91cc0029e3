/** What a queueing system is to the scraper: data. A new one is one file in `queues/` and one line in its list. */
import type { QueueSample } from '../../records/queue-sample.ts'
import type { Deltas } from './delta.ts'
import type { Families, Sample } from './families.ts'
import { samplesNamed } from './select.ts'

/** Values of several series of one queue are summed, ages take the highest; of several names the first that is there counts. */
export interface QueueMeasure {
  names: readonly string[]
  kind: 'gauge' | 'counter'
  /** Which series count, by a label and its values; all when absent. */
  where?: { label: string; values: readonly string[] }
  /** To the unit of the field; 1 unless said. */
  scale?: number
  /** The value is a moment in epoch seconds, and what is wanted is how long ago it was. */
  isMoment?: boolean
}

export type QueueField = 'waiting' | 'running' | 'oldest_age_ms' | 'consumers' | 'arrived' | 'done' | 'failed'

export interface JobQueues {
  /** Stands in `queue_samples.system` and `targets.kind`. */
  name: string
  detect: (families: Families) => boolean
  /** Labels that name a queue, joined by /; in each place the first that the series has. */
  labels: readonly (readonly string[])[]
  measures: { [F in QueueField]?: QueueMeasure }
}

export const gauge = (...names: string[]): QueueMeasure => ({ names, kind: 'gauge' })
export const counter = (...names: string[]): QueueMeasure => ({ names, kind: 'counter' })
export const seconds = (...names: string[]): QueueMeasure => ({ names, kind: 'gauge', scale: 1000 })

export interface QueueContext {
  /** Epoch µs. */
  timestamp: number
  target: string
  endpoint: string
}

export interface QueuePage {
  rows: QueueSample[]
  /** Samples that stand in the rows. */
  used: ReadonlySet<Sample>
}

/** One row per queue that says anything. `deltas` has begun this scrape; the caller commits it. */
export function readQueues(system: JobQueues, families: Families, deltas: Deltas, context: QueueContext): QueuePage {
  const rows = new Map<string, QueueSample>()
  const used = new Set<Sample>()
  const rowOf = (queue: string) => {
    let row = rows.get(queue)
    if (!row) rows.set(queue, (row = emptyRow(system.name, queue, deltas.interval_ms, context)))
    return row
  }
  for (const [field, measure] of Object.entries(system.measures) as [QueueField, QueueMeasure][]) {
    const samples = measure.names.map((name) => samplesNamed(families, name)).find((found) => found?.length)
    for (const sample of samples ?? []) {
      const { labels } = sample.series
      const { where } = measure
      if (where && !where.values.includes(labels.get(where.label) ?? '')) continue
      const queue = queueOf(system, labels)
      if (queue === null) continue
      used.add(sample)
      const row = rowOf(queue)
      const value = valueOf(measure, sample, deltas, context)
      if (value === null) continue
      const before = row[field]
      row[field] = field === 'oldest_age_ms' ? Math.max(before ?? 0, value) : (before ?? 0) + value
    }
  }
  return { rows: [...rows.values()], used }
}

/** Null for a series that names no queue, such as a total. */
function queueOf({ labels: places }: JobQueues, labels: ReadonlyMap<string, string>): string | null {
  const parts = places.map((names) => names.map((name) => labels.get(name)).find((text) => text !== undefined))
  return parts.some((part) => part === undefined) ? null : parts.join('/')
}

function valueOf(measure: QueueMeasure, sample: Sample, deltas: Deltas, { timestamp }: QueueContext): number | null {
  const { kind, scale = 1, isMoment = false } = measure
  const { series, value } = sample
  if (kind === 'counter') return deltas.increase(series.key, value)
  if (!Number.isFinite(value) || value < 0) return null
  // Zero is written when there is no job, or none that says when it came.
  if (isMoment) return value === 0 ? null : Math.max(timestamp / 1000 - value * 1000, 0)
  return value * scale
}

function emptyRow(system: string, queue: string, interval_ms: number | null, context: QueueContext): QueueSample {
  return {
    ...context,
    interval_ms,
    system,
    queue,
    waiting: null,
    running: null,
    oldest_age_ms: null,
    consumers: null,
    arrived: null,
    done: null,
    failed: null,
  }
}
