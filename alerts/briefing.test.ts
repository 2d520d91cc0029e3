/** What messages say beside the value, over real ClickHouse with rows counted by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyServerSample } from '../records/server-sample.ts'
import { store } from '../test/dashboard/store.ts'
import { testStorage } from '../storage/testing.ts'
import { Briefer } from './briefing.ts'
import { sentences } from './causes.ts'
import { ChartShelf, isPublic } from './chart/shelf.ts'
import type { GroupedAlert } from './group.ts'
import { alertFingerprint } from './instance.ts'
import type { Rule } from './rule.ts'
import { parseRuleFile } from './rule-file.ts'
import { alertsHarness, minute, second, t0, type Harness } from './testing/harness.ts'

const rules = `
groups:
  - name: latency
    rules:
      - alert: HighP95Latency
        kind: latency
        window: 5m
        by: [model]
        where: { environment: production }
        above: 5s
        labels: { severity: critical, team: sre }
      - alert: Spend
        kind: spend_rate
        by: [model]
        above: $1
`

let storage: Awaited<ReturnType<typeof testStorage>>
let room: Harness
let latency: Rule
let spend: Rule
beforeAll(async () => {
  storage = await testStorage()
  room = await alertsHarness(storage, rules)
  const [first, second] = parseRuleFile(rules, 'rules.yaml').groups[0]?.rules ?? []
  if (!first || !second) throw new Error('no rules')
  latency = first
  spend = second
})
afterAll(async () => {
  await room.stop()
  await storage.stop()
})

const externalUrl = 'https://watch.example.com'

function alertOf(rule: Rule, ends_at: number | null = null): GroupedAlert {
  const labels = { alertname: rule.name, model: 'gpt-4o', ...rule.labels }
  const fingerprint = alertFingerprint(rule, { labels: { model: 'gpt-4o' }, value: 0 })
  return { fingerprint, labels, annotations: {}, value: 7_000, starts_at: t0 - 4 * minute, ends_at }
}

const serverSample = () => ({ ...emptyServerSample(), timestamp: (t0 - minute) * 1000, server: 'vllm' })

function briefer(reader = storage.reader, shelf = new ChartShelf(), logged: unknown[] = []) {
  const log = { warn: (...line: unknown[]) => void logged.push(line) } as never
  const clock = { now: () => t0, elapsed: () => 0, after: () => () => {} }
  return new Briefer({
    reader,
    clock,
    log,
    rules: () => [latency, spend],
    externalUrl: () => externalUrl,
    shelf,
    waitMs: 60_000,
  })
}

test('normal, peak, who is affected, what happened meanwhile, and a chart', async () => {
  const week = 7 * 24 * 60 * minute
  await room.insertRequests(t0 - week - 4 * minute, 5, second, { model: 'gpt-4o', duration_ms: 900 })
  await room.insertRequests(t0 - 2 * 60 * minute, 90, minute, { model: 'gpt-4o', duration_ms: 1_000 })
  // 12 slow requests of 3 users, two of them limited; another model and a request that isn't slow stay out.
  for (const [index, user_id] of ['a', 'b', 'c'].entries())
    await room.insertRequests(t0 - (3 - index) * minute, 4, second, {
      model: 'gpt-4o',
      provider: 'openai',
      duration_ms: 8_000 + index,
      user_id,
      cost_usd: 0.5,
      status: index === 0 ? 'rate_limited' : 'ok',
    })
  await room.insertRequests(t0 - minute, 1, second, { model: 'gpt-4o', duration_ms: 10, user_id: 'd', cost_usd: 9 })
  await room.insertRequests(t0 - minute, 1, second, { model: 'llama', duration_ms: 9_999, user_id: 'e' })
  await store(storage.db, 'server_samples', [
    { ...serverSample(), instance: 'vllm-1:8000', model: 'gpt-4o', running: 4, waiting: 12, kv_cache_ratio: 0.98 },
    { ...serverSample(), instance: 'vllm-2:8000', model: 'llama', running: 1, waiting: 50, kv_cache_ratio: 1 },
  ])
  const mark = { text: '', url: '', created_by: '', deleted: false, version: 1, kind: 'deploy' }
  await storage.db.insert('annotations', [
    { ...mark, id: '1', timestamp: new Date(t0 - 10 * minute), title: 'v2 of the gateway', labels: new Map() },
    { ...mark, id: '2', timestamp: new Date(t0 - 9 * minute), title: 'llama 4', labels: new Map([['model', 'llama']]) },
    { ...mark, id: '3', timestamp: new Date(t0 - 999 * minute), title: 'long ago', labels: new Map() },
  ])
  const alert = alertOf(latency)
  const shelf = new ChartShelf()
  const briefing = (await briefer(storage.reader, shelf).brief([alert])).get(alert.fingerprint)
  expect(briefing).toMatchObject({
    unit: 'ms',
    threshold: { side: 'above', value: 5_000 },
    normal: 900,
    peak: 8_002,
    affected: { requests: 12, users: 3, cost_usd: 6 },
    causes: [
      'deploy at 2026-11-21 09:50 UTC: v2 of the gateway',
      'openai answered 429 to 4 of 12 requests',
      '12 requests waited at vllm-1:8000 on average, 12 at most',
      'the KV cache of vllm-1:8000 was 98% full',
    ],
    // The rule's own labels say whom to call, and filter nothing.
    page: '/requests',
    window_ms: 5 * minute,
    filter: { environment: ['production'], model: 'gpt-4o' },
  })
  const chart = briefing?.chart
  expect(chart?.url).toMatch(/^https:\/\/watch\.example\.com\/api\/alerts\/chart\/[\w-]{24}\.png$/)
  const png = Buffer.from((await chart?.png()) ?? [])
  expect(png.subarray(1, 4).toString()).toBe('PNG')
  const id = /([\w-]+)\.png$/.exec(chart?.url ?? '')?.[1] ?? ''
  expect(Buffer.from((await shelf.png(id)) ?? []).equals(png)).toBe(true)
  expect(await shelf.png('unknown')).toBeNull()
})

test('a resolved alert keeps the worst of its own time', async () => {
  const alert = alertOf(latency, t0 - 2 * minute)
  const briefing = (await briefer().brief([alert])).get(alert.fingerprint)
  expect(briefing?.peak).toBe(8_000)
})

test('what makes requests slow explains no spend', async () => {
  const alert = alertOf(spend)
  const briefing = (await briefer().brief([alert])).get(alert.fingerprint)
  expect(briefing?.causes).toEqual(['deploy at 2026-11-21 09:50 UTC: v2 of the gateway'])
})

test('an alert of no rule of ours is told without', async () => {
  const alert = alertOf(latency)
  expect((await briefer().brief([{ ...alert, labels: { ...alert.labels, severity: 'info' } }])).size).toBe(0)
})

test('a database that is away costs the context, is logged once, and asked again', async () => {
  let away = true
  const reader: typeof storage.reader = Object.assign(Object.create(storage.reader) as typeof storage.reader, {
    query: (...question: Parameters<typeof storage.reader.query>) =>
      away ? Promise.reject(new Error('away')) : storage.reader.query(...question),
  })
  const logged: unknown[] = []
  const one = briefer(reader, new ChartShelf(), logged)
  expect((await one.brief([alertOf(latency)])).size).toBe(0)
  expect((await one.brief([alertOf(spend)])).size).toBe(0)
  expect(logged).toHaveLength(1)
  away = false
  expect((await one.brief([alertOf(latency)])).size).toBe(1)
})

test('only facts that hold are said', () => {
  const nothing = { limits: [], servers: [], gpus: [], marks: [], prices: [] }
  expect(sentences(nothing)).toEqual([])
  const quiet = { instance: 'a', running: 10, waiting: 2, most_waiting: 9, most_kv_cache_ratio: 0.6 }
  expect(sentences({ ...nothing, servers: [quiet] })).toEqual([])
  expect(sentences({ ...nothing, limits: [{ provider: 'x', rate_limited: 1, requests: 1_000 }] })).toEqual([])
  expect(sentences({ ...nothing, gpus: [{ host: 'n1', gpu: '0', reasons: ['hw_thermal_slowdown'] }] })).toEqual([
    'GPU 0 of n1 was throttled (hw_thermal_slowdown)',
  ])
})

test.each([
  ['https://watch.example.com', true],
  ['http://watch.example.com', false],
  ['https://localhost:8080', false],
  ['https://10.1.2.3', false],
  ['https://172.20.0.1', false],
  ['https://172.40.0.1', true],
  ['https://watch.internal', false],
  ['https://watch', false],
  ['', false],
])('%s is public: %s', (url, expected) => {
  expect(isPublic(url)).toBe(expected)
})
