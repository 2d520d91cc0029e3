/**
 * All GPUs over time, and one alone: means and highest values per bucket, how long each was idle and what that cost. Reads the rollups
 * of a minute up to 24 h and of an hour beyond, which equal the samples; prices from `topology`.
 */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { gpuKey, type GpuIdentity } from './gpu.ts'
import { frameOf, type SeriesFrame } from './series.ts'
import { gpuId } from './topology-facts.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** A minute in which kernels ran for less than this share of it is idle. */
export const idleBelow = 0.05

const mean = (column: string) => `sum(s.${column}_sum) / nullIf(sum(s.${column}_count), 0)`

const measures = {
  utilization_ratio: mean('utilization_ratio'),
  sm_active_ratio: mean('sm_active_ratio'),
  tensor_active_ratio: mean('tensor_active_ratio'),
  dram_active_ratio: mean('dram_active_ratio'),
  memory_used_bytes: mean('memory_used_bytes'),
  memory_total_bytes: 'max(s.memory_total_bytes_max)',
  memory_ratio: `${mean('memory_used_bytes')} / nullIf(max(s.memory_total_bytes_max), 0)`,
  power_watts: mean('power_watts'),
  temperature_celsius: 'max(s.temperature_celsius_max)',
  memory_temperature_celsius: 'max(s.memory_temperature_celsius_max)',
  throttled_ratio: 'sum(s.throttled_samples) / sum(s.samples)',
  xid_samples: 'sum(s.xid_samples)',
} as const
export type GpuMeasure = keyof typeof measures

/** What the fleet's map may be coloured by. */
export const fleetMeasures = [
  'utilization_ratio',
  'sm_active_ratio',
  'tensor_active_ratio',
  'memory_ratio',
  'power_watts',
  'temperature_celsius',
  'throttled_ratio',
] as const satisfies GpuMeasure[]
export type FleetMeasure = (typeof fleetMeasures)[number]

export interface FleetGpu extends GpuIdentity {
  uuid: string
  device: string
  /** One per bucket; null where nothing was sampled. */
  values: (number | null)[]
  /** Minutes of the range that samples are from, and how many of them were idle; null where no utilisation is told. */
  sampled_minutes: number
  idle_minutes: number | null
  /** Of an hour, as configured for what runs on it at the end of the range; null when nobody said. */
  gpu_hour_usd: number | null
}

export interface GpuFleet extends SeriesFrame {
  measure: FleetMeasure
  gpus: FleetGpu[]
  /** Beyond those shown. */
  left_out: number
}

/** A point of a map is wider than one of a line. */
const mostBuckets = 72
const mostGpus = 512

function tableOf(range: TimeRange): { table: 'gpu_1m' | 'gpu_1h'; grain_ms: number } {
  return range.to - range.from <= day ? { table: 'gpu_1m', grain_ms: minute } : { table: 'gpu_1h', grain_ms: hour }
}

const within = `timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`

/** By host and index. Each GPU once, also where two exporters show it: the host that showed it last is its name. */
export async function gpuFleet(db: Db, range: TimeRange, measure: FleetMeasure): Promise<GpuFleet> {
  const { table, grain_ms } = tableOf(range)
  const whole = { from: Math.floor(range.from / grain_ms) * grain_ms, to: range.to }
  const frame = frameOf(whole, table, Math.max(grain_ms, stepFor(whole, mostBuckets)))
  const params = { from_ms: whole.from, to_ms: whole.to }
  type Point = { key: string; mig_id: string; at: number; value: number | null }
  const [points, gpus, idle, prices] = await Promise.all([
    db.query<Point>(
      `select ${gpuKey('s')} as key, s.mig_id as mig_id,
        intDiv(toInt64(toUnixTimestamp(s.timestamp)) * 1000, {step_ms:Int64}) * {step_ms:Int64} as at, ${measures[measure]} as value
      from ${table} as s where ${within} and s.samples > 0 group by key, mig_id, at`,
      { ...params, step_ms: frame.step_ms },
    ),
    db.query<Omit<FleetGpu, 'values' | 'sampled_minutes' | 'idle_minutes' | 'gpu_hour_usd'> & { key: string }>(
      `select ${gpuKey('s')} as key, s.mig_id as mig_id, argMax(s.host, (s.timestamp, s.host)) as host, argMax(s.gpu, (s.timestamp, s.host)) as gpu,
        any(s.uuid) as uuid, anyIf(s.device, s.device != '') as device
      from ${table} as s where ${within} and s.samples > 0
      group by key, mig_id order by host, toUInt32OrZero(gpu), gpu, mig_id`,
      params,
    ),
    idleMinutes(db, params),
    gpuPrices(db, whole.to),
  ])
  const index = new Map(frame.times.map((at, position) => [at, position]))
  const nameOf = (row: { key: string; mig_id: string }) => `${row.key} ${row.mig_id}`
  const lines = new Map(gpus.map((gpu) => [nameOf(gpu), frame.times.map((): number | null => null)]))
  for (const point of points) {
    const [line, at] = [lines.get(nameOf(point)), index.get(point.at)]
    if (line && at !== undefined) line[at] = point.value
  }
  return {
    ...frame,
    measure,
    gpus: gpus.slice(0, mostGpus).map(({ key, ...gpu }): FleetGpu => {
      const name = nameOf({ key, mig_id: gpu.mig_id })
      const { sampled_minutes = 0, idle_minutes = null } = idle.get(name) ?? {}
      const uuid = gpu.uuid === '' ? `${gpu.host}/${gpu.gpu}` : gpu.uuid
      const told = { values: lines.get(name) ?? [], sampled_minutes, idle_minutes }
      return Object.assign(gpu, told, { gpu_hour_usd: prices.get(uuid) ?? null })
    }),
    left_out: Math.max(gpus.length - mostGpus, 0),
  }
}

