/** The job over real samples and requests: what is scraped becomes links, changes become periods, calls find their GPUs. */
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../../storage/testing.ts'
import { gpusUnderRequest, instancesOfEndpoint, topologyAt, topologyOver } from '../../storage/queries/topology.ts'
import { IssueLog } from '../issues.ts'
import { ManualClock } from '../scrape/clock.ts'
import { createVersions } from '../versions.ts'
import type { EndpointFact } from './facts.ts'
import { startTopology, type Fleet, type ScrapedTarget } from './index.ts'

const minute = 60_000
const noon = Date.UTC(2026, 10, 21, 12)

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())
beforeEach(async () => {
  for (const table of ['topology', 'server_samples', 'gpu_samples', 'requests'])
    await storage.db.command(`TRUNCATE TABLE ${table}`)
})

function job(
  clock: ManualClock,
  endpoints: EndpointFact[],
  {
    targets = [],
    issues = new IssueLog(),
    beside = () => ({ endpoints: [], targets: [] }),
  }: { targets?: ScrapedTarget[]; issues?: IssueLog; beside?: () => Fleet } = {},
) {
  return startTopology({
    endpoints,
    targets: () => targets,
    beside,
    db: storage.db,
    issues,
    nextVersion: createVersions(() => clock.now()),
    log: pino({ level: 'silent' }),
    clock,
    ownHosts: ['box'],
  })
}

const servers = (at: number, instances: string[], rest: object = {}) =>
  storage.db.insert(
    'server_samples',
    instances.map((instance) => ({ timestamp: at * 1000, server: 'vllm', instance, model: 'llama', ...rest })),
  )
const gpus = (at: number, host: string, uuids: string[], rest: object = {}) =>
  storage.db.insert(
    'gpu_samples',
    uuids.map((uuid, gpu) => ({ timestamp: at * 1000, host, gpu: String(gpu), uuid, target: host, ...rest })),
  )
const request = (at: number, id: string, rest: Partial<LlmRequest> = {}): LlmRequest => ({
  ...emptyRequest(),
  timestamp: at * 1000,
  trace_id: id,
  span_id: id,
  endpoint: 'chat',
  model: 'llama',
  status: 'ok',
  ...rest,
})
const periods = async (from = noon - 60 * minute, to = noon + 24 * 60 * minute) =>
  (await topologyOver(storage.reader, { from, to })).map(
    ({ endpoint, instance, host, gpu_uuids, gpu_hour_usd, valid_from_ms, valid_to_ms, ambiguous }) =>
      `${ambiguous ? 'maybe ' : ''}${endpoint} ${instance} ${host} ${gpu_uuids.join()} ${gpu_hour_usd ?? ''}`.trim() +
      ` ${(valid_from_ms - noon) / minute}–${valid_to_ms === null ? '' : (valid_to_ms - noon) / minute}`,
  )

