import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import type { GpuSample } from '../records/gpu-sample.ts'
import { RowBinaryWriter } from './rowbinary.ts'
import type { Db } from './client.ts'
import { compareRollups } from './rollup-check.ts'
import { rollupSpecs, type RollupSpec } from './rollup-specs.ts'
import { measuresOf, tableOf, tiers, tiersOf } from './rollup-sql.ts'
import { passFrom, startRollups, type Rollups } from './rollups.ts'
import { tables, type Table } from './tables.ts'
import { testStorage } from './testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  // Each test has its own: nobody else writes rows of rollups, which others are made from.
  await storage.rollups.stop()
})
afterAll(() => storage.stop())

const log = pino({ level: 'silent' })
const ofRequests = rollupSpecs.filter(({ source }) => source === 'requests')
/** For what holds of every rollup: one of raw rows, and one made from that, in every tier there is. */
const few = rollupSpecs.filter(({ prefix }) => prefix === 'requests' || prefix === 'models')

async function rollupsOf(specs: readonly RollupSpec[], db: Db = storage.db): Promise<Rollups> {
  const rollups = await startRollups(db, log, specs, { unasked: false })
  onTestFinished(() => rollups.stop())
  return rollups
}

const start = Date.UTC(2026, 10, 16, 23, 0, 0)
let tokens = 0
let seed = 1

beforeEach(async () => {
  const filled = await storage.db.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, '_\\d[mhdw]$|^(requests|gpu_samples|server_samples)$') AND total_rows > 0",
  )
  for (const { name } of filled) await storage.db.command(`TRUNCATE TABLE ${name}`)
})

/** Deterministic: a failure can be run again. */
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed % below
}

function request(id: number, change: Partial<LlmRequest> = {}): LlmRequest {
  const unknown = id % 7 === 0
  return {
    ...emptyRequest(),
    timestamp: (start + random(3 * 3600_000)) * 1000,
    trace_id: String(id),
    span_id: 's',
    duration_ms: unknown ? null : random(10_000) / 4,
    ttft_ms: id % 2 ? random(1000) / 8 : null,
    streamed: id % 2 === 1,
    model: `m${random(3)}`,
    model_version: id % 3 ? '' : '2026-11-01',
    requested_model: `m${random(3)}-latest`,
    service_tier: id % 6 ? '' : 'batch',
    user_id: id % 5 ? `u${random(4)}` : '',
    session_id: id % 4 ? `c${random(6)}` : '',
    instance: id % 2 ? `host-${random(2)}:8000` : '',
    api_key: `key-${random(3)}`,
    team: `t${random(2)}`,
    environment: 'test',
    status: (['ok', 'error', 'rate_limited', 'timeout', 'cancelled', 'filtered'] as const)[random(6)] ?? 'ok',
    input_tokens: unknown ? null : random(5000),
    output_tokens: random(300),
    cached_input_tokens: id % 3 ? random(50) : null,
    cost_usd: unknown ? null : random(1_000_000) / 1e6,
    version: 1,
    ...change,
  }
}

async function store<Row>(table: Table<Row>, rows: readonly Row[]): Promise<void> {
  const writer = new RowBinaryWriter()
  for (const row of rows) table.encode(writer, row)
  const columns = table.columns.map(({ name }) => name)
  await storage.db.insertRowBinary(table.name, columns, writer.take(), `rollups-${tokens++}`)
}

async function expectEqual(specs: readonly RollupSpec[]): Promise<void> {
  for (const { table, stored, recount } of await compareRollups(storage.db, specs)) {
    expect({ [table]: stored }).toEqual({ [table]: recount })
  }
}

/** The database, with statements that go through `command`. */
const withCommand = (command: Db['command']) => Object.create(storage.db, { command: { value: command } }) as Db

const requests = rollupSpecs[0]
const rows = async (table: string) => {
  const [row] = await storage.db.query<{ n: number }>(`SELECT sum(requests) AS n FROM ${table}`)
  return row?.n
}

