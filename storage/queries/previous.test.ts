/** What pages draw of the period before, against a recount of the raw rows. */
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { gpuSamples, serverSamples } from '../../test/dashboard/seed-fleet.ts'
import { store } from '../../test/dashboard/store.ts'
import { startRollups } from '../rollups.ts'
import { testStorage } from '../testing.ts'
import { concurrency } from './concurrency.ts'
import { costBefore, costBreakdown } from './cost-breakdown.ts'
import { errorClasses } from './error-classes.ts'
import { gpuCourse, gpuHistory } from './gpu-fleet.ts'
import { gpuSeries } from './gpu.ts'
import { rangeBefore, withPeriodBefore } from './previous.ts'
import type { SeriesFrame } from './series.ts'
import { serverLatencySeries } from './server-latency.ts'
import { serverSeries } from './server-series.ts'
import { trafficLatency, trafficVolume } from './traffic-series.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const noon = Date.UTC(2026, 10, 21, 12)

/** Every 3 minutes for eight hours, every 2 hours for eight days. Every fourth fails, every fifth has no known price. */
const ages = [
  ...Array.from({ length: 160 }, (_, index) => index * 3 * minute + 1234),
  ...Array.from({ length: 96 }, (_, index) => (index + 4) * 2 * hour + 777),
]
const rows = ages.map(callOf)

function callOf(age: number, index: number): LlmRequest {
  return {
    ...emptyRequest(),
    timestamp: (noon - age) * 1000,
    trace_id: index.toString(16).padStart(32, '0'),
    span_id: index.toString(16).padStart(16, '0'),
    model: index % 3 ? 'a' : 'b',
    status: index % 4 ? 'ok' : 'error',
    error_type: index % 4 ? '' : 'server_error',
    duration_ms: 1000 + ((index * 7919) % 5000),
    output_tokens: index,
    cost_usd: index % 5 ? 0.001 * index : null,
  }
}

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'requests', rows)
  await store(storage.db, 'gpu_samples', gpuSamples(noon, 180))
  await store(storage.db, 'server_samples', serverSamples(noon, 180))
  const rollups = await startRollups(storage.db, pino({ level: 'silent' }))
  await rollups.flush()
  await rollups.stop()
})
afterAll(() => storage.stop())

const ranges: [name: string, range: TimeRange][] = [
  ['an hour', { from: noon - hour, to: noon }],
  ['an odd time', { from: noon - 100 * minute - 1500, to: noon - 3333 }],
  ['two days', { from: noon - 2 * day, to: noon }],
]
const inside = ({ from, to }: TimeRange) =>
  rows.filter(({ timestamp }) => timestamp >= from * 1000 && timestamp < to * 1000)
const total = (values: readonly (number | null)[] = []) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0)

/** Asks for both, and checks that the buckets of one lie on those of the other. */
async function compared<S extends SeriesFrame>(
  range: TimeRange,
  series: (asked: TimeRange, like: TimeRange) => Promise<S>,
): Promise<[current: S, previous: S]> {
  const { previous, ...current } = await withPeriodBefore(series, range, true)
  if (!previous) throw new Error('it was asked for')
  expect([previous.step_ms, previous.source]).toEqual([current.step_ms, current.source])
  const shift = current.from - previous.from
  expect(previous.times.map((at) => at + shift)).toEqual(current.times)
  expect(previous.to).toBeLessThanOrEqual(current.from)
  return [current as unknown as S, previous]
}

