/** The kinds that read servers, GPUs, targets, probes and queues: expected values are recounted from the rows. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyGpu } from '../../collector/scrape/gpu.ts'
import { bucketQuantile } from '../../records/bucket-quantile.ts'
import type { GpuSample } from '../../records/gpu-sample.ts'
import { emptyRequest } from '../../records/llm-request.ts'
import type { Probe } from '../../records/probe.ts'
import type { QueueSample } from '../../records/queue-sample.ts'
import { emptyServerSample, type ServerSample } from '../../records/server-sample.ts'
import { testStorage } from '../../storage/testing.ts'
import { random } from '../../test/dashboard/seed.ts'
import { store } from '../../test/dashboard/store.ts'
import { ask, questionAt } from '../ask.ts'
import type { Sample } from '../instance.ts'
import { parseRuleFile } from '../rule-file.ts'

const to = Date.UTC(2026, 10, 21, 10)
const second = 1_000
const minute = 60 * second
const gib = 2 ** 30
const draw = random(11)

let storage: Awaited<ReturnType<typeof testStorage>>

/** Every ten seconds of a quarter of an hour, the newest one second before the end. */
const ticks = Array.from({ length: 90 }, (_, index) => to - second - index * 10 * second)
const within =
  (window_ms: number) =>
  ({ timestamp }: { timestamp: number }) =>
    timestamp / 1000 >= to - window_ms && timestamp / 1000 < to

/** Two engines of llama, one of qwen that counts little, a gateway in front, and one that restarted. */
const servers: ServerSample[] = ticks.flatMap((at, index) => {
  const base = { ...emptyServerSample(), timestamp: at * 1000, interval_ms: index === 89 ? null : 10_000 }
  const llama = {
    ...base,
    server: 'vllm',
    endpoint: 'llama',
    model: 'llama-70b',
    running: Math.floor(draw() * 10),
    waiting: draw() < 0.1 ? null : Math.floor(draw() * 30),
    kv_cache_ratio: draw(),
    input_tokens: Math.floor(draw() * 9_000),
    output_tokens: index === 89 ? null : Math.floor(draw() * 4_000),
    requests_ok: Math.floor(draw() * 10),
    requests_failed: Math.floor(draw() * 3),
    preemptions: draw() < 0.3 ? null : Math.floor(draw() * 4),
    prefix_hits: 100 + Math.floor(draw() * 300),
    prefix_queries: 500,
    queue_ms: { bounds_ms: [10, 100, 1000], counts: [5, 3, 2, draw() < 0.2 ? 1 : 0], sum_ms: 900 },
  }
  return [
    { ...llama, instance: 'a:8000' },
    { ...llama, instance: 'b:8000', waiting: Math.floor(draw() * 5), restarted: index === 3 },
    {
      ...base,
      server: 'sglang',
      instance: 'c:30000',
      model: 'qwen',
      running: 0,
      waiting: 0,
      prefix_hit_ratio: 0.25,
      queue_ms: { bounds_ms: [50], counts: [4, 0], sum_ms: 100 },
    },
    { ...llama, server: 'litellm', role: 'gateway' as const, instance: 'g:4000', waiting: 1_000 },
  ]
})

const gpuAt = (at: number, gpu: string, fields: Partial<GpuSample>): GpuSample => ({
  ...emptyGpu({ timestamp: at * 1000, target: 'http://h/metrics', host: 'h', fallbackHost: '' }),
  gpu,
  uuid: `GPU-${gpu}`,
  device: 'H100',
  interval_ms: 10_000,
  ...fields,
})

