/** Whatever was scraped, in whichever order and from whichever table: answers equal a plain recount of the samples. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bucketQuantile, type BucketCounts } from '../../records/bucket-quantile.ts'
import type { TimeRange } from '../../records/time-range.ts'
import { testStorage } from '../testing.ts'
import { serverHeatmap } from './server-heatmap.ts'
import { quantileLevels, serverLatencySeries } from './server-latency.ts'
import type { ServersBy } from './server-rows.ts'
import { serverSeries } from './server-series.ts'
import { serverTotals } from './server-totals.ts'

const minute = 60_000
const hour = 60 * minute
const start = Date.UTC(2026, 10, 21, 6)

interface Scraped {
  timestamp_ms: number
  interval_ms: number | null
  instance: string
  endpoint: string
  model: string
  running: number | null
  kv_cache_ratio: number | null
  output_tokens: number | null
  requests_ok: number | null
  requests: number | null
  role: 'engine' | 'gateway'
  prefix_hits: number | null
  prefix_queries: number | null
  finished: Record<string, number>
  e2e_ms: BucketCounts | null
  restarted: boolean
}

let seed = 11
/** Deterministic: a failure can be run again. */
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % below
}

const boundsOf = [
  [100, 200, 500, 1000],
  [100, 250, 500, 2500],
  [0.1, 300, 30_000],
]

/**
 * Four servers and a gateway over six hours: one gone half-way and followed by another that tells no prefix cache, one that does
 * not tell good requests from failed ones, and a time nobody scraped.
 */
function scrapes(): Scraped[] {
  const servers = [
    { instance: 'a:1', endpoint: 'llama', model: 'llama', from: 0, to: 3 * hour, every: 10_000 },
    { instance: 'b:1', endpoint: 'llama', model: 'llama', from: 3 * hour, to: 6 * hour, every: 15_000 },
    { instance: 'c:1', endpoint: 'llama', model: 'llama', from: 0, to: 6 * hour, every: 30_000 },
    { instance: 'd:1', endpoint: 'qwen', model: 'qwen', from: 0, to: 6 * hour, every: 20_000 },
    { instance: 'g:1', endpoint: 'llama', model: 'llama', from: 0, to: 6 * hour, every: 60_000 },
  ]
  const rows: Scraped[] = []
  for (const [index, { every, from, to, ...identity }] of servers.entries()) {
    let before: number | null = null
    let bounds = boundsOf[index % 2] ?? []
    for (let at = from + random(every); at < to; at += every + random(900)) {
      if (at > 2 * hour && at < 2.4 * hour) continue
      if (random(40) === 0) continue
      const restarted = random(300) === 0
      if (restarted) bounds = boundsOf[random(3)] ?? []
      const known = before !== null && random(50) > 0
      const maybe = (value: number) => (known ? value : null)
      const interval_ms: number | null = before === null ? null : at - before
      rows.push({
        ...identity,
        timestamp_ms: start + at,
        interval_ms,
        running: random(20) === 0 ? null : random(30),
        kv_cache_ratio: random(100) / 100,
        output_tokens: maybe(random(5000)),
        requests_ok: index === 3 ? null : maybe(random(10)),
        requests: index === 3 ? maybe(random(10)) : null,
        role: index === 4 ? 'gateway' : 'engine',
        prefix_hits: index === 1 ? null : maybe(random(50)),
        prefix_queries: index === 1 ? null : maybe(50 + random(50)),
        finished: known ? { [random(2) === 0 ? 'stop' : 'length']: random(5) + 1 } : {},
        e2e_ms: known ? { bounds_ms: bounds, counts: bounds.map(() => random(4)).concat(random(2)) } : null,
        restarted,
      })
      before = at
    }
  }
  return rows
}

const all = scrapes()
let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  const rows = all.map(({ timestamp_ms, e2e_ms, ...row }) => ({
    ...row,
    server: 'vllm',
    timestamp: timestamp_ms * 1000,
    ...(e2e_ms && { e2e_ms_bounds: e2e_ms.bounds_ms, e2e_ms_counts: e2e_ms.counts, e2e_ms_sum: 1 }),
  }))
  // In no order, in two parts, with rollups in between.
  const shuffled = rows.toSorted((a, b) => (a.timestamp % 977) - (b.timestamp % 977))
  await storage.db.insert('server_samples', shuffled.slice(0, 1500))
  await storage.rollups.flush()
  await storage.db.insert('server_samples', shuffled.slice(1500))
  await storage.rollups.flush()
})
afterAll(() => storage.stop())