test('servers move, prices change, a process restarts: each period once, calls find the GPUs of their time', async () => {
  const clock = new ManualClock(noon)
  const endpoint = { name: 'chat', upstream: 'http://node-1:8000', gpu_hour_usd: 2 }
  const first = job(clock, [endpoint])
  await servers(noon - minute, ['node-1:8000'])
  await gpus(noon - minute, 'node-1', ['GPU-0', 'GPU-1'])
  await first.pass()
  await first.pass()
  expect(await periods()).toEqual(['chat node-1:8000 node-1 GPU-0,GPU-1 2 -1–'])

  // A restart, with nothing scraped meanwhile, changes nothing.
  await first.stop()
  clock.advance(40 * minute)
  const second = job(clock, [endpoint])
  await second.pass()
  clock.advance(minute)
  await servers(clock.now(), ['node-1:8000'])
  await gpus(clock.now(), 'node-1', ['GPU-0', 'GPU-1'])
  await second.pass()
  expect(await periods()).toEqual(['chat node-1:8000 node-1 GPU-0,GPU-1 2 -1–'])

  second.reload([{ ...endpoint, gpu_hour_usd: 3 }])
  await second.pass()
  expect(await periods()).toEqual([
    'chat node-1:8000 node-1 GPU-0,GPU-1 2 -1–41',
    'chat node-1:8000 node-1 GPU-0,GPU-1 3 41–',
  ])

  // The endpoint moves to another host; the first server is seen no more.
  clock.advance(19 * minute)
  second.reload([{ ...endpoint, upstream: 'http://node-2:8000' }])
  await servers(clock.now(), ['node-2:8000'])
  await gpus(clock.now(), 'node-2', ['GPU-2'])
  await second.pass()
  // The second period was over before it was seen again: it is as if it had not been.
  expect(await periods()).toEqual([
    'chat node-1:8000 node-1 GPU-0,GPU-1 2 -1–41',
    'chat node-2:8000 node-2 GPU-2 2 60–',
  ])

  await store(storage.db, 'requests', [
    request(noon, 'early', { instance: 'node-1:8000' }),
    request(noon + 61 * minute, 'late', { instance: 'somewhere:443' }),
    request(noon + 50 * minute, 'between'),
    request(noon + 61 * minute, 'other', { endpoint: 'nobody' }),
  ])
  const under = async (id: string) => {
    const { by, links } = await gpusUnderRequest(storage.reader, id, id)
    return [by, ...links.flatMap(({ gpu_uuids }) => gpu_uuids)]
  }
  expect(await under('early')).toEqual(['instance', 'GPU-0', 'GPU-1'])
  expect(await under('late')).toEqual(['model', 'GPU-2'])
  expect(await under('between')).toEqual(['nothing'])
  expect(await under('other')).toEqual(['nothing'])
  const at = await topologyAt(storage.reader, noon)
  expect(at.map(({ instance, gpu_hour_usd }) => [instance, gpu_hour_usd])).toEqual([['node-1:8000', 2]])
  const range = { from: noon, to: noon + 70 * minute }
  expect(await instancesOfEndpoint(storage.reader, 'chat', range)).toEqual([
    {
      server: 'vllm',
      instance: 'node-1:8000',
      model: 'llama',
      from_ms: noon,
      to_ms: noon + 41 * minute,
      gpu_uuids: ['GPU-0', 'GPU-1'],
    },
    {
      server: 'vllm',
      instance: 'node-2:8000',
      model: 'llama',
      from_ms: noon + 60 * minute,
      to_ms: range.to,
      gpu_uuids: ['GPU-2'],
    },
  ])
  await second.stop()
})

test('pods and targets say where servers are; models say whose they are', async () => {
  const clock = new ManualClock(noon)
  const targets = [{ url: 'http://10.0.0.7:8000/metrics', labels: { namespace: 'prod', pod: 'llama-0' } }]
  const topology = job(clock, [{ name: 'chat', upstream: 'https://gateway.example.com' }], { targets })
  await servers(noon, ['10.0.0.7:8000'])
  await gpus(noon, 'node-1', ['GPU-0'], { namespace: 'prod', pod: 'llama-0' })
  await gpus(noon, 'node-1', ['GPU-1'], { gpu: '7', namespace: 'dev', pod: 'other-0' })
  await store(storage.db, 'requests', [request(noon - minute, 'a', { instance: 'gateway.example.com:443' })])
  await topology.pass()
  expect(await topologyAt(storage.reader, noon)).toMatchObject([
    { endpoint: 'chat', endpoint_source: 'model', gpu_uuids: ['GPU-0'], gpu_source: 'pod', ambiguous: false },
  ])
  // Its calls ended; over the last day it answered with that model.
  await storage.rollups.flush()
  clock.advance(120 * minute)
  await servers(clock.now(), ['10.0.0.7:8000'])
  await gpus(clock.now(), 'node-1', ['GPU-0'], { namespace: 'prod', pod: 'llama-0' })
  await topology.pass()
  expect(await periods()).toHaveLength(1)
  await topology.stop()
})

