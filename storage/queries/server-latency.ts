/** Latencies as inference servers tell them: quantiles of their buckets, each with the bucket that it lies in. */
import {
  bucketQuantile,
  observationsOf,
  type BucketCounts,
  type BucketQuantile,
} from '../../records/bucket-quantile.ts'
import type { Db } from '../client.ts'
import { linesOf, type SeriesFrame } from './series.ts'
import { bucketsOf, serverRows, type ServerIdentity, type ServersQuestion } from './server-rows.ts'
import { keyOf, newestEndpoints } from './server-series.ts'

export const serverLatencies = [
  'ttft_ms',
  'itl_ms',
  'tpot_ms',
  'e2e_ms',
  'queue_ms',
  'prefill_ms',
  'decode_ms',
] as const
export type ServerLatency = (typeof serverLatencies)[number]

export const quantileLevels = { p50: 0.5, p95: 0.95, p99: 0.99 } as const
export type QuantileName = keyof typeof quantileLevels
const quantileNames = Object.keys(quantileLevels) as QuantileName[]

export interface ServerQuantiles extends Record<QuantileName, BucketQuantile | null> {
  observations: number
  /**
   * How many sets of bounds there were. Buckets of different bounds are not added up: with more than one, a quantile lies between
   * the bounds that all of them allow.
   */
  bounds: number
}

/** Columns, not rows. Where `value_ms` is null there was no observation; where only `high_ms` is, the quantile is above `low_ms`. */
export type QuantileLine = Record<'value_ms' | 'low_ms' | 'high_ms', (number | null)[]>

export type ServerLatencyLine = ServerIdentity &
  Record<QuantileName, QuantileLine> & {
    observations: (number | null)[]
    /** The most sets of bounds in one bucket of time. */
    bounds: number
  }

export interface ServerLatencySeries extends SeriesFrame {
  latency: ServerLatency
  lines: ServerLatencyLine[]
  /** Lines there are in all. */
  all: number
}

/** Buckets as the database answers: counts by the text of their bounds. */
type StoredBuckets = Record<string, number[]>

export async function serverLatencySeries(
  db: Db,
  question: ServersQuestion,
  latency: ServerLatency,
): Promise<ServerLatencySeries> {
  const { frame, rows } = await serverRows(db, question, { buckets: bucketsOf(latency) })
  const endpoints = newestEndpoints(rows)
  const lines = linesOf(frame, rows, ['buckets'], keyOf).map(({ buckets, ...key }): ServerLatencyLine => {
    const quantiles = (buckets as unknown as (StoredBuckets | null)[]).map((stored) => stored && quantilesOf(stored))
    const endpoint = endpoints.get(JSON.stringify(key)) ?? ''
    return Object.assign(key, {
      endpoint,
      p50: columns(quantiles, 'p50'),
      p95: columns(quantiles, 'p95'),
      p99: columns(quantiles, 'p99'),
      observations: quantiles.map((known) => known && known.observations),
      bounds: Math.max(0, ...quantiles.map((known) => known?.bounds ?? 0)),
    })
  })
  return { ...frame, latency, lines, all: rows[0]?.all ?? 0 }
}

/** Quantiles of stored buckets. */
export function quantilesOf(stored: StoredBuckets): ServerQuantiles {
  const groups = Object.entries(stored)
    .map(([bounds, counts]): BucketCounts => ({ bounds_ms: JSON.parse(bounds) as number[], counts }))
    .filter((group) => observationsOf([group]) > 0)
  const quantiles = quantileNames.map((name) => [name, bucketQuantile(groups, quantileLevels[name])])
  return {
    ...(Object.fromEntries(quantiles) as Record<QuantileName, BucketQuantile | null>),
    observations: observationsOf(groups),
    bounds: groups.length,
  }
}

function columns(quantiles: readonly (ServerQuantiles | null)[], name: QuantileName): QuantileLine {
  const column = (part: keyof BucketQuantile) => quantiles.map((known) => known?.[name]?.[part] ?? null)
  return { value_ms: column('value_ms'), low_ms: column('low_ms'), high_ms: column('high_ms') }
}
