/** The shipped rules: quiet on healthy traffic, and each wakes for its own fault. */
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pricesConfig } from '../../collector/config.ts'
import { pastRequests } from '../../collector/demo/past/requests.ts'
import { pastGpuSamples, pastServerSample, sampleMs } from '../../collector/demo/past/samples.ts'
import { seeded } from '../../collector/demo/random.ts'
import { vllmEndpoint } from '../../collector/demo/scenario.ts'
import { createPricer } from '../../collector/pricing.ts'
import { emptyGpu } from '../../collector/scrape/gpu.ts'
import type { GpuSample } from '../../records/gpu-sample.ts'
import { emptyServerSample, type ServerSample } from '../../records/server-sample.ts'
import type { Db } from '../../storage/client.ts'
import { testStorage } from '../../storage/testing.ts'
import { store } from '../../test/dashboard/store.ts'
import { ask, questionAt } from '../ask.ts'
import { alertsConfig } from '../config.ts'
import { applySamples, type Instance, type Sample } from '../instance.ts'
import type { Rule } from '../rule.ts'
import { loadRuleGroups } from '../rule-file.ts'
import { ReadingHistory, type Reading } from '../self/reading.ts'
import { isOwn } from '../self/watch.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
/** An hour of a weekday without incidents. */
const noon = Date.UTC(2026, 10, 19, 12)
const broken = Date.UTC(2026, 10, 20, 12)
const instance = 'vllm:8000'
const dcgm = 'http://dcgm:9400/metrics'
const vllm = `http://${instance}/metrics`

let storage: Awaited<ReturnType<typeof testStorage>>
let rules: Rule[]
beforeAll(async () => {
  const groups = await loadRuleGroups(alertsConfig.parse({}), tmpdir())
  rules = groups.flatMap((group) => group.rules)
  storage = await testStorage()
})
afterAll(() => storage.stop())

const range = (from: number, to: number, step: number) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)

/** The demo's fleet over an hour before `end`, scraped and probed, with a GPU that costs money. */
async function seedHealthy(db: Db, end: number): Promise<void> {
  const price = createPricer(pricesConfig.parse({}))
  const random = seeded(5)
  const requests = range(end - hour, end, minute).flatMap((at) =>
    pastRequests(at / minute, { vllm_instance: instance }),
  )
  for (const request of requests) price(request)
  const ends = range(end - hour, end, sampleMs).map((at) => at + sampleMs - second)
  const servers = ends.map((at) => {
    const own = requests.filter(
      ({ endpoint, timestamp }) =>
        endpoint === vllmEndpoint && timestamp >= (at - sampleMs) * 1000 && timestamp < at * 1000,
    )
    return pastServerSample(at, own, instance)
  })
  const gpus = ends.flatMap((at, index) =>
    pastGpuSamples(at, servers[index]?.running ?? 0, servers[index]?.kv_cache_ratio ?? 0, dcgm, random),
  )
  await store(db, 'requests', requests)
  await store(db, 'server_samples', servers)
  await store(db, 'gpu_samples', gpus)
  const minutes = range(end - hour, end, minute)
  await store(
    db,
    'probes',
    minutes.map((at, index) => probe(at, { ok: index !== 20, certificate_days: 60 })),
  )
  await store(
    db,
    'queue_samples',
    minutes.map((at) => jobQueue(at, 5 * minute)),
  )
  await db.insert('targets', [
    ...minutes.map((at) => target(at, vllm, { kind: 'vllm' })),
    // Missed one scrape.
    ...minutes.map((at, index) => target(at, dcgm, { kind: 'dcgm', state: index === 30 ? 'down' : 'up' })),
  ])
  await db.insert('topology', [
    {
      valid_from: new Date(end - hour),
      valid_to: null,
      endpoint: vllmEndpoint,
      gpu_uuids: gpus.slice(0, 2).map(({ uuid }) => uuid),
      mig_ids: ['', ''],
      gpu_hour_usd: 2.5,
      ambiguous: false,
      version: 1,
    },
  ])
}

