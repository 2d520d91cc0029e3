/** Series, latencies and totals of servers, against rows computed by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../testing.ts'
import { serverLatencySeries } from './server-latency.ts'
import { serverSeries } from './server-series.ts'
import { serverTotals } from './server-totals.ts'

const minute = 60_000
const noon = Date.UTC(2026, 10, 21, 12)
const range = { from: noon, to: noon + 100 * minute }

let storage: Awaited<ReturnType<typeof testStorage>>
const vllm = { server: 'vllm', instance: 'a:8000', endpoint: 'llama', model: 'llama-70b', interval_ms: 10_000 }
const ttft = (counts: number[], bounds = [100, 200, 400]) => ({
  ttft_ms_bounds: bounds,
  ttft_ms_counts: counts,
  ttft_ms_sum: 1000,
})
const row = (at: number, values: object, instance = 'a:8000') => ({
  ...vllm,
  instance,
  timestamp: (noon + at) * 1000,
  ...values,
})

beforeAll(async () => {
  storage = await testStorage()
  await storage.db.insert('server_samples', [
    // The first scrape knows no increase. Then 10 s with 1,000 tokens, and after a gap 40 s with 2,000.
    row(5_000, { interval_ms: null, running: 2, kv_cache_ratio: 0.5 }),
    row(15_000, { output_tokens: 1000, requests_ok: 3, running: 4, kv_cache_ratio: 0.7, finished: { stop: 3 } }),
    row(55_000, { interval_ms: 40_000, output_tokens: 2000, requests_ok: 1, finished: { length: 1 }, preemptions: 5 }),
    row(65_000, { ...ttft([6, 2, 0, 2]), prefix_hits: 30, prefix_queries: 40, output_tokens: 0, restarted: true }),
    // A second server of the endpoint takes over after two minutes; its version has other bounds.
    row(125_000, { ...ttft([5, 5, 0, 0]), output_tokens: 500, running: 1 }),
    row(155_000, { ...ttft([8, 2, 0], [150, 300]), output_tokens: 300, interval_ms: 30_000, running: 3 }, 'b:8000'),
  ])
})
afterAll(() => storage.stop())

const question = (by: 'instance' | 'endpoint', more = {}) => ({ range, by, ...more })

test('rates are over the time that scrapes cover; what nobody told is null', async () => {
  const { lines, source, step_ms, times, all } = await serverSeries(storage.reader, question('instance'))
  expect({ source, step_ms, buckets: times.length, all }).toEqual({
    source: 'server_samples',
    step_ms: minute,
    buckets: 100,
    all: 2,
  })
  const [a, b] = lines
  expect([a?.instance, b?.instance]).toEqual(['a:8000', 'b:8000'])
  expect(a?.endpoint).toBe('llama')
  expect(a?.output_tokens_per_second.slice(0, 4)).toEqual([60, 0, 50, null])
  expect(a?.requests_per_second.slice(0, 4)).toEqual([4 / 50, null, null, null])
  expect(a?.preemptions_per_second.slice(0, 2)).toEqual([5 / 40, null])
  expect(a?.preemptions.slice(0, 2)).toEqual([5, null])
  expect(a?.failures_per_second.every((value) => value === null)).toBe(true)
  expect(a?.input_tokens_per_second.every((value) => value === null)).toBe(true)
  expect(a?.running.slice(0, 4)).toEqual([3, null, 1, null])
  expect(a?.kv_cache_ratio.slice(0, 2)).toEqual([0.6, null])
  expect(a?.kv_cache_ratio_max.slice(0, 2)).toEqual([0.7, null])
  expect(a?.prefix_hit_ratio.slice(0, 2)).toEqual([null, 0.75])
  expect(a?.restarts.slice(0, 4)).toEqual([0, 1, 0, null])
  expect(a?.finished).toEqual({
    length: [1, 0, 0, ...Array.from({ length: 97 }, () => null)],
    stop: [3, 0, 0, ...Array.from({ length: 97 }, () => null)],
  })
})

test('servers of an endpoint: what both did over the time in which any was seen', async () => {
  const { lines, all } = await serverSeries(storage.reader, question('endpoint'))
  expect(all).toBe(1)
  const [line] = lines
  expect(line).toMatchObject({ server: '', instance: '', endpoint: 'llama', model: 'llama-70b' })
  // 12:02: a was seen for 10 s, b for 30 s of other time.
  expect(line?.output_tokens_per_second.slice(0, 4)).toEqual([60, 0, 800 / 40, null])
  expect(line?.running[2]).toBeCloseTo((1 * 10 + 3 * 30) / 40, 9)
})

test('quantiles of buckets, with the bucket around them; of different bounds by what both allow', async () => {
  const of = async (by: 'instance' | 'endpoint') =>
    (await serverLatencySeries(storage.reader, question(by), 'ttft_ms')).lines
  const [a, b] = await of('instance')
  expect(a?.observations.slice(0, 4)).toEqual([0, 10, 10, null])
  expect(a?.p50.value_ms.slice(0, 4)).toEqual([null, expect.closeTo(500 / 6, 9), 100, null])
  expect(a?.p50.low_ms.slice(0, 3)).toEqual([null, 0, 0])
  expect(a?.p50.high_ms.slice(0, 3)).toEqual([null, 100, 100])
  // Above the last bound nothing is known but that.
  expect([a?.p95.value_ms[1], a?.p95.low_ms[1], a?.p95.high_ms[1]]).toEqual([400, 400, null])
  expect(b?.bounds).toBe(1)
  const [line] = await of('endpoint')
  expect(line?.bounds).toBe(2)
  expect(line?.observations[2]).toBe(20)
  // Rank 19: up to 200 there are 10 and surely 8; up to 300 all of both.
  expect([line?.p95.low_ms[2], line?.p95.high_ms[2]]).toEqual([150, 300])
})

test('totals over the range, by server and by endpoint', async () => {
  const { servers } = await serverTotals(storage.reader, question('instance'))
  expect(servers[0]).toMatchObject({
    instance: 'a:8000',
    output_tokens_per_second: 3500 / 70,
    requests_per_second: 4 / 50,
    prefix_hit_ratio: 0.75,
    preemptions: 5,
    restarts: 1,
    finished: { length: 1, stop: 3 },
    running: expect.closeTo(7 / 3, 9) as number,
  })
  expect(servers[0]?.ttft_ms).toMatchObject({ observations: 20, bounds: 1, p50: { low_ms: 0, high_ms: 100 } })
  expect(servers[0]?.itl_ms).toEqual({ observations: 0, bounds: 0, p50: null, p95: null, p99: null })
  const whole = await serverTotals(storage.reader, question('endpoint'))
  expect(whole.servers).toHaveLength(1)
  expect(whole.servers[0]).toMatchObject({ output_tokens_per_second: 3800 / 100, ttft_ms: { bounds: 2 } })
})

test('what newer servers tell: batches, speculative decoding, LoRA, HTTP errors; counted before said', async () => {
  const told = { prefix_hit_ratio: 0.25, draft_acceptance_ratio: 0.5, batch_size: 7, lora_active: 2, lora_max: 4 }
  await storage.db.insert('server_samples', [
    row(605_000, { ...told, requests: 30, http_4xx: 2, http_5xx: 0, steps: 10, step_tokens: 2560 }, 'c:8000'),
    row(665_000, { ...told, prefix_hits: 1, prefix_queries: 2, draft_tokens: 10, accepted_tokens: 8 }, 'c:8000'),
    row(605_000, { requests_ok: 1000, role: 'gateway', endpoint: 'llama' }, 'gateway:4000'),
  ])
  const only = { filter: { instance: ['c:8000'] } }
  const { lines } = await serverSeries(storage.reader, question('instance', only))
  const at = (values: (number | null)[] | undefined) => values?.slice(10, 12)
  expect({
    prefix: at(lines[0]?.prefix_hit_ratio),
    draft: at(lines[0]?.draft_acceptance_ratio),
    batch: at(lines[0]?.batch_size),
    lora: [at(lines[0]?.lora_active), at(lines[0]?.lora_max)],
    requests: at(lines[0]?.requests_per_second),
    http: [at(lines[0]?.http_4xx_per_second), at(lines[0]?.http_5xx_per_second)],
    step: at(lines[0]?.tokens_per_step),
  }).toEqual({
    prefix: [0.25, 0.5],
    draft: [0.5, 0.8],
    batch: [7, 7],
    lora: [
      [2, 2],
      [4, 4],
    ],
    requests: [3, null],
    http: [
      [0.2, null],
      [0, null],
    ],
    step: [256, null],
  })
  const [line] = (await serverSeries(storage.reader, question('endpoint'))).lines
  expect(line?.requests_per_second[10]).toBe(3)
})

test('a filter keeps the lines that match it', async () => {
  const only = await serverTotals(storage.reader, question('instance', { filter: { instance: ['b:8000'] } }))
  expect(only.servers.map(({ instance }) => instance)).toEqual(['b:8000'])
  const none = await serverSeries(storage.reader, question('instance', { filter: { endpoint: ['x'], model: ['y'] } }))
  expect(none).toMatchObject({ lines: [], all: 0 })
})