test('hand-counted: two models in one minute', async () => {
  const timestamp = start * 1000
  const common = { timestamp, environment: 'test', team: '', status: 'ok' } as const
  await store(tables.requests, [
    request(1, {
      ...common,
      model: 'a',
      duration_ms: 100,
      ttft_ms: 10,
      input_tokens: 5,
      output_tokens: 7,
      cost_usd: 0.1,
    }),
    request(2, { ...common, model: 'a', duration_ms: 300, ttft_ms: null, input_tokens: null, cost_usd: null }),
    request(3, { ...common, model: 'b', duration_ms: null, status: 'timeout', cost_usd: 0.000_000_000_001 }),
  ])
  const rollups = await rollupsOf(few)
  await rollups.flush()
  const read = (tier: string) =>
    storage.db
      .query(`SELECT toString(timestamp) AS at, model, requests, requests_ok, requests_timeout, priced, unpriced,
      input_tokens_unknown, toString(cost_usd) AS cost, duration_ms_sum, duration_ms_count, duration_ms_max, ttft_ms_sum
      FROM requests_${tier} ORDER BY model`)
  const a = { model: 'a', requests: 2, requests_ok: 2, requests_timeout: 0, priced: 1, unpriced: 1, cost: '0.1' }
  const b = {
    model: 'b',
    requests: 1,
    requests_ok: 0,
    requests_timeout: 1,
    priced: 1,
    unpriced: 0,
    cost: '0.000000000001',
  }
  for (const [tier, at] of [
    ['1m', '23:00:00'],
    ['1h', '23:00:00'],
    ['1d', '00:00:00'],
  ] as const) {
    expect(await read(tier)).toMatchObject([
      {
        ...a,
        at: `2026-11-16 ${at}`,
        duration_ms_sum: 400,
        duration_ms_count: 2,
        duration_ms_max: 300,
        ttft_ms_sum: 10,
      },
      { ...b, at: `2026-11-16 ${at}`, duration_ms_sum: 0, duration_ms_count: 0, duration_ms_max: null },
    ])
  }
})

test('late rows, corrected rows, rows stored twice: rollups equal a recount', async () => {
  const rollups = await rollupsOf(ofRequests)
  const first = Array.from({ length: 400 }, (_, id) => request(id))
  await store(tables.requests, first)
  await rollups.flush()
  await expectEqual(ofRequests)
  expect(await rows('requests_1h')).toBe(400)

  await store(tables.requests, first.slice(0, 50))
  const moved = first.slice(100, 200).map((row) => Object.assign(row, { model: 'corrected', cost_usd: 1, version: 2 }))
  // Two days of them, in every fourth hour.
  const late = Array.from({ length: 50 }, (_, id) =>
    request(1000 + id, { timestamp: (start - (id % 12) * 4 * 3600_000) * 1000 }),
  )
  await store(tables.requests, [...moved, ...late])
  await rollups.flush()
  await expectEqual(ofRequests)
  expect(await rows('requests_1d')).toBe(450)
})

test('the highest cost of a day is unknown where that of one of its hours was not kept', async () => {
  const rollups = await rollupsOf(few)
  const call = (id: number, hours: number, cost_usd: number | null) =>
    request(id, { timestamp: (start - hours * 3600_000) * 1000, model: 'a', team: '', environment: 'test', cost_usd })
  const highest = async (table: string) => {
    const order = 'SELECT cost_usd_max FROM {table:Identifier} WHERE requests > 0 ORDER BY timestamp'
    const rows = await storage.db.query<{ cost_usd_max: number | null }>(order, { table })
    return rows.map(({ cost_usd_max }) => cost_usd_max)
  }
  await store(tables.requests, [call(1, 3, 7), call(2, 2, null), call(3, 1, 2.5)])
  await rollups.flush()
  expect(await highest('requests_1h')).toEqual([7, null, 2.5])
  expect(await highest('requests_1d')).toEqual([7])
  // As an hour is that was computed before there was such a column.
  await storage.db.command('ALTER TABLE requests_1h UPDATE cost_usd_max = NULL WHERE cost_usd_max = 7')
  await store(tables.requests, [call(4, 1, 3)])
  await rollups.flush()
  expect(await highest('requests_1h')).toEqual([null, null, 3])
  expect(await highest('requests_1d')).toEqual([null])
})

test('a row that was taken back is counted nowhere', async () => {
  const rollups = await rollupsOf(few)
  const rows = Array.from({ length: 50 }, (_, id) => request(id))
  await store(tables.requests, rows)
  await rollups.flush()
  const back = rows.slice(0, 20).map((row) => Object.assign(row, { is_deleted: true, version: 2 }))
  await store(tables.requests, back)
  await rollups.flush()
  for (const table of ['requests', 'requests_1m', 'requests_1h', 'requests_1d']) {
    const count = table === 'requests' ? 'count()' : 'sum(requests)'
    expect(await storage.db.query(`SELECT ${count} AS requests FROM ${table}`)).toEqual([{ requests: 30 }])
  }
})

test('a key whose last row was corrected away has a row of zeros', async () => {
  const rollups = await rollupsOf(few)
  const row = request(1, { model: 'wrong', timestamp: start * 1000 })
  await store(tables.requests, [row])
  await rollups.flush()
  await store(tables.requests, [{ ...row, model: 'right', version: 2 }])
  await rollups.flush()
  await expectEqual(few)
  for (const tier of ['1m', '1h', '1d']) {
    const found = await storage.db.query(`SELECT model, requests, toFloat64(cost_usd) AS cost, duration_ms_max
      FROM requests_${tier} ORDER BY model`)
    expect(found).toMatchObject([
      { model: 'right', requests: 1 },
      { model: 'wrong', requests: 0, cost: 0, duration_ms_max: null },
    ])
  }
})

