/** GPUs: how each one is now, and utilisation and memory over time. Reads `gpu_samples`. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { frameOf, linesOf, maxLines, type SeriesFrame } from './series.ts'

export interface GpuNow {
  host: string
  gpu: string
  mig_id: string
  uuid: string
  device: string
  mig_profile: string
  /** Epoch ms of the newest sample. */
  timestamp_ms: number
  utilization_ratio: number | null
  memory_used_bytes: number | null
  memory_total_bytes: number | null
  power_watts: number | null
  power_limit_watts: number | null
  temperature_celsius: number | null
  sm_clock_hz: number | null
  throttle_reasons: string[]
  xid: number | null
}

const newest = (column: string) => `argMax(tuple(${column}), timestamp).1 as ${column}`
const measuredNow = [
  'utilization_ratio',
  'memory_used_bytes',
  'memory_total_bytes',
  'power_watts',
  'power_limit_watts',
  'temperature_celsius',
  'sm_clock_hz',
  'throttle_reasons',
  'xid',
]

/** The newest sample of each GPU (or MIG instance) in the range, by host and index. */
export async function gpusNow(db: Db, range: TimeRange): Promise<GpuNow[]> {
  return db.query<GpuNow>(
    `select host, gpu, mig_id, any(s.uuid) as uuid, any(s.device) as device, any(s.mig_profile) as mig_profile,
      ${measuredNow.map(newest).join(',\n      ')},
      toUnixTimestamp64Milli(max(s.timestamp)) as timestamp_ms
    from gpu_samples as s where ${within}
    group by host, gpu, mig_id order by host, toUInt32OrZero(gpu), gpu, mig_id limit 1000`,
    bounds(range),
  )
}

const seriesMeasures = [
  'utilization_ratio',
  'memory_ratio',
  'memory_used_bytes',
  'memory_total_bytes',
  'power_watts',
] as const

export interface GpuIdentity {
  host: string
  gpu: string
  mig_id: string
}
export type GpuLine = GpuIdentity & Record<(typeof seriesMeasures)[number], (number | null)[]>
export type GpuSeries = SeriesFrame & { lines: GpuLine[]; gpus: number }

/** Means per bucket of the busiest GPUs; `gpus` says how many there are in all. */
export async function gpuSeries(db: Db, range: TimeRange, scrapeMs = 10_000): Promise<GpuSeries> {
  const frame = frameOf(range, 'gpu_samples', scrapeMs)
  const rows = await db.query<
    GpuIdentity & { at: number; gpus: number } & Record<(typeof seriesMeasures)[number], number>
  >(
    `with busiest as (
      select host, gpu, mig_id from gpu_samples where ${within}
      group by host, gpu, mig_id order by avg(utilization_ratio) desc, host, gpu limit {lines:UInt32}
    )
    select host, gpu, mig_id,
      intDiv(toUnixTimestamp64Milli(timestamp), {step_ms:Int64}) * {step_ms:Int64} as at,
      (select uniqExact(host, gpu, mig_id) from gpu_samples where ${within}) as gpus,
      avg(s.utilization_ratio) as utilization_ratio,
      avg(s.memory_used_bytes) as memory_used_bytes,
      avg(s.memory_total_bytes) as memory_total_bytes,
      avg(s.memory_used_bytes / s.memory_total_bytes) as memory_ratio,
      avg(s.power_watts) as power_watts
    from gpu_samples as s where ${within} and (host, gpu, mig_id) in busiest
    group by host, gpu, mig_id, at order by host, gpu, mig_id, at`,
    { ...bounds(range), step_ms: frame.step_ms, lines: maxLines },
  )
  const lines = linesOf(frame, rows, seriesMeasures, ({ host, gpu, mig_id }) => ({ host, gpu, mig_id }))
  return { ...frame, lines, gpus: rows[0]?.gpus ?? 0 }
}

const within = `timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}) and timestamp < fromUnixTimestamp64Milli({to_ms:Int64})`

function bounds(range: TimeRange) {
  return { from_ms: range.from, to_ms: range.to }
}