/** 0 works, 1 idles and is too hot, 2 is broken, 3 says hardly anything and came late. */
const gpus: GpuSample[] = ticks.flatMap((at, index) => [
  gpuAt(at, '0', {
    utilization_ratio: 0.5 + draw() / 2,
    memory_used_bytes: Math.floor(60 * gib + draw() * 10 * gib),
    memory_total_bytes: 80 * gib,
    temperature_celsius: Math.round(60 + draw() * 10),
    power_watts: 600 + draw() * 100,
    power_limit_watts: 700,
    throttle_reasons: ['sw_power_cap'],
    // In the window of five minutes: none, then 31 for good. Before it: 43, which was over again.
    xid: index < 12 ? 31 : index > 60 && index < 70 ? 43 : 0,
    ecc_uncorrected: 4,
  }),
  gpuAt(at, '1', {
    utilization_ratio: index === 40 ? 0.9 : 0.01,
    temperature_celsius: 88 + (index % 3),
    power_watts: 90,
    throttle_reasons: index % 4 === 0 ? ['hw_thermal_slowdown', 'gpu_idle'] : ['gpu_idle'],
    // As it was before the window.
    xid: 79,
  }),
  gpuAt(at, '2', {
    // Grows by one twice, falls to zero as the driver is loaded anew, and grows by two.
    ecc_uncorrected: index > 25 ? 5 : index > 20 ? 6 : index > 15 ? 7 : index > 10 ? 0 : 2,
    xid: index < 5 ? 48 : index < 10 ? null : index < 15 ? 94 : null,
    memory_used_bytes: 10,
    memory_total_bytes: 0,
  }),
  ...(index < 5 ? [gpuAt(at, '3', { xid: 74, utilization_ratio: 0, ecc_uncorrected: index === 0 ? 9 : null })] : []),
])

const queue = (at: number, fields: Partial<QueueSample>): QueueSample => ({
  timestamp: at * 1000,
  interval_ms: 10_000,
  target: 'http://q1/metrics',
  system: 'rabbitmq',
  queue: 'batch',
  endpoint: 'llama',
  waiting: null,
  running: null,
  oldest_age_ms: null,
  consumers: null,
  arrived: null,
  done: null,
  failed: null,
  ...fields,
})
const queues: QueueSample[] = ticks.flatMap((at, index) => [
  queue(at, { waiting: 100 + index, oldest_age_ms: index * minute, consumers: 2, failed: index < 6 ? 1 : 0 }),
  // Another exporter of the same queue, which it left for the first one.
  queue(at - 5 * second, { target: 'http://q0/metrics', waiting: 9_000 }),
  queue(at, { queue: 'mail', endpoint: '', waiting: null, consumers: 0 }),
])

const probeAt = (at: number, name: string, fields: Partial<Probe>): Probe => ({
  timestamp: at * 1000,
  endpoint: 'llama',
  probe: name,
  type: 'http',
  model: '',
  ok: true,
  status: 'ok',
  http_status: 200,
  interval_ms: 60_000,
  connect_ms: null,
  ttfb_ms: null,
  ttft_ms: null,
  duration_ms: 100,
  input_tokens: null,
  output_tokens: null,
  tokens_per_second: null,
  cost_usd: null,
  certificate_days: null,
  cold_start: '',
  objective_ratio: 0.999,
  error: '',
  ...fields,
})
const minutes = Array.from({ length: 10 }, (_, index) => to - 30 * second - index * minute)
const probes: Probe[] = minutes.flatMap((at, index) => [
  probeAt(at, 'ready', index < 3 ? { ok: false, status: 'error', error: 'refused' } : { certificate_days: 10 }),
  probeAt(at, 'flaky', { ok: index % 2 === 1, certificate_days: 90, ttft_ms: 100 * (index + 1) }),
  probeAt(at, 'fine', {}),
])
/** Failed before the window too: of what is in it, all. */
probes.push(...minutes.slice(0, 4).map((at) => probeAt(at, 'dead', { endpoint: 'gone', ok: false, error: 'no route' })))