const probe = (at: number, fields: object) => ({
  timestamp: at * 1000,
  endpoint: vllmEndpoint,
  probe: 'ready',
  type: 'http' as const,
  model: '',
  ok: true,
  status: 'ok' as const,
  http_status: 200,
  interval_ms: minute,
  connect_ms: 5,
  ttfb_ms: 9,
  ttft_ms: null,
  duration_ms: 10,
  input_tokens: null,
  output_tokens: null,
  tokens_per_second: null,
  cost_usd: null,
  certificate_days: null,
  cold_start: '' as const,
  objective_ratio: 0.999,
  error: '',
  ...fields,
})

const jobQueue = (at: number, oldest_age_ms: number, queue = 'batch') => ({
  timestamp: at * 1000,
  interval_ms: minute,
  target: 'http://rabbitmq/metrics',
  system: 'rabbitmq',
  queue,
  endpoint: '',
  waiting: 12,
  running: 3,
  oldest_age_ms,
  consumers: 3,
  arrived: 5,
  done: 5,
  failed: 0,
})

const target = (at: number, url: string, fields: object) => ({
  timestamp: at * 1000,
  url,
  kind: '',
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

const healthy: readonly Reading[] = [
  { measure: 'storage_down', labels: {}, details: { error: '' }, value: 0 },
  { measure: 'failing_rules', labels: {}, details: { rules: '', error: '' }, value: 0 },
  { measure: 'late_evaluations', labels: {}, value: 0 },
  { measure: 'failed_deliveries', labels: { receiver: 'r', channel: 'slack' }, details: { error: '' }, value: 0 },
  { measure: 'oldest_notification', labels: { receiver: 'r', channel: 'slack' }, details: { error: '' }, value: 1 },
  { measure: 'spool_used', labels: {}, details: { error: '' }, value: 0.01 },
  { measure: 'spool_age', labels: {}, value: 4_000 },
  { measure: 'refused', labels: {}, details: { error: '' }, value: 0 },
  { measure: 'rejected_segments', labels: {}, value: 0 },
  { measure: 'clock_set_back', labels: {}, value: 0 },
  { measure: 'disk_used', labels: {}, details: { directory: '/data' }, value: 0.6 },
  { measure: 'ingest_issues', labels: { source: 'otlp_http', reason: 'x' }, value: 3 },
]

/** What fires at the end of a row of evaluations, and every text in it. */
async function firingAfter(times: readonly number[], readings: readonly Reading[] = healthy): Promise<Instance[]> {
  const active = new Map<Rule, Map<string, Instance>>()
  const history = new ReadingHistory(times[0] ?? 0)
  const samplesOf = (rule: Rule, at: number): Sample[] | Promise<Sample[]> =>
    rule.own?.(history) ?? ask(storage.reader, rule, questionAt(rule, at, 0), AbortSignal.timeout(30_000))
  for (const at of times) {
    history.add(at, readings, hour)
    for (const rule of rules) {
      const evaluation = applySamples(rule, active.get(rule) ?? new Map(), await samplesOf(rule, at), at)
      active.set(rule, evaluation.active)
    }
  }
  return [...active.values()]
    .flatMap((instances) => Array.from(instances.values()))
    .filter(({ state }) => state === 'firing')
}

const nameOf = ({ labels: { alertname, ...rest } }: Instance) =>
  [alertname, ...Object.entries(rest).flatMap(([name, text]) => (name === 'severity' ? [] : [text]))].join(' ')

test('an hour of healthy traffic: not one instance, at any time', async () => {
  await seedHealthy(storage.db, noon)
  const [requests] = await storage.db.query<{ count: number }>('select count() as count from requests')
  expect(requests?.count).toBeGreaterThan(10_000)
  for (const at of range(noon - 50 * minute, noon + 1, 10 * minute)) {
    for (const rule of rules.filter((each) => !isOwn(each))) {
      const samples = await ask(storage.reader, rule, questionAt(rule, at, 0), AbortSignal.timeout(30_000))
      expect([rule.name, new Date(at).toISOString(), samples]).toEqual([rule.name, new Date(at).toISOString(), []])
    }
  }
  expect(await firingAfter([noon])).toEqual([])
})

test('every rule has a fault that it fires for, and fires for no other', async () => {
  await seedHealthy(storage.db, broken)
  await seedFaults(storage.db, broken)
  const faulty: Reading[] = [
    { measure: 'storage_down', labels: {}, details: { error: 'refused' }, value: 2 * minute },
    { measure: 'failing_rules', labels: {}, details: { rules: 'X', error: 'no table' }, value: 1 },
    { measure: 'late_evaluations', labels: {}, value: 5 * minute },
    { measure: 'failed_deliveries', labels: { receiver: 'r', channel: 'slack' }, details: { error: '500' }, value: 3 },
    {
      measure: 'oldest_notification',
      labels: { receiver: 'r', channel: 'slack' },
      details: { error: '429' },
      value: 11 * minute,
    },
    { measure: 'spool_used', labels: {}, details: { error: 'full' }, value: 0.9 },
    { measure: 'spool_age', labels: {}, value: 10 * minute },
    { measure: 'refused', labels: {}, details: { error: 'full' }, value: 2 },
    { measure: 'rejected_segments', labels: {}, value: 1 },
    { measure: 'clock_set_back', labels: {}, value: 10 * minute },
    { measure: 'disk_used', labels: {}, details: { directory: '/data' }, value: 0.96 },
  ]
  const firing = await firingAfter(range(broken - 8 * minute, broken + 1, 2 * minute), faulty)
  expect(firing.map(nameOf)).toEqual([
    'ServerQueueGrows llama full:1 m',
    'ServerKvCacheFull llama full:1 m',
    'ServerPreempts llama full:1 m',
    'ServerQueueTimeHigh llama full:1 m',
    'ServerErrors llama failing:1 m',
    'ServerStalled llama stalled:1 m',
    'ServerRestartsAgain llama looping:1 m',
    'GpuHot bad 0 H100',
    'GpuMemoryHot bad 0 H100',
    'GpuThrottled bad 0 H100',
    'GpuXidError bad 1 H100 79',
    'GpuMemoryErrors bad 2 H100',
    'GpuRowRemapFailed bad 2 H100',
    'GpuMissing bad 3 GPU-bad-3',
    'GpuIdle bad 4 H100',
    'CertificateEndsSoon old tls',
    'JobsWaitLong rabbitmq stuck',
    'TargetUnrecognised http://odd/metrics',
    'TargetDown http://down/metrics vllm',
    'EndpointDown dead ready',
    ...[
      'StorageDown',
      'RulesFail',
      'EvaluationsLate',
      'DeliveryFails r slack',
      'DeliveryLate r slack',
      'SpoolFills',
      'RowsLate',
      'RowsRefused',
      'SegmentsRejected',
      'ClockSetBack',
      'DiskNearlyFull',
      'NotificationLost r slack',
    ].map((name) => `Inferwatch${name}`),
  ])
  const texts = firing.flatMap(({ annotations }) => Object.values(annotations))
  expect(texts.filter((text) => text.includes('<error'))).toEqual([])
  expect(texts).toContain('http://down/metrics has not been scraped for 9m 30s: connection refused')
  expect(texts).toContain('GPU 4 of bad has done nothing for two hours, at $3 an hour')
  expect(texts).toContain('The certificate of old ends in 6d 0h')
  // The rules over requests have cases of their own in the tests of their kinds.
  const silent = rules.filter(({ name }) => !firing.some(({ labels }) => labels['alertname'] === name))
  expect(
    silent.map(({ group }) => group).filter((group) => group !== 'inferwatch' && group !== 'inferwatch-anomalies'),
  ).toEqual([])
})

async function seedFaults(db: Db, end: number): Promise<void> {
  const tens = (ago: number) => range(end - ago, end, 10 * second)
  const server = (at: number, name: string, fields: Partial<ServerSample>): ServerSample => ({
    ...emptyServerSample(),
    timestamp: at * 1000,
    interval_ms: 10_000,
    server: 'vllm',
    instance: name,
    endpoint: 'llama',
    model: 'm',
    running: 8,
    waiting: 0,
    kv_cache_ratio: 0.5,
    output_tokens: 3_000,
    requests_ok: 10,
    requests_failed: 0,
    preemptions: 0,
    ...fields,
  })
  const slow = { bounds_ms: [1_000, 10_000, 60_000], counts: [0, 0, 10, 0], sum_ms: 300_000 }
  await store(
    db,
    'server_samples',
    tens(20 * minute).flatMap((at, index) => [
      server(at, 'full:1', { waiting: 40, kv_cache_ratio: 0.99, preemptions: 9, queue_ms: slow }),
      server(at, 'failing:1', { requests_failed: 2 }),
      server(at, 'stalled:1', { output_tokens: 0, requests_ok: 0 }),
      // Idle, which is not stalled.
      server(at, 'idle:1', { running: 0, output_tokens: 0, requests_ok: 0 }),
      server(at, 'looping:1', { restarted: index % 30 === 0 }),
      // Restarted once.
      server(at, 'deployed:1', { restarted: index === 30 }),
    ]),
  )
  const gpu = (at: number, index: number, fields: Partial<GpuSample>): GpuSample => ({
    ...emptyGpu({ timestamp: at * 1000, target: 'http://bad/metrics', host: 'bad', fallbackHost: '' }),
    gpu: String(index),
    uuid: `GPU-bad-${index}`,
    device: 'H100',
    utilization_ratio: 0.9,
    temperature_celsius: 70,
    interval_ms: 10_000,
    ...fields,
  })
  const hot = { temperature_celsius: 91, memory_temperature_celsius: 101, throttle_reasons: ['hw_thermal_slowdown'] }
  await store(
    db,
    'gpu_samples',
    tens(2 * hour + 10 * minute).flatMap((at) => {
      const left = end - at
      return [
        gpu(at, 0, hot),
        // 13 is the program's fault.
        gpu(at, 1, { xid: left < 5 * minute ? 79 : left < 30 * minute ? 13 : 0 }),
        gpu(at, 2, { ecc_uncorrected: left < 5 * minute ? 2 : 0, row_remap_failures: left < 5 * minute ? 1 : 0 }),
        gpu(at, 4, { utilization_ratio: 0 }),
        // Idle, at a price that nobody knows.
        gpu(at, 5, { utilization_ratio: 0, throttle_reasons: ['gpu_idle'] }),
      ]
    }),
  )
  const seen = tens(2 * hour).filter((at) => at < end - 8 * minute)
  await store(
    db,
    'gpu_samples',
    seen.map((at) => gpu(at, 3, {})),
  )
  await db.insert('topology', [
    {
      valid_from: new Date(end - 3 * hour),
      valid_to: null,
      endpoint: 'expensive',
      host: 'bad',
      gpu_uuids: ['GPU-bad-4'],
      mig_ids: [''],
      gpu_hour_usd: 3,
      ambiguous: false,
      version: 1,
    },
  ])
  const minutes = range(end - 30 * minute + 30 * second, end, minute)
  const last = (at: number, ago: number) => at > end - ago
  await store(
    db,
    'probes',
    minutes.flatMap((at) => [
      probe(at, { endpoint: 'dead', ok: !last(at, 5 * minute), error: last(at, 5 * minute) ? 'refused' : '' }),
      probe(at, { endpoint: 'old', probe: 'tls', certificate_days: 6 + (end - at) / (24 * hour) }),
    ]),
  )
  await store(
    db,
    'queue_samples',
    minutes.map((at) => jobQueue(at, 3 * hour, 'stuck')),
  )
  await db.insert('targets', [
    ...minutes.map((at) => target(at, 'http://odd/metrics', {})),
    ...minutes.map((at) =>
      target(at, 'http://down/metrics', {
        kind: 'vllm',
        ...(last(at, 10 * minute) ? { state: 'down', error: 'connection refused' } : {}),
      }),
    ),
    ...minutes.map((at) => target(at, 'http://bad/metrics', { kind: 'dcgm' })),
  ])
  await db.insert('notifications', [
    {
      timestamp: new Date(end - 20 * minute),
      id: 'n',
      receiver: 'r',
      channel: 'slack',
      type: 'slack',
      group_key: '{}',
      status: 'firing',
      reason: 'first',
      title: 'x',
      alerts: [],
      attempt: 9,
      ok: false,
      outcome: 'expired',
      retry_at: null,
      http_status: null,
      duration_ms: 0,
      error: 'given up',
    },
  ])
}