describe.each(ranges)('of %s', (_name, range) => {
  test('sums are those of its own requests', async () => {
    const [, { values, ...before }] = await compared(range, (asked, like) =>
      trafficVolume(storage.reader, {}, asked, like),
    )
    const found = inside(before)
    expect(found.length).toBeGreaterThan(5)
    expect(total(values.requests)).toBe(found.length)
    expect(total(values.errors)).toBe(found.filter(({ status }) => status === 'error').length)
    expect(total(values.output_tokens)).toBe(total(found.map(({ output_tokens }) => output_tokens)))
    expect(total(values.cost_usd)).toBeCloseTo(total(found.map(({ cost_usd }) => cost_usd)), 9)
  })

  test('quantiles lie among its own requests, bucket by bucket', async () => {
    const [, { values, times, step_ms, from, to }] = await compared(range, (asked, like) =>
      trafficLatency(storage.reader, {}, asked, like),
    )
    for (const [index, at] of times.entries()) {
      const found = inside({ from: Math.max(at, from), to: Math.min(at + step_ms, to) })
      expect(values.requests[index] ?? 0).toBe(found.length)
      expect(values.p95_ms[index] === null).toBe(found.length === 0)
      // Of few values the 95th percentile is the longest.
      const longest = Math.max(0, ...found.map(({ duration_ms }) => duration_ms ?? 0))
      expect((values.p95_ms[index] ?? 0) / Math.max(longest, 1)).toBeCloseTo(found.length === 0 ? 0 : 1, 3)
    }
  })

  test('errors by class, and what was in flight', async () => {
    const [errors, before] = await compared(range, (asked, like) => errorClasses(storage.reader, {}, asked, like))
    expect(before.by).toBe(errors.by)
    expect(total(before.lines.flatMap((line) => line.errors))).toBe(
      inside(before).filter(({ status }) => status === 'error').length,
    )
    const [now, then] = await compared(range, (asked, like) => concurrency(storage.reader, {}, asked, like))
    expect(then.method).toBe(now.method)
    const seconds = then.times.map((at) => (Math.min(at + then.step_ms, then.to) - Math.max(at, then.from)) / 1000)
    const busy = total(then.mean.map((mean, index) => (mean ?? 0) * (seconds[index] ?? 0)))
    // A call at an edge is in it with the part that lies inside.
    const longest = 6
    const all = total(inside(then).map(({ duration_ms }) => duration_ms)) / 1000
    expect(Math.abs(busy - all)).toBeLessThan(longest)
  })

  test('spend is that of its own requests, in buckets that lie on those of the breakdown', async () => {
    const breakdown = await costBreakdown(storage.reader, {}, range, 'model')
    const before = await costBefore(storage.reader, {}, breakdown)
    expect(before).toHaveLength(breakdown.times.length)
    const then = rangeBefore(breakdown)
    // Rollups begin at a whole minute.
    const found = inside({ from: Math.floor(then.from / minute) * minute, to: then.to })
    expect(total(before)).toBeCloseTo(total(found.map(({ cost_usd }) => cost_usd)), 9)
    const shift = breakdown.from - then.from
    for (const [index, at] of breakdown.times.entries()) {
      const priced = found.filter(({ timestamp, cost_usd }) => {
        const bucket = Math.floor(timestamp / 1000 / breakdown.step_ms) * breakdown.step_ms
        return bucket + shift === at && cost_usd !== null
      })
      expect(before[index] ?? 0).toBeCloseTo(total(priced.map(({ cost_usd }) => cost_usd)), 9)
    }
  })
})

const servedRange = { from: noon - hour, to: noon }

test('GPUs are those of the range itself, with their own means', async () => {
  const [now, then] = await compared(servedRange, (asked, like) => gpuSeries(storage.reader, asked, like))
  const names = ({ lines }: typeof now) => lines.map(({ host, gpu, mig_id }) => `${host} ${gpu} ${mig_id}`)
  expect(names(then)).toEqual(names(now))
  const raw = await storage.reader.query<{ host: string; gpu: string; mean: number }>(
    `select host, gpu, avg(utilization_ratio) as mean from gpu_samples
    where timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64}) group by host, gpu`,
    { from: then.from, to: then.to },
  )
  expect(raw.length).toBeGreaterThan(0)
  for (const { host, gpu, mean } of raw) {
    const values = then.lines.find((line) => line.host === host && line.gpu === gpu)?.utilization_ratio ?? []
    const known = values.filter((value) => value !== null)
    // Buckets hold equally many samples, but for the first and the last.
    expect(total(known) / known.length).toBeCloseTo(mean, 1)
  }
})

test('one GPU, from the table of the range itself', async () => {
  const [line] = (await gpuSeries(storage.reader, servedRange)).lines
  if (!line) throw new Error('there is one')
  const { host, gpu, mig_id } = line
  // The minute that it begins in makes it longer than a day.
  for (const range of [servedRange, { from: noon - day + 30_000, to: noon + 30_000 }]) {
    const now = await gpuHistory(storage.reader, { host, gpu, mig_id }, range)
    const then = await gpuCourse(storage.reader, { host, gpu, mig_id }, rangeBefore(now), range)
    expect([then.source, then.step_ms, then.times.length]).toEqual([now.source, now.step_ms, now.times.length])
  }
})

test('servers are those of the range itself, with their own counts', async () => {
  const [now, then] = await compared(servedRange, (range, like) => serverSeries(storage.reader, { range, like }))
  expect(then.lines.map(({ instance, model }) => [instance, model])).toEqual(
    now.lines.map(({ instance, model }) => [instance, model]),
  )
  const [raw] = await storage.reader.query<{ preemptions: number }>(
    `select sum(preemptions) as preemptions from server_samples
    where timestamp >= fromUnixTimestamp64Milli({from:Int64}) and timestamp < fromUnixTimestamp64Milli({to:Int64})`,
    { from: then.from, to: then.to },
  )
  expect(total(then.lines.flatMap(({ preemptions }) => preemptions))).toBe(raw?.preemptions)
  const [quantiles, before] = await compared(servedRange, (range, like) =>
    serverLatencySeries(storage.reader, { range, like }, 'ttft_ms'),
  )
  expect(before.lines.map(({ instance }) => instance)).toEqual(quantiles.lines.map(({ instance }) => instance))
})