const targetAt = (at: number, url: string, fields: object) => ({
  timestamp: at * 1000,
  url,
  kind: 'vllm',
  endpoint: '',
  source: 'static',
  labels: {},
  state: 'up',
  duration_ms: 12,
  series: 1,
  samples: 1,
  error: '',
  missing: [],
  ...fields,
})
const missing = [{ measure: 'queue_ms', names: ['x'], reason: 'not there', fix: '' }]
const targets = [
  ...minutes.map((at) => targetAt(at, 'http://fine/', {})),
  ...minutes.map((at) => targetAt(at, 'http://lean/', { missing })),
  ...minutes.map((at) => targetAt(at, 'http://odd/', { kind: '' })),
  // Up until 7:30 before the end, down from then on, with another error at last.
  ...minutes.map((at, index) =>
    targetAt(at, 'http://down/', index < 8 ? { state: 'down', error: index < 2 ? 'refused' : 'timed out' } : {}),
  ),
  // Up again.
  ...minutes.map((at, index) => targetAt(at, 'http://back/', index === 2 ? { state: 'down', error: 'x' } : {})),
  // Nothing heard for 6:30.
  ...minutes.slice(6).map((at) => targetAt(at, 'http://stale/', {})),
  // Taken out of the configuration.
  targetAt(to - 8 * minute, 'http://left/', {}),
  targetAt(to - 7 * minute, 'http://left/', { state: 'unknown', error: 'no longer configured' }),
  // Scraped every ten minutes.
  ...[8, 18, 28].map((ago) => targetAt(to - ago * minute, 'http://rare/', {})),
]

beforeAll(async () => {
  storage = await testStorage()
  const { db } = storage
  await store(db, 'server_samples', servers)
  await store(db, 'gpu_samples', gpus)
  await store(db, 'queue_samples', queues)
  await store(db, 'probes', probes)
  await db.insert('targets', targets)
  await db.insert('topology', [
    {
      valid_from: new Date(to - 3_600_000),
      valid_to: null,
      endpoint: 'llama',
      gpu_uuids: ['GPU-1'],
      mig_ids: [''],
      gpu_hour_usd: 2.5,
      ambiguous: false,
      version: 1,
    },
  ])
  // gpt-4o stopped four minutes ago.
  const request = (ago: number, model: string) => {
    const span_id = (ago + model.length * 1e7).toString(16).padStart(16, '0')
    const timestamp = (to - ago) * 1000
    return { ...emptyRequest(), trace_id: span_id.repeat(2), span_id, timestamp, model, duration_ms: 1 }
  }
  const every = (from: number, model: string) =>
    Array.from({ length: 20 }, (_, index) => request(from + index * 10 * second, model))
  await db.insert('requests', [
    ...every(4 * minute, 'gpt-4o'),
    ...every(5 * second, 'llama'),
    request(9 * minute, 'rare'),
  ])
})
afterAll(() => storage.stop())

async function samples(rule: object): Promise<Sample[]> {
  const file = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', ...rule }] }] })
  const { groups, problems } = parseRuleFile(file, 'rules.yaml')
  expect(problems).toEqual([])
  const parsed = groups[0]?.rules[0]
  if (!parsed) return []
  return ask(storage.reader, parsed, questionAt(parsed, to, 0), AbortSignal.timeout(10_000))
}

/** `a:8000 12.5`, by one label. */
async function values(rule: object, label: string): Promise<Record<string, number>> {
  return Object.fromEntries((await samples(rule)).map(({ labels, value }) => [labels[label] ?? '', value]))
}

const known = (list: readonly (number | null)[]) => list.filter((value) => value !== null)
const sum = (list: readonly (number | null)[]) => known(list).reduce((total, value) => total + value, 0)
const mean = (list: readonly (number | null)[]) => sum(list) / known(list).length
const close = (expected: Record<string, number>) =>
  Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, expect.closeTo(value, 9)]))