/** Minutes by GPU and MIG instance. A minute that two exporters show counts once. */
async function idleMinutes(
  db: Db,
  params: { from_ms: number; to_ms: number },
): Promise<Map<string, { sampled_minutes: number; idle_minutes: number | null }>> {
  const rows = await db.query<{ name: string; sampled_minutes: number; told: number; idle: number }>(
    `select concat(key, ' ', mig_id) as name, count() as sampled_minutes, countIf(busy is not null) as told,
      countIf(busy < {idle_below:Float64}) as idle
    from (
      select ${gpuKey('s')} as key, s.mig_id as mig_id, s.timestamp as at, ${mean('utilization_ratio')} as busy
      from gpu_1m as s where ${within} and s.samples > 0 group by key, mig_id, at
    ) group by key, mig_id`,
    { ...params, idle_below: idleBelow },
  )
  return new Map(
    rows.map(({ name, sampled_minutes, told, idle }) => [
      name,
      { sampled_minutes, idle_minutes: told === 0 ? null : idle },
    ]),
  )
}

/** Dollars of an hour by the name that `topology` has for a GPU, as of `at`, epoch ms. */
async function gpuPrices(db: Db, at: number): Promise<Map<string, number>> {
  const rows = await db.query<{ uuid: string; usd: number }>(
    `select uuid, max(t.gpu_hour_usd) as usd from topology as t array join t.gpu_uuids as uuid
    where not t.ambiguous and t.gpu_hour_usd is not null and t.valid_from < fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
      and (t.valid_to is null or t.valid_to >= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC'))
    group by uuid`,
    { at_ms: Math.floor(at) },
  )
  return new Map(rows.map(({ uuid, usd }) => [uuid, usd]))
}

export interface GpuUse {
  endpoint: string
  server: string
  instance: string
  model: string
  /** Epoch ms; `to_ms` null while it holds. */
  from_ms: number
  to_ms: number | null
  gpu_hour_usd: number | null
  ambiguous: boolean
  why: string
}

export type GpuCourse = SeriesFrame & Record<GpuMeasure, (number | null)[]>

export type GpuHistory = GpuCourse & {
  /** Null when nothing of it is stored in the range. */
  gpu: { uuid: string; device: string; mig_profile: string } | null
  sampled_minutes: number
  idle_minutes: number | null
  /** What ran on it at some time of the range, the newest first. */
  uses: GpuUse[]
  /** Codes that the driver reported, and when they were first and last seen, epoch ms. */
  xids: { xid: number; first_ms: number; last_ms: number; samples: number }[]
}

const place = 's.host = {host:String} and s.gpu = {gpu:String} and s.mig_id = {mig_id:String}'