test('deleted rows are taken out of their range', async () => {
  await store(
    tables.requests,
    Array.from({ length: 200 }, (_, id) => request(id)),
  )
  const rollups = await rollupsOf(ofRequests)
  await rollups.flush()
  await storage.db.command("DELETE FROM requests WHERE model = 'm1'")
  await rollups.markDirty({ from: start, to: start + 3 * 3600_000 })
  await expectEqual(ofRequests)
  const [row] = await storage.db.query("SELECT sum(requests) AS n FROM requests_1h WHERE model = 'm1'")
  expect(row).toEqual({ n: 0 })
})

test('a pass that died half-way is repeated by the next process', async () => {
  await store(
    tables.requests,
    Array.from({ length: 200 }, (_, id) => request(id)),
  )
  let calls = 0
  const dying = withCommand((sql, params) =>
    ++calls > 4 ? Promise.reject(new Error('died')) : storage.db.command(sql, params),
  )
  for (let round = 0; round < 6; round++) {
    calls = round
    const broken = await rollupsOf(few, dying)
    await expect(broken.flush()).rejects.toThrow('died')
    await broken.stop()
  }
  const next = await rollupsOf(few)
  await next.flush()
  await expectEqual(few)
})

test('nothing is computed again when nothing came', async () => {
  let commands = 0
  const counting = withCommand((sql, params) => {
    commands++
    return storage.db.command(sql, params)
  })
  const rollups = await rollupsOf(rollupSpecs, counting)
  await store(tables.requests, [request(1)])
  await rollups.flush()
  expect(commands).toBeGreaterThan(0)
  commands = 0
  await rollups.flush()
  expect(commands).toBe(0)
  await store(tables.requests, [request(2, { timestamp: start * 1000 })])
  await rollups.flush()
  // Two statements for each of the twelve tables made from requests.
  expect(commands).toBe(24)
  await expectEqual(rollupSpecs)
})

test('an old import touches many minutes, hours and days, each in several chunks', async () => {
  const sparse = Array.from({ length: 600 }, (_, id) => request(id, { timestamp: (start - id * 240_000) * 1000 }))
  await store(tables.requests, sparse)
  const rollups = await rollupsOf(few)
  await rollups.flush()
  await expectEqual(few)
  expect(await rows('requests_1m')).toBe(600)
})

test('many buckets that are too much for one statement are computed a few at a time', async () => {
  const sparse = Array.from({ length: 600 }, (_, id) => request(id, { timestamp: (start - id * 240_000) * 1000 }))
  await store(tables.requests, sparse)
  // Every statement is quick.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  onTestFinished(() => clock.mockRestore())
  const narrow = withCommand((sql, params) => {
    const buckets = params?.buckets as number[] | undefined
    const tooMany = sql.includes('INTO requests_1m') && buckets !== undefined && buckets.length > tiers.minute.chunk
    return tooMany ? Promise.reject(new Error('memory limit exceeded')) : storage.db.command(sql, params)
  })
  const rollups = await rollupsOf(few, narrow)
  await rollups.flush()
  await expectEqual(few)
  expect(await rows('requests_1m')).toBe(600)
})