describe('server', () => {
  const of = (instance: string, window_ms = 5 * minute) =>
    servers.filter((row) => row.instance === instance && within(window_ms)(row))
  const field = (instance: string, name: 'waiting' | 'running' | 'kv_cache_ratio' | 'preemptions' | 'output_tokens') =>
    of(instance).map((row) => row[name])
  const queueOf = (over: string) =>
    values({ kind: 'server', measure: 'queue', over, above: -1, where: { server: 'vllm' } }, 'instance')

  test('queue over the window', async () => {
    const [a, b] = [known(field('a:8000', 'waiting')), known(field('b:8000', 'waiting'))]
    expect(await queueOf('avg')).toEqual(close({ 'a:8000': mean(a), 'b:8000': mean(b) }))
    expect(await queueOf('max')).toEqual({ 'a:8000': Math.max(...a), 'b:8000': Math.max(...b) })
    expect(await queueOf('min')).toEqual({ 'a:8000': Math.min(...a), 'b:8000': Math.min(...b) })
    const last = of('b:8000')[0]?.waiting
    expect((await queueOf('last'))['b:8000']).toBe(last)
  })

  test('labels are endpoint, instance and model unless said; an empty one is left out of the alert later', async () => {
    const [first] = await samples({ kind: 'server', measure: 'queue', above: -1, where: { instance: 'c:30000' } })
    expect(first).toEqual({ labels: { endpoint: '', instance: 'c:30000', model: 'qwen' }, value: 0 })
  })

  test('requests add up over the engines of an endpoint, without what the gateway sees of them', async () => {
    const expected = mean(field('a:8000', 'waiting')) + mean(field('b:8000', 'waiting'))
    const rule = { kind: 'server', measure: 'queue', by: ['endpoint'], above: 0, where: { endpoint: 'llama' } }
    expect(await values(rule, 'endpoint')).toEqual(close({ llama: expected }))
    const all = await samples({ kind: 'server', measure: 'running', by: [], above: 0 })
    const running = [...field('a:8000', 'running'), ...field('b:8000', 'running')]
    expect(all).toEqual([{ labels: {}, value: expect.closeTo(sum(running) / of('a:8000').length, 9) }])
  })

  test('of ratios the highest of the engines, or their mean', async () => {
    const kv = [...known(field('a:8000', 'kv_cache_ratio')), ...known(field('b:8000', 'kv_cache_ratio'))]
    const rule = { kind: 'server', measure: 'kv_cache_usage', by: ['model'], above: '0%' }
    expect(await values({ ...rule, over: 'max' }, 'model')).toEqual(close({ 'llama-70b': Math.max(...kv) }))
    expect(await values(rule, 'model')).toEqual(close({ 'llama-70b': mean(kv) }))
  })

  test('rates count the time in which somebody counted', async () => {
    const per = (instance: string, name: 'preemptions' | 'output_tokens', ms: number) => {
      const rows = of(instance, 20 * minute).filter((row) => row[name] !== null)
      return (sum(rows.map((row) => row[name])) * ms) / sum(rows.map((row) => row.interval_ms))
    }
    const where = { instance: ['a:8000', 'c:30000'] }
    const rule = { kind: 'server', window: '20m', above: 0, where }
    expect(await values({ ...rule, measure: 'preemptions' }, 'instance')).toEqual(
      close({ 'a:8000': per('a:8000', 'preemptions', minute) }),
    )
    expect(await values({ ...rule, measure: 'tokens_per_second' }, 'instance')).toEqual(
      close({ 'a:8000': per('a:8000', 'output_tokens', second) }),
    )
  })

  test('a floor of tokens holds only while something runs', async () => {
    const rule = { kind: 'server', measure: 'tokens_per_second', below: '100000/s', where: { server: 'vllm' } }
    expect(Object.keys(await values(rule, 'instance'))).toEqual(['a:8000', 'b:8000'])
    expect(await samples({ ...rule, min_running: 100 })).toEqual([])
  })

  test('ratios', async () => {
    const rows = of('a:8000')
    const failed = sum(rows.map((row) => row.requests_failed))
    const all = failed + sum(rows.map((row) => row.requests_ok))
    const errors = { kind: 'server', measure: 'error_ratio', above: '0%', where: { instance: ['a:8000', 'c:30000'] } }
    expect(await values(errors, 'instance')).toEqual(close({ 'a:8000': failed / all }))
    expect(await samples({ ...errors, min_requests: all + 1 })).toEqual([])
    expect(await samples({ ...errors, min_requests: all })).toHaveLength(1)
    const hits = sum(rows.map((row) => row.prefix_hits)) / (500 * rows.length)
    const prefix = { kind: 'server', measure: 'prefix_cache_hit_ratio', below: '100%', where: errors.where }
    expect(await values(prefix, 'instance')).toEqual(close({ 'a:8000': hits, 'c:30000': 0.25 }))
  })

  test('percentiles of buckets; servers with other bounds stand alone', async () => {
    const counts = (instance: string) =>
      of(instance).reduce(
        (total: number[], { queue_ms }) => (queue_ms?.counts ?? []).map((count, at) => count + (total[at] ?? 0)),
        [],
      )
    const quantile = (instances: string[], level: number) =>
      bucketQuantile(
        instances.map((instance) => ({ bounds_ms: [10, 100, 1000], counts: counts(instance) })),
        level,
      )?.value_ms ?? NaN
    const rule = { kind: 'server', measure: 'queue_time', above: '0ms', where: { server: 'vllm' } }
    for (const level of [0.3, 0.5, 0.9, 0.999])
      expect(await values({ ...rule, quantile: level }, 'instance')).toEqual(
        close({ 'a:8000': quantile(['a:8000'], level), 'b:8000': quantile(['b:8000'], level) }),
      )
    const both = await samples({ ...rule, by: [], quantile: 0.9, where: { server: 'vllm', endpoint: 'llama' } })
    expect(both).toEqual([{ labels: {}, value: expect.closeTo(quantile(['a:8000', 'b:8000'], 0.9), 9) }])
    const slowest = Math.max(quantile(['a:8000', 'b:8000'], 0.5), 25)
    expect(await samples({ ...rule, by: [], where: {}, quantile: 0.5 })).toEqual([{ labels: {}, value: slowest }])
    expect(await values({ ...rule, where: { model: 'qwen' }, quantile: 0.5 }, 'model')).toEqual({ qwen: 25 })
    expect(await samples({ ...rule, min_requests: 1_000_000 })).toEqual([])
    expect(await samples({ ...rule, measure: 'decode' })).toEqual([])
  })

  test('restarts, and coverage', async () => {
    expect(await values({ kind: 'server', measure: 'restarts', above: 0 }, 'instance')).toEqual({ 'b:8000': 1 })
    const queue = { kind: 'server', measure: 'queue', above: -1, by: ['instance'], where: { server: 'vllm' } }
    expect(await samples({ ...queue, window: '15m', min_coverage: '98%' })).toHaveLength(2)
    expect(await samples({ ...queue, window: '20m', min_coverage: '98%' })).toEqual([])
  })
})