test('what is ambiguous is a candidate and an issue, never counted', async () => {
  const clock = new ManualClock(noon)
  const issues = new IssueLog()
  const endpoints = [
    { name: 'chat', upstream: 'http://node-1:8000' },
    { name: 'code', upstream: 'http://node-1:8001' },
  ]
  const topology = job(clock, endpoints, { issues })
  await servers(noon, ['node-1:8000', 'node-1:8001'])
  await gpus(noon, 'node-1', ['GPU-0'])
  await topology.pass()
  expect(await periods()).toEqual([
    'chat node-1:8000 0–',
    'maybe chat node-1:8000 node-1 GPU-0 0–',
    'code node-1:8001 0–',
    'maybe code node-1:8001 node-1 GPU-0 0–',
  ])
  expect(issues.counts()).toEqual({ 'topology topology_gpus': 1 })
  const range = { from: noon, to: noon + minute }
  expect(await instancesOfEndpoint(storage.reader, 'chat', range)).toMatchObject([
    { instance: 'node-1:8000', gpu_uuids: [] },
  ])
  // The second server stops: the first has the GPU to itself from then on.
  clock.advance(20 * minute)
  await servers(clock.now(), ['node-1:8000'])
  await gpus(clock.now(), 'node-1', ['GPU-0'])
  await topology.pass()
  expect(
    (await topologyAt(storage.reader, clock.now())).map(({ instance, gpu_uuids, ambiguous }) => [
      instance,
      gpu_uuids,
      ambiguous,
    ]),
  ).toEqual([['node-1:8000', ['GPU-0'], false]])
  await topology.stop()
})

test('it runs by the clock: soon after the start, then every minute; when storage fails, again', async () => {
  const clock = new ManualClock(noon)
  let asked = 0
  let inserted = 0
  const db = Object.create(storage.db, {
    query: {
      value: (...args: Parameters<typeof storage.db.query>) => {
        asked += 1
        return asked === 1 ? Promise.reject(new Error('away')) : storage.db.query(...args)
      },
    },
    insert: { value: () => Promise.resolve((inserted += 1)) },
  }) as typeof storage.db
  const topology = startTopology({
    endpoints: [],
    targets: () => [],
    db,
    issues: new IssueLog(),
    nextVersion: createVersions(() => clock.now()),
    log: pino({ level: 'silent' }),
    clock,
  })
  clock.advance(15_000)
  await expect.poll(() => asked).toBeGreaterThan(0)
  await expect
    .poll(() => {
      clock.advance(60_000)
      return inserted
    })
    .toBeGreaterThan(1)
  await topology.stop()
  const before = inserted
  clock.advance(600_000)
  expect(inserted).toBe(before)
})

test('a fleet that somebody else scrapes is linked while it is there', async () => {
  const clock = new ManualClock(noon)
  const instance = '127.0.0.1:9000'
  const fleet: Fleet = {
    endpoints: [{ name: 'shown', gpus: { host: 'node-1' }, gpu_hour_usd: 2 }],
    targets: [{ url: `http://${instance}/metrics`, labels: { host: 'node-1' } }],
  }
  let there = true
  const topology = job(clock, [], { beside: () => (there ? fleet : { endpoints: [], targets: [] }) })
  await servers(noon, [instance], { endpoint: 'shown' })
  await gpus(noon, 'node-1', ['GPU-0', 'GPU-1'])
  await topology.pass()
  const link = { endpoint: 'shown', instance, host: 'node-1', gpu_uuids: ['GPU-0', 'GPU-1'], gpu_hour_usd: 2 }
  expect(await topologyAt(storage.reader, noon)).toMatchObject([link])
  there = false
  clock.advance(20 * minute)
  await topology.pass()
  expect(await topologyAt(storage.reader, clock.now())).toEqual([])
  await topology.stop()
})
