/** GPUs, servers, targets, issues and traces as the dashboard asks for them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plainIssue } from '../../records/ingest-issue.ts'
import type { GpuSample } from '../../records/gpu-sample.ts'
import { requests, trace } from '../../test/dashboard/seed.ts'
import { gpuSamples, serverSamples } from '../../test/dashboard/seed-fleet.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { gpuSeries, gpusNow } from './gpu.ts'
import { providersNow } from './discovery.ts'
import { ingestIssues } from './ingest.ts'
import { lastArrivals, presence } from './presence.ts'
import { serversNow } from './server.ts'
import { latestTargets } from './targets.ts'
import { traceSpans } from './trace.ts'

const minute = 60_000
const noon = Date.UTC(2026, 10, 21, 12)
const range = { from: noon - 60 * minute, to: noon + 1000 }
const gib = 2 ** 30

let storage: Awaited<ReturnType<typeof testStorage>>
const samples = gpuSamples(noon, 60)

beforeAll(async () => {
  storage = await testStorage()
})
afterAll(() => storage.stop())

test('an empty storage has nothing; after the first row it has', async () => {
  expect(await presence(storage.reader)).toMatchObject({ has_requests: false, has_gpus: false, has_servers: false })
  expect(Object.values(await lastArrivals(storage.reader, Date.now() - minute))).toEqual([0, 0, 0])
  await store(storage.db, 'requests', requests(noon, 2))
  await store(storage.db, 'gpu_samples', samples)
  await store(storage.db, 'server_samples', serverSamples(noon, 60))
  const known = await presence(storage.reader)
  expect(known).toMatchObject({ has_requests: true, has_gpus: true, has_servers: true })
  expect(known.clickhouse_version).toMatch(/^\d+\.\d+/)
  expect(Math.min(...Object.values(await lastArrivals(storage.reader, Date.now() - minute)))).toBeGreaterThan(
    Date.now() - minute,
  )
})

test('each GPU as its newest sample says', async () => {
  const gpus = await gpusNow(storage.reader, range)
  expect(gpus.map(({ host, gpu }) => `${host} ${gpu}`)).toEqual([
    'gpu-node-1 0',
    'gpu-node-1 1',
    'gpu-node-2 0',
    'gpu-node-2 1',
  ])
  const newest = samples.findLast(({ host, gpu }) => host === 'gpu-node-1' && gpu === '1') as GpuSample
  expect(gpus[1]).toMatchObject({
    timestamp_ms: newest.timestamp / 1000,
    utilization_ratio: newest.utilization_ratio,
    memory_used_bytes: newest.memory_used_bytes,
    memory_total_bytes: 80 * gib,
    throttle_reasons: ['sw_power_cap'],
    xid: null,
  })
})

test('utilisation and memory are means per bucket; a time without scrapes is a gap', async () => {
  const { lines, times, step_ms, gpus } = await gpuSeries(storage.reader, range)
  expect(gpus).toBe(4)
  const line = lines.find(({ host, gpu }) => host === 'gpu-node-1' && gpu === '0')
  const at = times.indexOf(noon - 30 * minute)
  const own = samples.filter(
    ({ host, gpu, timestamp }) =>
      host === 'gpu-node-1' &&
      gpu === '0' &&
      timestamp / 1000 >= noon - 30 * minute &&
      timestamp / 1000 < noon - 30 * minute + step_ms,
  )
  const mean = own.reduce((sum, { utilization_ratio }) => sum + (utilization_ratio ?? 0), 0) / own.length
  expect(line?.utilization_ratio[at]).toBeCloseTo(mean, 9)
  expect(line?.memory_ratio[at]).toBeCloseTo((line?.memory_used_bytes[at] ?? 0) / (80 * gib), 6)
  const gapped = lines.find(({ host, gpu }) => host === 'gpu-node-2' && gpu === '1')
  expect(gapped?.utilization_ratio[times.indexOf(noon - 25 * minute)]).toBeNull()
})

test('servers: rates over the time that scrapes cover; what a server does not count is null', async () => {
  const servers = await serversNow(storage.reader, range)
  expect(servers.map(({ instance, model }) => [instance, model])).toEqual([
    ['vllm-1:8000', 'llama-3.1-70b'],
    ['vllm-2:8000', 'qwen2.5-coder'],
  ])
  expect(servers[0]).toMatchObject({ input_tokens_per_second: 1400, output_tokens_per_second: 420, restarts: 0 })
  expect(servers[0]?.prefix_hit_ratio).toBeCloseTo(5 / 14, 9)
  expect(servers[1]?.prefix_hit_ratio).toBeNull()
})

test('the newest state of a target counts', async () => {
  const target = {
    url: 'http://gpu-node-1:9400/metrics',
    kind: 'dcgm',
    endpoint: '',
    duration_ms: 12,
    series: 480,
    samples: 4,
    source: 'kubernetes[0]',
    labels: { node: 'gpu-node-1' },
    missing: [],
  }
  const gone = { ...target, url: 'http://gone/metrics', state: 'unknown', error: 'no longer discovered' }
  const leaving = { ...gone, url: 'http://leaving/metrics' }
  await storage.db.insert('targets', [
    { ...target, timestamp: (noon - 20_000) * 1000, state: 'up', error: '' },
    { ...target, timestamp: (noon - 10_000) * 1000, state: 'down', error: 'connection refused' },
    { ...gone, timestamp: (noon - 20 * minute) * 1000 },
    { ...leaving, timestamp: (noon - 5 * minute) * 1000 },
  ])
  const targets = await latestTargets(storage.reader, range)
  expect(targets).toEqual([
    { ...target, timestamp_ms: noon - 10_000, state: 'down', error: 'connection refused' },
    { ...leaving, timestamp_ms: noon - 5 * minute },
  ])
  expect(await latestTargets(storage.reader, { from: noon, to: noon + 1000 })).toEqual([])
})

test('of a provider only its newest state is kept, with what it dropped', async () => {
  const provider = { provider: 'pods', type: 'kubernetes', found: 3, targets: 2, dropped: 1, refused: 0, error: '' }
  const dropped = [{ labels: { __address__: 'a:1', pod: '"x"\n' }, reason: 'keep' }]
  const stored = { ...provider, refreshed_at: null, dropped_targets: '[]' }
  await storage.db.insert('discovery', [{ ...stored, timestamp: (noon - 20_000) * 1000, error: 'refused' }])
  await storage.db.insert('discovery', [
    {
      ...stored,
      timestamp: (noon - 10_000) * 1000,
      refreshed_at: (noon - 11_000) * 1000,
      dropped_targets: JSON.stringify(dropped),
    },
  ])
  expect(await providersNow(storage.reader, range.from)).toEqual([
    { ...provider, timestamp_ms: noon - 10_000, refreshed_ms: noon - 11_000, dropped_targets: dropped },
  ])
  expect(await providersNow(storage.reader, noon)).toEqual([])
})

test('issues of a reason and subject are summed, problems first; the newest example is kept, with its place', async () => {
  const issue = { ...plainIssue, source: 'otlp_http', reason: 'zero_trace_id' }
  const place = { example_trace_id: 'a'.repeat(32), example_span_id: 'b'.repeat(16) }
  const hint = { ...issue, source: 'spans', reason: 'no_ttft', severity: 'hint' as const }
  await store(storage.db, 'ingest_issues', [
    { ...issue, timestamp: (noon - 2000) * 1000, items: 3, example: 'first' },
    { ...issue, ...place, timestamp: (noon - 1000) * 1000, items: 4, example: 'second' },
    { ...hint, timestamp: (noon - 1000) * 1000, subject: 'ai', items: 100, example: '' },
    { ...hint, timestamp: (noon - 1000) * 1000, subject: 'langsmith', items: 200, example: '' },
    { ...hint, timestamp: range.to * 1000, subject: 'ai', items: 1, example: 'outside' },
  ])
  const rows = await ingestIssues(storage.reader, range)
  expect(rows).toEqual([
    { ...issue, ...place, items: 7, first_ms: noon - 2000, last_ms: noon - 1000, example: 'second' },
    { ...hint, subject: 'langsmith', items: 200, first_ms: noon - 1000, last_ms: noon - 1000, example: '' },
    { ...hint, subject: 'ai', items: 100, first_ms: noon - 1000, last_ms: noon - 1000, example: '' },
  ])
  expect(await ingestIssues(storage.reader, range, 1)).toEqual(rows.slice(0, 1))
})

test('a GPU that two collectors show under different names is one, and its instances are not', async () => {
  const at = noon - 3 * 3_600_000
  const one = {
    ...(samples[0] as GpuSample),
    timestamp: at * 1000,
    uuid: 'GPU-shared',
    memory_used_bytes: 40,
    memory_total_bytes: 80,
  }
  await store(storage.db, 'gpu_samples', [
    { ...one, host: 'node-9', gpu: '0' },
    { ...one, host: '10.0.0.9', gpu: '', device: '', timestamp: (at + 5000) * 1000 },
    {
      ...one,
      host: 'node-9',
      gpu: '0',
      mig_id: '7',
      mig_profile: '3g.40gb',
      memory_used_bytes: 10,
      memory_total_bytes: 40,
    },
    { ...one, host: 'node-9', gpu: '1', uuid: '' },
    { ...one, host: 'node-8', gpu: '1', uuid: '' },
  ])
  const then = { from: at - 60_000, to: at + 60_000 }
  const gpus = await gpusNow(storage.reader, then)
  expect(gpus.map(({ host, gpu, mig_id, device }) => [host, gpu, mig_id, device])).toEqual([
    ['10.0.0.9', '', '', one.device],
    ['node-8', '1', '', one.device],
    ['node-9', '0', '7', one.device],
    ['node-9', '1', '', one.device],
  ])
  const series = await gpuSeries(storage.reader, then)
  expect(series.gpus).toBe(4)
  expect(series.lines.map(({ host, mig_id }) => [host, mig_id])).toEqual([
    ['10.0.0.9', ''],
    ['node-8', ''],
    ['node-9', '7'],
    ['node-9', ''],
  ])
})

test('a trace has all its spans, earliest first', async () => {
  const [call] = requests(noon, 2)
  if (!call) throw new Error('the seed is empty')
  await store(storage.db, 'spans', trace(call))
  const spans = await traceSpans(storage.reader, call.trace_id)
  expect(spans.map(({ name, parent_span_id }) => [name, parent_span_id])).toEqual([
    ['POST /answer', ''],
    ['search documents', call.parent_span_id],
    [`chat ${call.model}`, call.parent_span_id],
  ])
  expect(spans[2]).toMatchObject({ timestamp_us: call.timestamp, duration_ms: call.duration_ms, kind: 'client' })
  expect(await traceSpans(storage.reader, '0'.repeat(32))).toEqual([])
})
