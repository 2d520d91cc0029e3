/** GPUs over time beside a plain recount of their samples. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GpuSample } from '../../records/gpu-sample.ts'
import { gpuSamples } from '../../test/dashboard/seed-fleet.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { rangeBefore } from './previous.ts'
import { fleetMeasures, gpuFleet, gpuHistory, idleBelow } from './gpu-fleet.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const noon = Date.UTC(2026, 10, 21, 12)

/** The fourth GPU does nothing in its last hour, throttles, and reports an XID once; the third has a second exporter. */
function samples(): GpuSample[] {
  const rows = [...gpuSamples(noon, 150), ...gpuSamples(noon - 3 * day, 30)]
  const twice = rows
    .filter(({ uuid }) => uuid === 'GPU-2')
    .map((row) => Object.assign({}, row, { host: 'other-name', target: 'http://other' }))
  return [...rows, ...twice].map((row) => {
    if (row.uuid !== 'GPU-3') return row
    const idle = row.timestamp / 1000 > noon - hour
    return Object.assign(row, {
      utilization_ratio: idle ? 0.01 : row.utilization_ratio,
      throttle_reasons: idle ? ['hw_thermal_slowdown'] : [],
      xid: row.timestamp / 1000 === noon - 30 * minute ? 79 : null,
    })
  })
}

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => {
  storage = await testStorage()
  await store(storage.db, 'gpu_samples', samples())
  const link = { server: 'vllm', version: 1, endpoint_source: 'config', host: 'gpu-node-2', mig_ids: ['', ''] }
  await storage.db.insert('topology', [
    {
      ...link,
      endpoint: 'new',
      instance: 'b:1',
      model: 'm',
      gpu_uuids: ['GPU-2', 'GPU-3'],
      gpu_hour_usd: 2.5,
      valid_from: (noon - 2 * hour) * 1000,
    },
    {
      ...link,
      endpoint: 'old',
      instance: 'a:1',
      model: 'm',
      gpu_uuids: ['GPU-2', 'GPU-3'],
      gpu_hour_usd: 9,
      valid_from: (noon - 9 * hour) * 1000,
      valid_to: (noon - 2 * hour) * 1000,
    },
    {
      ...link,
      endpoint: 'maybe',
      instance: 'c:1',
      model: 'm',
      gpu_uuids: ['GPU-0', 'GPU-1'],
      gpu_hour_usd: 7,
      ambiguous: true,
      valid_from: (noon - 9 * hour) * 1000,
    },
  ])
  await storage.rollups.flush()
})
afterAll(() => storage.stop())

const raw: Record<(typeof fleetMeasures)[number], string> = {
  utilization_ratio: 'avg(g.utilization_ratio)',
  sm_active_ratio: 'avg(g.sm_active_ratio)',
  tensor_active_ratio: 'avg(g.tensor_active_ratio)',
  memory_ratio: 'avg(g.memory_used_bytes) / max(g.memory_total_bytes)',
  power_watts: 'avg(g.power_watts)',
  temperature_celsius: 'max(g.temperature_celsius)',
  throttled_ratio: `countIf(has(g.throttle_reasons, 'sw_power_cap') or has(g.throttle_reasons, 'hw_thermal_slowdown')) / count()`,
}

const range = { from: noon - 2 * hour, to: noon }

