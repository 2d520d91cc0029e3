/**
 * How much of a range the questions of the explorer read: all of it while it holds few requests, else a slice of each of its parts,
 * so that a month costs what a busy hour does. A slice's place within its part is hashed: no hour of the day is preferred.
 */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { where, type Condition, type Filter } from './where.ts'

export interface Sample {
  /** 1: every request was read. n: one in n, so that counts stand for about n times as many. */
  factor: number
}

/** Of requests; more take longer than a page may. */
export const mostRows = 1_000_000
/** Shorter ranges are read whole: their rollups are not there yet. */
const leastSampled = 600_000
const day = 86_400_000
/** The largest that a slice of a step can be one of, whole seconds. */
const mostFactor = 600

/** Decides by the rollups, whatever is filtered. Parts are as long as `step_ms`, a whole number of seconds. */
export async function sampleOf(db: Db, range: TimeRange, step_ms: number, most = mostRows): Promise<Sample> {
  if (range.to - range.from < leastSampled) return { factor: 1 }
  const table = range.to - range.from > 2 * day ? 'requests_1d' : 'requests_1h'
  const bucket = table === 'requests_1d' ? day : 3_600_000
  const [row] = await db.query<{ requests: number }>(
    `select sum(r.requests) as requests from ${table} as r
    where timestamp >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      and timestamp < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')`,
    { from_ms: Math.floor(range.from / bucket) * bucket, to_ms: Math.ceil(range.to) },
  )
  return { factor: factorFor((row?.requests ?? 0) / most, step_ms / 1000) }
}

/** The least whole factor of at least `wanted` that cuts `step_s` into whole seconds. */
export function factorFor(wanted: number, step_s: number): number {
  for (let factor = Math.max(1, Math.ceil(wanted)); factor <= Math.min(mostFactor, step_s); factor += 1)
    if (step_s % factor === 0) return factor
  return wanted <= 1 ? 1 : step_s
}

/** `where`, of the slices alone. */
export function sampled(filter: Filter, range: TimeRange, { factor }: Sample, step_ms: number): Condition {
  const condition = where(filter, range)
  if (factor === 1) return condition
  const slices: number[] = []
  for (let part = Math.floor(range.from / step_ms); part * step_ms < range.to; part += 1)
    slices.push(part * factor + (scattered(part) % factor))
  return {
    // A rising function of the table's key, in the engine's eyes too: what is between the slices is not read.
    sql: `${condition.sql} and intDiv(toUInt32(toDateTime(r.timestamp)), {slice_s:UInt32}) in {slices:Array(UInt32)}`,
    params: { ...condition.params, slice_s: step_ms / factor / 1000, slices },
  }
}

function scattered(value: number): number {
  const mixed = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 12)) >>> 0
}