describe('gpu', () => {
  const of = (gpu: string, window_ms = 5 * minute) => gpus.filter((row) => row.gpu === gpu && within(window_ms)(row))

  test('gauges, in their units', async () => {
    const vram = mean(of('0').map((row) => (row.memory_used_bytes ?? NaN) / (80 * gib)))
    // A total of 0 is no total.
    expect(await values({ kind: 'gpu', measure: 'vram_used', above: '0%' }, 'gpu')).toEqual(close({ '0': vram }))
    const hot = { kind: 'gpu', measure: 'temperature', above: '87 °C' }
    expect(await values({ ...hot, over: 'min' }, 'gpu')).toEqual({ '1': 88 })
    expect(await values({ ...hot, over: 'max' }, 'gpu')).toEqual({ '1': 90 })
    const power = mean(of('0').map((row) => row.power_watts))
    expect(await values({ kind: 'gpu', measure: 'power', above: '500W' }, 'gpu')).toEqual(close({ '0': power }))
    expect(await values({ kind: 'gpu', measure: 'power_usage', above: '50%' }, 'gpu')).toEqual(
      close({ '0': power / 700 }),
    )
    expect(await values({ kind: 'gpu', measure: 'power', by: ['host'], above: 0 }, 'host')).toEqual(
      close({ h: power + 90 }),
    )
  })

  test('an idle one is idle all the time that is asked about, and says what it costs', async () => {
    const idle = { kind: 'gpu', measure: 'utilization', over: 'max', below: '5%', min_coverage: '90%' }
    expect(await samples(idle)).toEqual([
      {
        labels: { host: 'h', gpu: '1', mig_id: '', device: 'H100' },
        value: 0.01,
        details: { usd_per_hour: '$2.5' },
      },
    ])
    // It worked once in the quarter of an hour; the one without work has not been seen for long enough.
    expect(await samples({ ...idle, window: '15m' })).toEqual([])
    expect(Object.keys(await values({ ...idle, min_coverage: 0 }, 'gpu'))).toEqual(['1', '3'])
    expect(Object.keys(await values({ ...idle, min_coverage: 0, priced: true }, 'gpu'))).toEqual(['1'])
    const busy = await samples({ kind: 'gpu', measure: 'utilization', above: '40%' })
    expect(busy).toMatchObject([{ labels: { gpu: '0' }, details: { usd_per_hour: '' } }])
  })

  test('throttled: neither idleness nor full power is trouble unless asked for', async () => {
    const rows = of('1')
    const share = rows.filter((row) => row.throttle_reasons.includes('hw_thermal_slowdown')).length / rows.length
    const rule = { kind: 'gpu', measure: 'throttled', above: '0%', by: ['gpu'] }
    expect(await samples(rule)).toEqual([
      { labels: { gpu: '1' }, value: expect.closeTo(share, 9), details: { reasons: 'hw_thermal_slowdown' } },
    ])
    expect(await values({ ...rule, reasons: ['sw_power_cap'] }, 'gpu')).toEqual({ '0': 1 })
  })

  test('an XID error is new when the sample before did not show it', async () => {
    const rule = { kind: 'gpu', measure: 'xid', above: 0, by: ['gpu'] }
    const found = async (more: object) =>
      (await samples({ ...rule, ...more })).map(({ labels, value }) => `${labels['gpu']} ${labels['code']} ${value}`)
    // 79 was there before, and nobody knows since when GPU 3 has shown 74.
    expect(await found({})).toEqual(['0 31 1', '2 48 1', '2 94 1'])
    expect(await found({ codes: [48, 94] })).toEqual(['2 48 1', '2 94 1'])
    expect(await found({ ignore_codes: [31] })).toEqual(['2 48 1', '2 94 1'])
    expect(await found({ window: '15m' })).toEqual(['0 31 1', '0 43 1', '2 48 1', '2 94 1'])
    expect(await found({ where: { gpu: '0' } })).toEqual(['0 31 1'])
  })

  test('uncorrected memory errors count from the sample before; a count that fell began at zero', async () => {
    // 5 > 6 > 7 > 0 > 2
    const rule = { kind: 'gpu', measure: 'ecc_uncorrected', above: 0, by: ['gpu'] }
    expect(await values(rule, 'gpu')).toEqual({ '2': 1 + 1 + 0 + 2 })
    // At the start of this window stands 0, before it 7.
    expect(await values({ ...rule, window: '2m' }, 'gpu')).toEqual({ '2': 2 })
    // No growth is 0, no two values are nothing.
    expect(await values({ ...rule, above: -1 }, 'gpu')).toEqual({ '0': 0, '2': 4 })
  })
})