test('GPU and server samples', async () => {
  const gpu = Object.fromEntries(
    tables.gpu_samples.columns.map(({ name, type }) => [name, type.includes('Nullable') ? null : '']),
  ) as unknown as GpuSample
  const at = (offset: number) => (start + offset) * 1000
  await store(tables.gpu_samples, [
    {
      ...gpu,
      timestamp: at(0),
      gpu: '0',
      utilization_ratio: 0.5,
      memory_used_bytes: 10,
      throttle_reasons: ['sw_power_cap'],
    },
    { ...gpu, timestamp: at(1000), gpu: '0', utilization_ratio: 1, power_watts: 300, throttle_reasons: [] },
    {
      ...gpu,
      timestamp: at(3_700_000),
      gpu: '1',
      utilization_ratio: null,
      energy_delta_joules: 5,
      throttle_reasons: ['gpu_idle'],
    },
  ])
  const server = { server: 'vllm', instance: 'a:1', model: 'm' }
  const histogram = { ttft_ms_bounds: [1, 2], ttft_ms_counts: [3, 0, 1], ttft_ms_sum: 7 }
  const upgraded = { ttft_ms_bounds: [1, 2.5], ttft_ms_counts: [0, 5, 0], ttft_ms_sum: 10 }
  await storage.db.insert('server_samples', [
    { ...server, ...histogram, timestamp: at(0), running: 1, output_tokens: 10 },
    { ...server, ...histogram, timestamp: at(10_000), running: 3, interval_ms: 10_000, finished: { stop: 2 } },
    { ...server, timestamp: at(20_000), running: null, restarted: true },
    { ...server, ...upgraded, timestamp: at(130_000), interval_ms: 110_000, output_tokens: 4, finished: { length: 1 } },
  ])
  const rollups = await rollupsOf(rollupSpecs)
  await rollups.flush()
  await expectEqual(rollupSpecs)
  const rolledUp = (tier: string) =>
    storage.db.query(`SELECT samples, running_sum, running_count, running_max, output_tokens, output_tokens_interval_ms,
      input_tokens_interval_ms, finished, restarts, interval_ms, ttft_ms_buckets, ttft_ms_sum,
      finalizeAggregation(covered_minutes) AS minutes FROM server_${tier} ORDER BY timestamp`)
  const hour = {
    samples: 4,
    running_sum: 4,
    running_count: 2,
    running_max: 3,
    output_tokens: 14,
    output_tokens_interval_ms: 110_000,
    input_tokens_interval_ms: 0,
    finished: { length: 1, stop: 2 },
    restarts: 1,
    interval_ms: 120_000,
    ttft_ms_buckets: { '[1,2]': [6, 0, 2], '[1,2.5]': [0, 5, 0] },
    ttft_ms_sum: 24,
    minutes: 3,
  }
  expect(await rolledUp('1h')).toEqual([hour])
  expect(await rolledUp('1d')).toEqual([hour])
  expect(await rolledUp('1m')).toMatchObject([
    { output_tokens: 10, output_tokens_interval_ms: 0, ttft_ms_buckets: { '[1,2]': [6, 0, 2] }, minutes: 1 },
    { output_tokens: 4, ttft_ms_buckets: { '[1,2.5]': [0, 5, 0] }, minutes: 3 },
  ])
  expect(
    await storage.db.query('SELECT gpu, utilization_ratio_min, utilization_ratio_max, throttled_samples FROM gpu_1h'),
  ).toEqual([
    { gpu: '0', utilization_ratio_min: 0.5, utilization_ratio_max: 1, throttled_samples: 1 },
    { gpu: '1', utilization_ratio_min: null, utilization_ratio_max: null, throttled_samples: 0 },
  ])
})

test('the database has what the specs say', async () => {
  expect(requests?.dimensions).toHaveLength(9)
  for (const spec of rollupSpecs) {
    for (const tier of tiersOf(spec)) {
      const found = await storage.db.query<{ name: string; type: string; comment: string }>(
        `SELECT name, type, comment FROM system.columns WHERE database = currentDatabase() AND table = {table:String}
        AND name NOT IN ('timestamp', 'version', 'inserted_at') AND name NOT LIKE '%_levels' ORDER BY position`,
        { table: tableOf(spec, tier) },
      )
      expect(found.slice(0, spec.dimensions.length).map(({ name }) => name)).toEqual(spec.dimensions)
      const measures = measuresOf(spec, tier).map(({ name, type, comment }) => ({ name, type, comment }))
      expect(found.slice(spec.dimensions.length)).toEqual(measures)
    }
  }
})

test.each([
  // watermark, now, elapsed since the last pass → where this one begins
  ['nothing yet', 0, 1_000_000, 0, 0],
  ['a minute behind the clock', 940_000, 1_010_000, 10_000, 940_000],
  ['after a long rest', 400_000, 1_000_000, 540_000, 400_000],
  ['the clock was set forward', 940_000, 9_000_000, 10_000, 940_000],
  ['set back by less than rows may be late', 940_000, 985_000, 10_000.5, 940_000],
  ['set back by more', 940_000, 945_000, 10_000.5, 874_999],
  ['set back by much', 9_000_000, 1_000_000, 10_000, 930_000],
  ['set back beyond 1970', 9_000_000, 1000, 10_000, 0],
])('a pass begins where rows can be: %s', (_, watermark, now, elapsed, from) => {
  expect(passFrom(watermark, now, elapsed)).toBe(from)
})

test('rows stored after the clock was set back are found', async () => {
  // As a pass left it whose clock was a day ahead.
  const watermark_ms = Date.now() + 86_400_000
  const version = Date.now() * 1000 + 60e6
  const names = rollupSpecs.flatMap((spec) => tiersOf(spec).map((tier) => tableOf(spec, tier)))
  await storage.db.insert(
    'rollup_state',
    names.map((name) => ({ name, watermark_ms, version })),
  )
  const rollups = await rollupsOf(few)
  for (let round = 0; round < 2; round++) {
    await store(tables.requests, [request(round * 2 + 1), request(round * 2 + 2)])
    await rollups.flush()
    expect(await rows('requests_1m')).toBe(round * 2 + 2)
    await expectEqual(few)
  }
})
