/** GPUs: how each one is now, and utilisation and memory over time. Reads `gpu_samples`; beyond 24 h `gpu_1h` too. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { lastSeen, lastSeenBounds } from './last-seen.ts'
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

/**
 * What tells GPUs apart: the UUID, where there is one. Two collectors may show one GPU under different host names, and it is
 * counted once all the same.
 */
export const gpuKey = (table: string) =>
  `if(${table}.uuid = '', concat(${table}.host, ' ', ${table}.gpu), ${table}.uuid)`

/** The newest sample of each GPU (or MIG instance) in the range, by host and index. */
export async function gpusNow(db: Db, range: TimeRange): Promise<GpuNow[]> {
  return db.query<GpuNow>(
    `select argMax(s.host, s.timestamp) as host, argMax(s.gpu, s.timestamp) as gpu, s.mig_id as mig_id,
      any(s.uuid) as uuid, anyIf(s.device, s.device != '') as device, anyIf(s.mig_profile, s.mig_profile != '') as mig_profile,
      ${measuredNow.map(newest).join(',\n      ')},
      toUnixTimestamp64Milli(max(s.timestamp)) as timestamp_ms
    from gpu_samples as s where ${within} and ${lastSeen(range, 'gpu_1h', ['uuid', 'host', 'gpu', 'mig_id'])}
    group by ${gpuKey('s')}, s.mig_id order by host, toUInt32OrZero(gpu), gpu, mig_id limit 1000`,
    { ...bounds(range), ...lastSeenBounds(range) },
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

interface SeriesSource {
  table: 'gpu_samples' | 'gpu_1h'
  /** Rows of `table` that count. */
  live: (alias: string) => string
  /** The mean of a column over rows of `table`. */
  mean: (alias: string, column: string) => string
  /** Means over rows `s`. */
  measures: Record<(typeof seriesMeasures)[number], string>
}

const sampled: SeriesSource = {
  table: 'gpu_samples',
  live: () => 'true',
  mean: (alias, column) => `avg(${alias}.${column})`,
  measures: {
    utilization_ratio: 'avg(s.utilization_ratio)',
    memory_used_bytes: 'avg(s.memory_used_bytes)',
    memory_total_bytes: 'avg(s.memory_total_bytes)',
    memory_ratio: 'avg(s.memory_used_bytes / s.memory_total_bytes)',
    power_watts: 'avg(s.power_watts)',
  },
}

const hourlyMean: SeriesSource['mean'] = (alias, column) =>
  `sum(${alias}.${column}_sum) / nullIf(sum(${alias}.${column}_count), 0)`
/** The same means, of sums and counts. The memory in all of a GPU is what it is: its highest stands for all samples. */
const hourly: SeriesSource = {
  table: 'gpu_1h',
  live: (alias) => `${alias}.samples > 0`,
  mean: hourlyMean,
  measures: {
    utilization_ratio: hourlyMean('s', 'utilization_ratio'),
    memory_used_bytes: hourlyMean('s', 'memory_used_bytes'),
    memory_total_bytes: 'max(s.memory_total_bytes_max)',
    memory_ratio: `${hourlyMean('s', 'memory_used_bytes')} / max(s.memory_total_bytes_max)`,
    power_watts: hourlyMean('s', 'power_watts'),
  },
}

const hour = 3_600_000
const day = 24 * hour

/** A bucket is never shorter: exporters are hardly asked more often. */
const scrapeMs = 10_000

/**
 * Means per bucket of the GPUs that are the busiest in `like`, from where that is read from; `gpus` says how many it has in all.
 * Beyond 24 h the range begins at a whole hour.
 */
export async function gpuSeries(db: Db, asked: TimeRange, like = asked): Promise<GpuSeries> {
  const short = like.to - like.from <= day
  const { table, live, mean, measures } = short ? sampled : hourly
  const range = short ? asked : { from: Math.floor(asked.from / hour) * hour, to: asked.to }
  const frame = frameOf(range, table, short ? scrapeMs : hour)
  const rows = await db.query<
    GpuIdentity & { at: number; gpus: number } & Record<(typeof seriesMeasures)[number], number>
  >(
    `with busiest as (
      select ${gpuKey('g')} as key, g.mig_id as part,
        argMax(g.host, g.timestamp) as key_host, argMax(g.gpu, g.timestamp) as key_gpu, count() over () as gpus
      from ${table} as g where ${withinLike} and ${live('g')}
      group by key, part order by ${mean('g', 'utilization_ratio')} desc, key_host, key_gpu limit {lines:UInt32}
    )
    select b.key_host as host, b.key_gpu as gpu, b.part as mig_id,
      intDiv(toInt64(toUnixTimestamp(s.timestamp)) * 1000, {step_ms:Int64}) * {step_ms:Int64} as at,
      any(b.gpus) as gpus,
      ${seriesMeasures.map((name) => `${measures[name]} as ${name}`).join(',\n      ')}
    from ${table} as s inner join busiest as b on b.key = ${gpuKey('s')} and b.part = s.mig_id
    where ${within} and ${live('s')}
    group by host, gpu, mig_id, at order by host, gpu, mig_id, at`,
    { ...bounds(range), like_from_ms: like.from, like_to_ms: like.to, step_ms: frame.step_ms, lines: maxLines },
  )
  const lines = linesOf(frame, rows, seriesMeasures, ({ host, gpu, mig_id }) => ({ host, gpu, mig_id }))
  return { ...frame, lines, gpus: rows[0]?.gpus ?? 0 }
}

const within = `timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}) and timestamp < fromUnixTimestamp64Milli({to_ms:Int64})`
const withinLike = within.replaceAll(/from_ms|to_ms/g, 'like_$&')

function bounds(range: TimeRange) {
  return { from_ms: range.from, to_ms: range.to }
}