describe('target', () => {
  test('down for how long, with the error and the last success', async () => {
    const found = await samples({ kind: 'target', above: '2m', window: '1h' })
    expect(found).toEqual([
      {
        labels: { url: 'http://down/', kind: 'vllm', endpoint: '' },
        value: 7.5 * minute,
        details: { error: 'refused', missing: '', last_success: '2026-11-21T09:51:30Z' },
      },
      {
        labels: { url: 'http://stale/', kind: 'vllm', endpoint: '' },
        value: 6.5 * minute,
        details: {
          error: 'not heard of any more: is the collector running?',
          missing: '',
          last_success: '2026-11-21T09:53:30Z',
        },
      },
    ])
    // Nobody knows of a success in this window: it has been down for all that is known.
    const short = await samples({ kind: 'target', above: '2m', window: '5m', where: { url: 'http://down/' } })
    expect(short).toMatchObject([{ value: 4.5 * minute, details: { last_success: '' } }])
  })

  test('pages of no known kind, and pages that lack something', async () => {
    const odd = await values({ kind: 'target', measure: 'unrecognised', above: 0, window: '1h' }, 'url')
    expect(odd).toEqual({ 'http://odd/': 1 })
    const lean = await samples({ kind: 'target', measure: 'missing', above: 0, window: '1h' })
    expect(lean).toMatchObject([{ labels: { url: 'http://lean/' }, value: 1, details: { missing: 'queue_ms' } }])
  })
})