/** What one GPU, or one MIG instance of it, did over time. From where `like` is read from. */
export async function gpuCourse(db: Db, at: GpuIdentity, range: TimeRange, like = range): Promise<GpuCourse> {
  const { table, grain_ms } = tableOf(like)
  const whole = { from: Math.floor(range.from / grain_ms) * grain_ms, to: range.to }
  const frame = frameOf(whole, table, grain_ms)
  const rows = await db.query<{ at: number } & Record<GpuMeasure, number | null>>(
    `select intDiv(toInt64(toUnixTimestamp(s.timestamp)) * 1000, {step_ms:Int64}) * {step_ms:Int64} as at,
      ${Object.entries(measures)
        .map(([name, sql]) => `${sql} as ${name}`)
        .join(',\n      ')}
    from ${table} as s where ${within} and ${place} and s.samples > 0 group by at order by at`,
    { ...at, from_ms: whole.from, to_ms: whole.to, step_ms: frame.step_ms },
  )
  const byTime = new Map(rows.map((row) => [row.at, row]))
  const lines = Object.keys(measures).map((name) => [
    name,
    frame.times.map((time) => byTime.get(time)?.[name as GpuMeasure] ?? null),
  ])
  return { ...frame, ...(Object.fromEntries(lines) as Record<GpuMeasure, (number | null)[]>) }
}

/** One GPU, or one MIG instance of it, by its place. From where `like` is read from. */
export async function gpuHistory(
  db: Db,
  { host, gpu, mig_id }: GpuIdentity,
  range: TimeRange,
  like = range,
): Promise<GpuHistory> {
  const { table, grain_ms } = tableOf(like)
  const whole = { from: Math.floor(range.from / grain_ms) * grain_ms, to: range.to }
  const params = { host, gpu, mig_id, from_ms: whole.from, to_ms: whole.to }
  const [course, [identity], idle, xids] = await Promise.all([
    gpuCourse(db, { host, gpu, mig_id }, range, like),
    db.query<{ uuid: string; device: string; mig_profile: string; name: string }>(
      `select argMax(s.uuid, s.timestamp) as uuid, argMax(s.device, s.timestamp) as device,
        argMax(s.mig_profile, s.timestamp) as mig_profile, argMax(${gpuId('s')}, s.timestamp) as name
      from ${table} as s where ${within} and ${place} and s.samples > 0 having count() > 0`,
      params,
    ),
    idleMinutes(db, params),
    db.query<{ xid: number; first_ms: number; last_ms: number; samples: number }>(
      `select assumeNotNull(s.xid) as xid, toUnixTimestamp64Milli(min(s.timestamp)) as first_ms,
        toUnixTimestamp64Milli(max(s.timestamp)) as last_ms, count() as samples
      from gpu_samples as s where ${within} and ${place} and s.xid > 0
        and (s.timestamp >= fromUnixTimestamp64Milli({newest_ms:Int64}, 'UTC') or toStartOfHour(s.timestamp) in (
          select h.timestamp from gpu_1h as h where h.xid_samples > 0 and h.host = {host:String} and h.gpu = {gpu:String}
            and h.timestamp >= fromUnixTimestamp64Milli({first_hour_ms:Int64}, 'UTC') and h.timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
        ))
      group by xid order by last_ms desc limit 100`,
      { ...params, first_hour_ms: Math.floor(whole.from / hour) * hour, newest_ms: whole.to - hour },
    ),
  ])
  const uses = identity ? await usesOf(db, identity.name, mig_id, whole) : []
  const key = identity && (identity.uuid === '' ? `${host} ${gpu}` : identity.uuid)
  const { sampled_minutes = 0, idle_minutes = null } = idle.get(`${key} ${mig_id}`) ?? {}
  return {
    ...course,
    gpu: identity ? { uuid: identity.uuid, device: identity.device, mig_profile: identity.mig_profile } : null,
    sampled_minutes,
    idle_minutes,
    uses,
    xids,
  }
}

async function usesOf(db: Db, name: string, mig_id: string, range: TimeRange): Promise<GpuUse[]> {
  return db.query<GpuUse>(
    `select t.endpoint as endpoint, t.server as server, t.instance as instance, t.model as model,
      toUnixTimestamp64Milli(t.valid_from) as from_ms, toUnixTimestamp64Milli(t.valid_to) as to_ms,
      t.gpu_hour_usd as gpu_hour_usd, t.ambiguous as ambiguous, t.why as why
    from topology as t
    where arrayExists((uuid, mig) -> uuid = {name:String} and mig = {mig_id:String}, t.gpu_uuids, t.mig_ids)
      and (t.valid_to is null or t.valid_to > t.valid_from)
      and t.valid_from < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      and (t.valid_to is null or t.valid_to > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
    order by from_ms desc, endpoint, instance, model limit 200`,
    { name, mig_id, from_ms: Math.floor(range.from), to_ms: Math.ceil(range.to) },
  )
}