describe('the fleet', () => {
  test.each(fleetMeasures)(
    '%s of each GPU and bucket is that of its samples; one that two exporters show is there once',
    async (of) => {
      const fleet = await gpuFleet(storage.reader, range, of)
      expect(fleet.gpus.map(({ uuid }) => uuid)).toEqual(['GPU-0', 'GPU-1', 'GPU-3', 'GPU-2'])
      const rows = await storage.db.query<{ uuid: string; at: number; value: number | null }>(
        `select g.uuid as uuid, intDiv(toUnixTimestamp64Milli(g.timestamp), {step:Int64}) * {step:Int64} as at, ${raw[of]} as value
      from gpu_samples as g where g.timestamp >= fromUnixTimestamp64Milli({from:Int64}) and g.timestamp < fromUnixTimestamp64Milli({to:Int64}) group by uuid, at`,
        { step: fleet.step_ms, ...range },
      )
      expect(rows.length).toBeGreaterThan(100)
      for (const { uuid, at, value } of rows) {
        const shown = fleet.gpus.find((gpu) => gpu.uuid === uuid)?.values[fleet.times.indexOf(at)]
        expect(shown === null).toBe(value === null)
        expect(shown ?? 0).toBeCloseTo(value ?? 0, 9)
      }
    },
  )

  test('idle minutes and prices', async () => {
    const { gpus } = await gpuFleet(storage.reader, range, 'utilization_ratio')
    const [counted] = await storage.db.query<{ minutes: number; idle: number }>(
      `select count() as minutes, countIf(busy < ${idleBelow}) as idle from (
        select avg(g.utilization_ratio) as busy from gpu_samples as g where g.uuid = 'GPU-3'
        and g.timestamp >= fromUnixTimestamp64Milli({from:Int64}) and g.timestamp < fromUnixTimestamp64Milli({to:Int64}) group by toStartOfMinute(g.timestamp))`,
      range,
    )
    const byId = new Map(gpus.map((gpu) => [gpu.uuid, gpu]))
    expect(counted?.idle).toBe(50)
    expect(byId.get('GPU-3')).toMatchObject({
      sampled_minutes: counted?.minutes,
      idle_minutes: counted?.idle,
      gpu_hour_usd: 2.5,
    })
    expect(byId.get('GPU-2')).toMatchObject({ sampled_minutes: 120, idle_minutes: 0, gpu_hour_usd: 2.5 })
    // What is only perhaps on it says nothing of its price.
    expect(byId.get('GPU-0')).toMatchObject({ gpu_hour_usd: null })
  })

  test('days come from hours', async () => {
    const days = { from: noon - 4 * day, to: noon }
    const { source, gpus, times } = await gpuFleet(storage.reader, days, 'power_watts')
    expect(source).toBe('gpu_1h')
    expect(gpus).toHaveLength(4)
    expect(times.length).toBeLessThanOrEqual(97)
  })

  test('nothing in the range', async () => {
    expect((await gpuFleet(storage.reader, { from: 0, to: hour }, 'power_watts')).gpus).toEqual([])
  })
})

describe('one GPU', () => {
  test('its course, what ran on it, and its XID', async () => {
    const place = { host: 'gpu-node-2', gpu: '1', mig_id: '' }
    const history = await gpuHistory(storage.reader, place, { from: noon - 4 * hour, to: noon })
    expect(history.gpu).toMatchObject({ uuid: 'GPU-3', device: 'NVIDIA H100 80GB HBM3' })
    expect(history.xids).toEqual([{ xid: 79, first_ms: noon - 30 * minute, last_ms: noon - 30 * minute, samples: 1 }])
    expect(history.uses.map(({ endpoint, to_ms, gpu_hour_usd }) => ({ endpoint, to_ms, gpu_hour_usd }))).toEqual([
      { endpoint: 'new', to_ms: null, gpu_hour_usd: 2.5 },
      { endpoint: 'old', to_ms: noon - 2 * hour, gpu_hour_usd: 9 },
    ])
    expect(history.idle_minutes).toBe(50)
    const [watts] = await storage.db.query<{ watts: number }>(
      `select avg(g.power_watts) as watts from gpu_samples as g where g.uuid = 'GPU-3'
      and intDiv(toUnixTimestamp64Milli(g.timestamp), {step:Int64}) * {step:Int64} = {at:Int64}`,
      { step: history.step_ms, at: history.times.at(-2) },
    )
    expect(history.power_watts.at(-2)).toBeCloseTo(watts?.watts ?? NaN, 9)
    expect(history.sm_active_ratio.every((value) => value === null)).toBe(true)
  })

  test('the period before a range, from the same table', async () => {
    const place = { host: 'gpu-node-2', gpu: '1', mig_id: '' }
    const history = await gpuHistory(storage.reader, place, { from: noon - hour, to: noon })
    const before = await gpuHistory(storage.reader, place, rangeBefore(history), { from: noon - hour, to: noon })
    expect([before.source, before.times.length]).toEqual([history.source, history.times.length])
    const [counted] = await storage.db.query<{ minutes: number; idle: number }>(
      `select count() as minutes, countIf(busy < ${idleBelow}) as idle from (
        select avg(g.utilization_ratio) as busy from gpu_samples as g where g.uuid = 'GPU-3'
        and g.timestamp >= fromUnixTimestamp64Milli({from:Int64}) and g.timestamp < fromUnixTimestamp64Milli({to:Int64}) group by toStartOfMinute(g.timestamp))`,
      { from: noon - 2 * hour, to: noon - hour },
    )
    expect(before).toMatchObject({ sampled_minutes: counted?.minutes, idle_minutes: counted?.idle })
    expect(counted?.minutes).toBeGreaterThan(30)
  })

  test('one that nobody knows', async () => {
    const history = await gpuHistory(storage.reader, { host: 'x', gpu: '0', mig_id: '' }, range)
    expect(history).toMatchObject({ gpu: null, uses: [], xids: [], sampled_minutes: 0, idle_minutes: null })
  })
})