describe('probe', () => {
  test('failures in a row', async () => {
    const found = await samples({ kind: 'probe', measure: 'failures', above: 2 })
    expect(found).toEqual([
      { labels: { endpoint: 'gone', probe: 'dead' }, value: 4, details: { error: 'no route' } },
      { labels: { endpoint: 'llama', probe: 'ready' }, value: 3, details: { error: 'refused' } },
    ])
    expect(await values({ kind: 'probe', measure: 'failures', above: 0 }, 'probe')).toEqual({
      dead: 4,
      ready: 3,
      flaky: 1,
    })
  })

  test('the share that went well, of enough', async () => {
    const rule = { kind: 'probe', measure: 'success_ratio', below: '90%' }
    expect(await values(rule, 'probe')).toEqual({ dead: 0, ready: 0.7, flaky: 0.5 })
    expect(await values({ ...rule, min_probes: 5 }, 'probe')).toEqual({ ready: 0.7, flaky: 0.5 })
  })

  test('a certificate that ends soon, also when the newest probe saw none', async () => {
    const rule = { kind: 'probe', measure: 'certificate', below: '14d' }
    // Ten days at the newest good one, 3:30 ago.
    expect(await values(rule, 'probe')).toEqual({ ready: 10 * 86_400_000 - 3.5 * minute })
    expect(await values({ ...rule, below: '10d' }, 'probe')).toEqual({ ready: 10 * 86_400_000 - 3.5 * minute })
    expect(await samples({ ...rule, below: '9d' })).toEqual([])
  })

  test('percentiles of the good ones', async () => {
    // 200, 400 … 1000: index floor(0.5 × 5).
    expect(await values({ kind: 'probe', measure: 'ttft', quantile: 0.5, above: '1ms' }, 'probe')).toEqual({
      flaky: 600,
    })
  })
})

describe('job_queue', () => {
  test('of two exporters the newest counts', async () => {
    const rule = { kind: 'job_queue', measure: 'depth', above: 0 }
    const seen = queues.filter(
      (row) => row.target === 'http://q1/metrics' && row.queue === 'batch' && within(5 * minute)(row),
    )
    expect(await values(rule, 'queue')).toEqual(close({ batch: mean(seen.map((row) => row.waiting)) }))
    expect(await values({ ...rule, over: 'last' }, 'queue')).toEqual({ batch: 100 })
    expect(await values({ ...rule, measure: 'age', over: 'max', above: '1m' }, 'queue')).toEqual({
      batch: Math.max(...known(seen.map((row) => row.oldest_age_ms))),
    })
    expect(await values({ ...rule, measure: 'failed' }, 'queue')).toEqual(close({ batch: 6 / 5 }))
    expect(await values({ ...rule, measure: 'consumers', above: undefined, below: 1 }, 'queue')).toEqual({ mail: 0 })
  })
})