/** Time that intervals cover, each in whole units. */
function covered(rows: readonly Scraped[], unit: number): number {
  const spans = rows
    .filter(({ interval_ms }) => interval_ms !== null)
    .map(({ timestamp_ms, interval_ms }) => ({
      from: Math.floor((timestamp_ms - (interval_ms ?? 0)) / unit) * unit,
      to: Math.ceil(timestamp_ms / unit) * unit,
    }))
    .toSorted((a, b) => a.from - b.from)
  let sum = 0
  let end = -Infinity
  for (const { from, to } of spans) {
    sum += Math.max(to - Math.max(from, end), 0)
    end = Math.max(end, to)
  }
  return sum
}

const sumOf = (values: (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0)

/** The answer for the samples of one line in one bucket. */
function recount(rows: readonly Scraped[], unit: number) {
  const observed = covered(rows, unit)
  type Counter = 'output_tokens' | 'requests_ok' | 'requests'
  const rate = (...counters: Counter[]) => {
    const known = rows.filter((row) => counters.some((counter) => row[counter] !== null))
    const time = Math.min(observed, sumOf(known.map(({ interval_ms }) => interval_ms)))
    return time > 0 ? (sumOf(counters.flatMap((counter) => rows.map((row) => row[counter]))) * 1000) / time : null
  }
  const servers = [...Map.groupBy(rows, ({ instance }) => instance).values()]
    .map((own) => ({ own, values: own.map(({ running }) => running).filter((value) => value !== null) }))
    .filter(({ values }) => values.length > 0)
    .map(({ own, values }) => ({
      mean: sumOf(values) / values.length,
      weight: sumOf(own.map(({ interval_ms }) => interval_ms)),
    }))
  const weight = sumOf(servers.map((server) => server.weight))
  const queries = sumOf(rows.map(({ prefix_queries }) => prefix_queries))
  const groups = [
    ...Map.groupBy(
      rows.flatMap(({ e2e_ms }) => e2e_ms ?? []),
      ({ bounds_ms }) => bounds_ms.join(),
    ).values(),
  ].map((own): BucketCounts => ({
    bounds_ms: own[0]?.bounds_ms ?? [],
    counts: (own[0]?.counts ?? []).map((_, index) => sumOf(own.map(({ counts }) => counts[index] ?? 0))),
  }))
  const finished: Record<string, number> = {}
  for (const row of rows)
    for (const [reason, count] of Object.entries(row.finished)) finished[reason] = (finished[reason] ?? 0) + count
  return {
    output_tokens_per_second: rate('output_tokens'),
    requests_per_second: rate('requests_ok', 'requests'),
    running:
      servers.length === 0
        ? null
        : weight > 0
          ? sumOf(servers.map((server) => server.mean * server.weight)) / Math.min(observed, weight)
          : sumOf(servers.map(({ mean }) => mean)),
    kv_cache_ratio: sumOf(rows.map(({ kv_cache_ratio }) => kv_cache_ratio)) / rows.length,
    kv_cache_ratio_max: Math.max(...rows.map(({ kv_cache_ratio }) => kv_cache_ratio ?? 0)),
    prefix_hit_ratio: queries > 0 ? sumOf(rows.map(({ prefix_hits }) => prefix_hits)) / queries : null,
    restarts: rows.filter(({ restarted }) => restarted).length,
    finished,
    e2e: Object.values(quantileLevels).map((level) => bucketQuantile(groups, level)),
  }
}

const numbers = [
  'output_tokens_per_second',
  'requests_per_second',
  'running',
  'kv_cache_ratio',
  'kv_cache_ratio_max',
  'prefix_hit_ratio',
  'restarts',
] as const

const near = (value: number | null | undefined) =>
  value === null || value === undefined ? null : (expect.closeTo(value, 6) as number)

const nameOf = ({ instance, endpoint, model }: { instance: string; endpoint: string; model: string }, by: ServersBy) =>
  by === 'instance' ? `${instance} ${model}` : `${endpoint} ${model}`

/** Of an endpoint, what its gateway forwards is counted by the servers behind it. */
const within = ({ from, to }: TimeRange, by: ServersBy) =>
  all.filter(
    ({ timestamp_ms, role }) => timestamp_ms >= from && timestamp_ms < to && (by === 'instance' || role === 'engine'),
  )

const ranges: [string, TimeRange, number][] = [
  ['server_samples', { from: start, to: start + 6 * hour }, 1],
  ['server_samples', { from: start + 37_123, to: start + 5 * hour + 999 }, 1],
  ['server_1m', { from: start - 12 * hour, to: start + 18 * hour }, minute],
  ['server_1h', { from: start - 4 * 24 * hour, to: start + 24 * hour }, minute],
  ['server_1d', { from: start - 200 * 24 * hour, to: start + 24 * hour }, minute],
]

describe.each(ranges)('%s %j', (source, range, unit) => {
  test.each(['instance', 'endpoint'] as const)('by %s', async (by) => {
    const question = { range, by }
    const [series, latency] = await Promise.all([
      serverSeries(storage.reader, question),
      serverLatencySeries(storage.reader, question, 'e2e_ms'),
    ])
    expect([series.source, latency.source]).toEqual([source, source])
    const { step_ms, times } = series
    const rows = within(range, by)
    const lines = Map.groupBy(rows, (row) => nameOf(row, by))
    expect(series.lines.map((line) => nameOf(line, by)).toSorted()).toEqual([...lines.keys()].toSorted())
    for (const line of series.lines) {
      const own = lines.get(nameOf(line, by)) ?? []
      const quantiles = latency.lines.find((other) => nameOf(other, by) === nameOf(line, by))
      const buckets = Map.groupBy(own, ({ timestamp_ms }) => Math.floor(timestamp_ms / step_ms) * step_ms)
      for (const [index, at] of times.entries()) {
        const expected = recount(buckets.get(at) ?? [], unit)
        const seen = buckets.has(at)
        const answered = Object.fromEntries(numbers.map((name) => [name, line[name][index] ?? null]))
        expect({ at, ...answered }).toEqual({
          at,
          ...Object.fromEntries(numbers.map((name) => [name, seen ? near(expected[name]) : null])),
        })
        for (const [reason, counts] of Object.entries(line.finished))
          expect(counts[index]).toBe(seen ? (expected.finished[reason] ?? 0) : null)
        for (const [position, name] of (['p50', 'p95', 'p99'] as const).entries())
          expect(
            ['value_ms', 'low_ms', 'high_ms'].map((part) => quantiles?.[name][part as 'value_ms'][index] ?? null),
          ).toEqual(
            [expected.e2e[position]?.value_ms, expected.e2e[position]?.low_ms, expected.e2e[position]?.high_ms].map(
              near,
            ),
          )
      }
    }
  })

  test.each(['a:1', 'b:1', 'd:1'])(
    'the heatmap of %s has the observations of its commonest bounds',
    async (instance) => {
      const { times, step_ms, lows, top, counts, known, left_out } = await serverHeatmap(
        storage.reader,
        instance,
        range,
        'e2e_ms',
      )
      const own = within(range, 'instance').filter((row) => row.instance === instance && row.e2e_ms !== null)
      const observed = (rows: readonly Scraped[]) => sumOf(rows.flatMap(({ e2e_ms }) => e2e_ms?.counts ?? []))
      const groups = [...Map.groupBy(own, ({ e2e_ms }) => e2e_ms?.bounds_ms.join()).values()].toSorted(
        (a, b) => observed(b) - observed(a),
      )
      const [shown = []] = groups
      expect({ known, left_out }).toEqual({ known: observed(shown), left_out: observed(own) - observed(shown) })
      expect(known).toBeGreaterThan(100)
      const bounds = shown[0]?.e2e_ms?.bounds_ms ?? []
      const first = [0, ...bounds].indexOf(lows[0] ?? NaN)
      expect(lows).toEqual([0, ...bounds].slice(first, first + lows.length))
      expect(top).toBe(bounds[first + lows.length - 1] ?? null)
      for (const [column, at] of times.entries()) {
        const rows = shown.filter(({ timestamp_ms }) => Math.floor(timestamp_ms / step_ms) * step_ms === at)
        expect(counts[column]).toEqual(
          lows.map((_, row) => sumOf(rows.map(({ e2e_ms }) => e2e_ms?.counts[first + row] ?? 0))),
        )
      }
    },
  )

  test.each(['instance', 'endpoint'] as const)('as a whole, by %s', async (by) => {
    const { servers } = await serverTotals(storage.reader, { range, by })
    const rows = within(range, by)
    const lines = Map.groupBy(rows, (row) => nameOf(row, by))
    expect(servers).toHaveLength(lines.size)
    for (const server of servers) {
      const expected = recount(lines.get(nameOf(server, by)) ?? [], unit)
      expect(server).toMatchObject({
        ...Object.fromEntries(numbers.map((name) => [name, near(expected[name])])),
        finished: expected.finished,
      })
      expect([server.e2e_ms.p50, server.e2e_ms.p95, server.e2e_ms.p99]).toEqual(
        expected.e2e.map((quantile) => quantile && Object.assign(quantile, { value_ms: near(quantile.value_ms) })),
      )
    }
  })
})
