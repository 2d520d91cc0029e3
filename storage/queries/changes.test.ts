/** What changed, from each of its sources, against rows worked out by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { tokenPrice, flat, type PriceRecord } from '../../records/price.ts'
import { parseQuery } from '../../records/request-query.ts'
import { emptyServerSample } from '../../records/server-sample.ts'
import type { Change } from '../../records/change.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { overlapping } from './alert-periods.ts'
import { storeAnnotation } from './annotations.ts'
import { concerns, recentChanges } from './changes.ts'
import { storePrices } from './prices.ts'
import type { Filter } from './where.ts'

const noon = Date.UTC(2026, 10, 21, 12)
const minute = 60_000
const range = { from: noon, to: noon + 60 * minute }

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage?.stop())

const changes = (filter: Filter = {}, of = range) => recentChanges(storage.reader, filter, of)
const ofKind = (found: readonly Change[], kind: Change['kind']) => found.filter((change) => change.kind === kind)

const mark = (id: string, at: number, more: object = {}) => ({
  id,
  timestamp: noon + at * minute,
  end_timestamp: null,
  kind: 'deploy' as const,
  title: id,
  text: '',
  labels: {},
  url: '',
  created_by: 'ci',
  ...more,
})

test('marks that lie in the range or reach into it, as they were last written', async () => {
  for (const annotation of [
    mark('inside', 10, { labels: { endpoint: 'chat' }, url: 'https://ci.example/1', text: 'why' }),
    mark('before', -10),
    mark('at the end', 60),
    mark('reaches in', -10, { end_timestamp: noon + minute }),
    mark('script', 20, { url: 'javascript:alert(1)' }),
    mark('corrected', 30),
  ])
    await storeAnnotation(storage.db, annotation, { version: 1 })
  await storeAnnotation(storage.db, mark('corrected', 31, { title: 'better' }), { version: 2 })
  await storeAnnotation(storage.db, mark('taken back', 40), { version: 1 })
  await storeAnnotation(storage.db, mark('taken back', 40), { version: 2, deleted: true })
  const found = ofKind(await changes(), 'deploy')
  expect(found.map(({ title, at }) => [title, (at - noon) / minute])).toEqual([
    ['better', 31],
    ['script', 20],
    ['inside', 10],
    ['reaches in', -10],
  ])
  expect(found[2]).toEqual({
    id: 'annotation inside',
    kind: 'deploy',
    at: noon + 10 * minute,
    until: null,
    title: 'inside',
    text: 'why',
    scope: { endpoint: 'chat' },
    severity: '',
    link: 'https://ci.example/1',
    by: 'ci',
    annotation: 'inside',
  })
  expect(found[1]?.link).toBe('')
  expect(found[3]?.until).toBe(noon + minute)
})

test('a server that tells another version than before, and a new one of its endpoint that does', async () => {
  const told = (at: number, instance: string, version: string, endpoint = 'chat', server = 'vllm') => ({
    timestamp: new Date(noon + at * minute),
    server,
    instance,
    endpoint,
    version,
  })
  await storage.db.insert('server_versions', [
    told(-3000, 'a:8000', '0.10.1'),
    // Once a day, though nothing changed.
    told(5, 'a:8000', '0.10.1'),
    told(10, 'a:8000', '0.11.0'),
    // Pods of a roll-out get new addresses: the first of them is the change.
    told(20, 'b:8000', '0.12.0'),
    told(21, 'c:8000', '0.12.0'),
    // And back again.
    told(30, 'd:8000', '0.11.0'),
    // Two that were side by side from the start, and one whose endpoint nobody knows.
    told(40, 'e:8000', '0.10.1', 'other'),
    told(41, 'f:8000', '0.11.0', 'other'),
    told(42, 'g:8000', '0.11.0', ''),
    told(43, 'h:8000', '0.12.0', ''),
    told(-100, 'gpu-node-1', '550.54', '', 'gpu-driver'),
    told(50, 'gpu-node-1', '580.82', '', 'gpu-driver'),
  ])
  const found = ofKind(await changes(), 'version')
  expect(found.map(({ title, at }) => [title, (at - noon) / minute])).toEqual([
    ['GPU driver 550.54 → 580.82 on gpu-node-1', 50],
    ['vLLM 0.12.0 → 0.11.0 on d:8000', 30],
    ['vLLM 0.11.0 → 0.12.0 on b:8000', 20],
    ['vLLM 0.10.1 → 0.11.0 on a:8000', 10],
  ])
  expect(found[3]).toMatchObject({ scope: { instance: 'a:8000', endpoint: 'chat' }, link: '/servers/a%3A8000' })
  expect(found[0]).toMatchObject({ scope: { host: 'gpu-node-1' }, link: '/gpus' })
  expect(ofKind(await changes({ endpoint: ['other'] }), 'version').map(({ title }) => title)).toEqual([
    'GPU driver 550.54 → 580.82 on gpu-node-1',
  ])
  expect(ofKind(await changes({}, { from: noon - 5 * minute, to: noon + 6 * minute }), 'version')).toEqual([])
  await storage.db.command('truncate table server_versions')
})

test('of more servers than are looked through, the newest change is not the one that is left out', async () => {
  await storage.db.command(
    `insert into server_versions (timestamp, server, instance, endpoint, version)
    select fromUnixTimestamp64Milli(${noon} - number * 1000, 'UTC'), 'vllm', concat('pod-', toString(number)), '', '1' from numbers(6000)
    union all select fromUnixTimestamp64Milli(${noon + minute}, 'UTC'), 'vllm', 'pod-1', '', '2'`,
  )
  expect(ofKind(await changes(), 'version').map(({ title }) => title)).toEqual(['vLLM 1 → 2 on pod-1'])
  await storage.db.command('truncate table server_versions')
})

test('a version is a change when another was there before it, and long enough for both to be no mix', async () => {
  const call = (at: number, more: Partial<LlmRequest>): LlmRequest => ({
    ...emptyRequest(),
    timestamp: (noon + at * minute) * 1000,
    trace_id: `t${at}`,
    span_id: JSON.stringify(more),
    model: 'gpt-4o',
    endpoint: 'openai',
    environment: 'production',
    ...more,
  })
  const service = (at: number, version: string) =>
    call(at, { service: 'chat-ui', attributes: new Map([['service.version', version]]) })
  await store(storage.db, 'requests', [
    call(-60, { model_version: 'a' }),
    call(5, { model_version: 'b' }),
    call(6, { model_version: 'a' }),
    service(-60, '1.0'),
    call(-30, { prompt_name: 'greet', prompt_version: '1' }),
    call(-20, { prompt_name: 'greet', prompt_version: '2' }),
    call(40, { model: 'new', model_version: '1' }),
  ])
  // Stored later, though called earlier: when it was first seen moves.
  await store(storage.db, 'requests', [service(30, '1.1'), call(4, { model_version: 'b' })])
  await store(storage.db, 'requests', [service(20, '1.1')])
  const found = ofKind(await changes(), 'version')
  expect(found.map(({ title, text, at, scope, link }) => [title, text, (at - noon) / minute, scope, link])).toEqual([
    [
      'service chat-ui: version 1.1',
      'First seen; before it 1.0',
      20,
      { service: 'chat-ui', environment: 'production' },
      '/requests?service=chat-ui',
    ],
    [
      'gpt-4o: version b',
      'First seen; before it a',
      4,
      { model: 'gpt-4o', environment: 'production', endpoint: 'openai' },
      '/models/gpt-4o',
    ],
  ])
})

test('a restart is one change, whatever models the server has, from samples and from their rollup', async () => {
  const sample = (at: number, model: string, restarted: boolean) => ({
    ...emptyServerSample(),
    timestamp: (noon + at * minute) * 1000,
    server: 'vllm',
    instance: 'vllm-1:8000',
    endpoint: 'chat',
    model,
    restarted,
  })
  await store(storage.db, 'server_samples', [
    sample(1, 'a', false),
    sample(2, 'a', true),
    sample(2, 'b', true),
    sample(3, 'a', false),
  ])
  await storage.rollups.flush()
  for (const of of [range, { from: noon - 30 * 86_400_000, to: range.to }]) {
    const found = ofKind(await changes({}, of), 'restart')
    expect(found).toMatchObject([
      {
        at: noon + 2 * minute,
        title: 'vllm-1:8000 restarted',
        text: 'vllm, a, b',
        scope: { instance: 'vllm-1:8000', endpoint: 'chat' },
        link: '/servers/vllm-1%3A8000',
      },
    ])
  }
})

test('a price that begins to hold says what it is and what it was', async () => {
  const price = (version: string, usd: number, from: number | null, to: number | null, more = {}): PriceRecord => ({
    id: 'openai/gpt-4o',
    version,
    source: 'genai-prices',
    provider: 'openai',
    model: 'gpt-4o',
    valid_from: from,
    valid_to: to,
    price: tokenPrice({ input: flat(usd), output: flat(usd * 4), ...more }),
  })
  const turn = (noon + 15 * minute) * 1000
  await storePrices(storage.db, [
    price('1', 2.5, null, turn),
    price('2', 3, turn, null),
    price('2 batch', 3, turn, null, { multiplier: 0.5 }),
  ])
  expect(ofKind(await changes(), 'price')).toMatchObject([
    {
      at: noon + 15 * minute,
      title: 'Price of gpt-4o of openai',
      text: 'input $3, output $12 per 1M tokens; before input $2.5, output $10 per 1M tokens',
      scope: { model: 'gpt-4o', provider: 'openai' },
    },
  ])
})

test('alerts of one rule that overlap are one period, with what they have in common', async () => {
  const event = (at: number, model: string, previous_state: string, state: string) => ({
    timestamp: new Date(noon + at * minute),
    fingerprint: model,
    rule: 'Slow',
    group: 'mine',
    state,
    previous_state,
    labels: { alertname: 'Slow', severity: 'critical', model, endpoint: 'chat' },
    annotations: { summary: `${model} is slow` },
    value: 1,
  })
  await storage.db.insert('alert_events', [
    event(10, 'a', 'inactive', 'firing'),
    event(12, 'b', 'inactive', 'firing'),
    event(14, 'a', 'firing', 'inactive'),
    event(20, 'b', 'firing', 'inactive'),
    event(50, 'a', 'inactive', 'firing'),
  ])
  const found = ofKind(await changes(), 'alert')
  expect(found.map(({ at, until, text, scope }) => [(at - noon) / minute, until, text, scope])).toEqual([
    [50, 'now', 'a is slow', { model: 'a', endpoint: 'chat' }],
    [10, noon + 20 * minute, '2 alerts', { endpoint: 'chat' }],
  ])
  expect(found[0]).toMatchObject({ title: 'Slow', severity: 'critical', link: '/alerts' })
})

test('all kinds come together, the latest first, and a filter leaves what it says nothing about', async () => {
  const all = await changes()
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted((a, b) => b - a))
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  const other = await changes({ endpoint: 'other' })
  expect(other.some(({ scope }) => scope['endpoint'] !== undefined)).toBe(false)
  expect(other.map(({ title }) => title)).toContain('Price of gpt-4o of openai')
})

const periods = (...fired: [number, number | null][]) =>
  overlapping(fired.map(([from_ms, to_ms]) => ({ from_ms, to_ms }))).map((run) => run.length)

test('runs of firings', () => {
  expect(periods()).toEqual([])
  expect(periods([1, 5], [2, 3], [5, 6], [7, 8])).toEqual([3, 1])
  expect(periods([1, null], [100, 101])).toEqual([2])
})

test.each<[filter: Filter | string, passes: boolean]>([
  [{ model: 'gpt-4o' }, true],
  [{ model: ['other', 'gpt-4o'] }, true],
  [{ model: 'other' }, false],
  [{ team: 'search' }, true],
  [{ model: 'gpt-4o', endpoint: 'other' }, false],
  ['model:gpt-4o', true],
  ['model:other', false],
  ['model:other model:gpt-4o', true],
  ['model!=gpt-4o', false],
  ['model:gpt-*', true],
  ['model:GPT-*', true],
  ['-model:gpt-*', false],
  ['duration>2s team:x', true],
])('what is about gpt-4o at chat, asked for %j: %s', (asked, passes) => {
  const parsed = typeof asked === 'string' ? parseQuery(asked) : null
  const filter = parsed?.ok ? { terms: parsed.terms } : typeof asked === 'string' ? {} : asked
  expect(parsed?.ok ?? true).toBe(true)
  expect(concerns({ model: 'gpt-4o', endpoint: 'chat' }, filter)).toBe(passes)
})