describe('absent', () => {
  test('what came in the window and comes no more', async () => {
    const rule = { kind: 'absent', of: 'requests', above: '3m', window: '30m' }
    expect(await values(rule, 'model')).toEqual({ 'gpt-4o': 4 * minute, rare: 9 * minute })
    expect(await values({ ...rule, min_rows: 20 }, 'model')).toEqual({ 'gpt-4o': 4 * minute })
    // Forgotten once it is older than the window.
    expect(await values({ ...rule, window: '5m' }, 'model')).toEqual({ 'gpt-4o': 4 * minute })
    expect(await samples({ kind: 'absent', of: 'gpu', above: '30s' })).toEqual([])
    expect(await values({ kind: 'absent', of: 'probe', above: '20s' }, 'probe')).toMatchObject({ fine: 30 * second })
  })

  test('one that is looked for by name is missed also when it never came', async () => {
    const rule = { kind: 'absent', of: 'server', by: [], above: '5m', window: '15m' }
    expect(await samples({ ...rule, where: { instance: 'never:1' } })).toEqual([{ labels: {}, value: 15 * minute }])
    expect(await samples({ ...rule, where: { instance: 'a:8000' } })).toEqual([])
  })
})

test('details beside a query of one’s own are no labels', async () => {
  const [sample] = await samples({ sql: "select 'a' as x, 1 as value, map('error', 'refused') as details" })
  expect(sample).toEqual({ labels: { x: 'a' }, value: 1, details: { error: 'refused' } })
  await expect(samples({ sql: "select 1 as value, 'text' as details" })).rejects.toThrow(/`details` is no map/)
})

test('an alert that always fires, to see that alerts arrive', async () => {
  expect(await samples({ sql: 'select 1 as value' })).toEqual([{ labels: {}, value: 1 }])
})

test.each([
  [{ kind: 'server', measure: 'queue', above: '5%' }, 'above: expected a number; found "5%"'],
  [{ kind: 'server', measure: 'kv_cache_usage', above: 95 }, 'above: expected a percentage such as 5%'],
  [{ kind: 'server', measure: 'ttft', above: 5 }, 'above: expected a duration'],
  [{ kind: 'server', measure: 'nothing', above: 5 }, 'measure: '],
  [
    { kind: 'server', measure: 'preemptions', above: 5, over: 'max' },
    'over: preemptions is taken over the whole window',
  ],
  [{ kind: 'server', measure: 'queue', above: 5, quantile: 0.5 }, 'quantile: queue is no percentile'],
  [{ kind: 'server', measure: 'queue', above: 5, by: ['team'] }, 'by.0: '],
  [
    { kind: 'server', measure: 'queue', above: 5, where: { team: 'x' } },
    'where.team: unknown key; expected one of: server, instance, endpoint, model',
  ],
  [{ kind: 'gpu', measure: 'temperature', above: 'hot' }, 'above: expected degrees Celsius'],
  [{ kind: 'gpu', measure: 'power', above: '1kW' }, 'above: expected watts'],
  [{ kind: 'gpu', measure: 'throttled', below: '5%' }, 'below: throttled is not told while there is none'],
  [{ kind: 'gpu', measure: 'power', above: 1, codes: [3] }, 'codes: is no key of power'],
  [{ kind: 'target', above: '6h' }, 'window: expected longer than `above`'],
  [{ kind: 'absent', of: 'gpu', above: '10m', window: '5m' }, 'window: expected longer than `above`'],
  [{ kind: 'absent', of: 'gpu', above: '1m', by: ['endpoint'] }, 'by.0: expected one of: host, gpu'],
  [{ kind: 'probe', measure: 'certificate', below: 14 }, 'below: expected a duration'],
  [{ kind: 'server', measure: 'queue', above: 5, windw: '1m' }, 'windw: unknown key; expected one of: alert, '],
])('%j is refused', (rule, why) => {
  const file = JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'X', ...rule }] }] })
  const { problems } = parseRuleFile(file, 'rules.yaml')
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(why)
})
