/** Memory of all GPUs together: in use on average over the range, in the one before, and over time. Reads `gpu_1m` up to 24 h, `gpu_1h` beyond. */
import { stepFor, type TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { gpuKey } from './gpu.ts'

export interface VramUse {
  gpus: number
  used_bytes: number
  total_bytes: number
}

export interface Vram {
  /** Null when no GPU tells its memory. */
  current: VramUse | null
  previous: VramUse | null
  /** The GPU that is fullest on average over the range. */
  fullest: { host: string; gpu: string; mig_id: string; ratio: number } | null
  spark: { step_ms: number; points: { at: number; used_bytes: number; total_bytes: number }[] }
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const live = `timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      and s.samples > 0 and s.memory_used_bytes_count > 0 and s.memory_total_bytes_max > 0`

/** A GPU counts once where two exporters show it; its instances count where it does not tell its own memory. */
const perGpu = (table: string, at: string) => `select key, at,
      if(countIf(part = '') > 0, sumIf(used, part = ''), sum(used)) as used,
      if(countIf(part = '') > 0, sumIf(total, part = ''), sum(total)) as total
    from (
      select ${gpuKey('s')} as key, s.mig_id as part, ${at} as at,
        sum(s.memory_used_bytes_sum) / sum(s.memory_used_bytes_count) as used, max(s.memory_total_bytes_max) as total
      from ${table} as s where ${live} group by key, part, at
    ) group by key, at`

export async function vram(db: Db, range: TimeRange): Promise<Vram> {
  const [table, grain_ms] = range.to - range.from <= day ? (['gpu_1m', minute] as const) : (['gpu_1h', hour] as const)
  const from = Math.floor(range.from / grain_ms) * grain_ms
  const step_ms = Math.max(stepFor({ from, to: range.to }, 48), grain_ms)
  const bounds = { from_ms: from, to_ms: Math.ceil(range.to) }
  const before = { from_ms: 2 * from - bounds.to_ms, to_ms: from }
  const [current, previous, points, [fullest]] = await Promise.all([
    inUse(db, table, bounds),
    inUse(db, table, before),
    db.query<Vram['spark']['points'][number]>(
      `select at, sum(used) as used_bytes, toFloat64(sum(total)) as total_bytes from (
    ${perGpu(table, 'intDiv(toInt64(toUnixTimestamp(s.timestamp)) * 1000, {step_ms:Int64}) * {step_ms:Int64}')}
    ) group by at order by at`,
      { ...bounds, step_ms },
    ),
    db.query<NonNullable<Vram['fullest']>>(
      `select argMax(s.host, (s.timestamp, s.host)) as host, argMax(s.gpu, (s.timestamp, s.host)) as gpu, s.mig_id as mig_id,
        sum(s.memory_used_bytes_sum) / sum(s.memory_used_bytes_count) / max(s.memory_total_bytes_max) as ratio
      from ${table} as s where ${live} group by ${gpuKey('s')}, mig_id order by ratio desc, host, gpu, mig_id limit 1`,
      bounds,
    ),
  ])
  return { current, previous, fullest: fullest ?? null, spark: { step_ms, points } }
}

async function inUse(db: Db, table: string, bounds: { from_ms: number; to_ms: number }): Promise<VramUse | null> {
  const [row] = await db.query<VramUse>(
    `select count() as gpus, sum(used) as used_bytes, toFloat64(sum(total)) as total_bytes from (
    ${perGpu(table, 'toInt64(0)')}
    )`,
    bounds,
  )
  return row && row.gpus > 0 ? row : null
}
