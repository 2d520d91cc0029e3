import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { testStorage } from '../storage/testing.ts'
import type { Storage } from '../storage/index.ts'
import { dashboards, dashboardsDir, render } from './build.ts'
import { expandMacros } from './macros.ts'
import { overview } from './overview.ts'
import { dashboardJson } from './panels.ts'

const from = Date.UTC(2026, 0, 5, 12) / 1000
const to = from + 3600
const at = (minute: number) => (from + minute * 60) * 1e6

let storage: Storage

beforeAll(async () => {
  storage = await testStorage()
  const request = (minute: number, id: number, rest: object) => ({
    timestamp: at(minute),
    trace_id: String(id),
    span_id: String(id),
    model: 'gpt-4o',
    provider: 'openai',
    environment: 'production',
    status: 'ok',
    version: 1,
    ...rest,
  })
  await storage.db.insert('requests', [
    request(1, 1, { duration_ms: 1000, ttft_ms: 100, input_tokens: 10, output_tokens: 60, cost_usd: 0.25 }),
    request(2, 2, { duration_ms: 3000, ttft_ms: 300, input_tokens: 10, output_tokens: 60, cost_usd: 0.5 }),
    // The correction of the second: only it counts.
    request(2, 2, { duration_ms: 2000, ttft_ms: 300, input_tokens: 10, output_tokens: 60, cost_usd: 0.5, version: 2 }),
    request(3, 3, { duration_ms: 50, status: 'error' }),
    request(4, 4, { duration_ms: 70, model: "o'brien", environment: 'staging', status: 'cancelled' }),
  ])
  const gpu = {
    timestamp: at(1),
    host: 'node-a',
    gpu: '0',
    utilization_ratio: 0.5,
    power_watts: 300,
    temperature_celsius: 60,
  }
  await storage.db.insert('gpu_samples', [
    { ...gpu, memory_used_bytes: 1000 },
    { ...gpu, mig_id: '1', utilization_ratio: 0.1, memory_used_bytes: 7 },
  ])
  const server = { timestamp: at(1), server: 'vllm', instance: 'a:8000', model: 'gpt-4o', running: 3, waiting: 1 }
  await storage.db.insert('server_samples', [{ ...server, kv_cache_ratio: 0.75 }])
  await storage.db.insert('targets', [
    { timestamp: at(1), url: 'http://a', kind: 'vllm', state: 'up' },
    { timestamp: at(2), url: 'http://a', kind: 'vllm', state: 'down', error: 'gone' },
  ])
})

afterAll(() => storage?.stop())

const panels = overview.rows.flatMap((row) => row.panels)
const panel = (title: string) => panels.find((candidate) => candidate.title === title)

/** As the reader, with the profile's `final = 1`: what Grafana's user of docker-compose.yml may do. */
function run(sql: string, variables: Record<string, string[]> = { model: [], environment: [] }) {
  return storage.reader.query<Record<string, unknown>>(expandMacros(sql, { from, to, intervalSeconds: 60, variables }))
}

test('checked-in dashboards are what the script writes', async () => {
  expect(readdirSync(dashboardsDir).sort()).toEqual(Object.keys(dashboards).sort())
  for (const [file, spec] of Object.entries(dashboards))
    expect(readFileSync(join(dashboardsDir, file), 'utf8')).toBe(await render(file, spec))
})

describe('every panel asks something that ClickHouse answers', () => {
  test.each(panels.map(({ title, sql }) => [title, sql] as const))('%s', async (_, sql) => {
    expect((await run(sql)).length).toBeGreaterThan(0)
    const some = await run(sql, { model: ['gpt-4o', "o'brien"], environment: ['production'] })
    expect(some.length).toBeGreaterThan(0)
  })

  const overTime = panels.filter(({ type }) => type === 'timeseries')
  test.each(overTime.map(({ title, sql }) => [title, sql] as const))('%s is a time series', async (_, sql) => {
    expect(sql).toMatch(/ORDER BY time$/)
    const [first = {}] = await run(sql)
    const { time, ...rest } = first
    expect(time).toMatch(/^2026-01-05 12:0\d:00$/)
    expect(Object.values(rest).some((value) => typeof value === 'number')).toBe(true)
  })

  test.each(overview.variables.map(({ name, sql }) => [name, sql]))('variable %s', async (name, sql) => {
    const rows = await run(sql ?? '')
    expect(rows.map((row) => row[name ?? ''])).toEqual(
      name === 'model' ? ['gpt-4o', "o'brien"] : ['production', 'staging'],
    )
  })
})

describe('by hand', () => {
  const value = async (title: string, model: string[] = []) => run(panel(title)?.sql ?? '', { model, environment: [] })

  test('totals', async () => {
    expect(await value('Requests')).toEqual([{ requests: 4 }])
    expect(await value('Error ratio')).toEqual([{ error_ratio: 0.25 }])
    expect(await value('Spend')).toEqual([{ cost_usd: 0.75 }])
    expect(await value('Requests without a price')).toEqual([{ unpriced: 2 }])
    expect(await value('P50 latency', ["o'brien"])).toEqual([{ p50_ms: 70 }])
  })

  test('without requests, numbers are unknown rather than NaN', async () => {
    // As text, since the client of these tests makes null of NaN; Grafana's shows it.
    const asText = (sql: string) =>
      run(`SELECT * APPLY toString FROM (\n${sql}\n)`, { model: ['none'], environment: [] })
    for (const title of ['Error ratio', 'P50 latency', 'P95 latency', 'Spend'])
      expect(Object.values((await asText(panel(title)?.sql ?? ''))[0] ?? {}), title).toEqual([null])
  })

  test('over time', async () => {
    const minute = (rows: Record<string, unknown>[], index: number) => rows[index]
    expect(minute(await value('Output tokens per second'), 0)).toEqual({
      time: '2026-01-05 12:01:00',
      model: 'gpt-4o',
      tokens: 1,
    })
    expect(minute(await value('Spend per hour'), 1)).toMatchObject({ usd_per_hour: 30 })
    expect(minute(await value('Latency'), 1)).toMatchObject({ p50: 2000, p95: 2000 })
  })

  test('GPUs are whole ones, targets their newest state', async () => {
    expect(await value('GPU memory')).toEqual([{ time: '2026-01-05 12:01:00', device: 'node-a gpu 0', used: 1000 }])
    expect(await value('Scrape targets')).toMatchObject([{ url: 'http://a', state: 'down', error: 'gone' }])
  })
})

describe('the dashboard as Grafana wants it', () => {
  interface Shown {
    id: number
    type: string
    title: string
    description?: string
    gridPos: { x: number; y: number; w: number; h: number }
    targets?: { refId: string; datasource: { uid: string } }[]
    fieldConfig?: { defaults: { unit: string } }
  }
  const { panels: shown } = dashboardJson(overview) as { panels: Shown[] }

  test('ids are unique, titles too, every panel has its source, unit and description', () => {
    expect(new Set(shown.map(({ id }) => id)).size).toBe(shown.length)
    const withData = shown.filter(({ type }) => type !== 'row')
    for (const { targets, description, fieldConfig } of withData) {
      expect(targets).toMatchObject([{ refId: 'A', datasource: { uid: '${datasource}' } }])
      expect(description).toBeTruthy()
      expect(fieldConfig?.defaults.unit).toBeTruthy()
    }
  })

  test('panels fit 24 columns and do not overlap', () => {
    const taken = new Set<string>()
    for (const { gridPos } of shown) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`)).toBe(false)
          taken.add(`${x},${y}`)
        }
    }
  })
})

test('an unknown macro is an error', () => {
  const context = { from, to, intervalSeconds: 60, variables: {} }
  expect(() => expandMacros('SELECT $__nonsense', context)).toThrow('$__nonsense')
  expect(() => expandMacros('SELECT ${model:singlequote}', context)).toThrow('$model')
})

test('provisioning files name the same things as docker-compose.yml', () => {
  const read = (file: string) => parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as unknown
  const compose = read('../docker-compose.yml') as { services: { grafana: { volumes: string[] } } }
  const provider = read('provisioning/dashboards/inferwatch.yaml') as { providers: { options: { path: string } }[] }
  expect(compose.services.grafana.volumes).toContain(`./grafana/dashboards:${provider.providers[0]?.options.path}:ro`)
  const sources = read('provisioning/datasources/inferwatch.yaml') as {
    datasources: { type: string; jsonData?: { username: string; port: number; host: string } }[]
  }
  const [clickhouse] = sources.datasources
  expect(clickhouse).toMatchObject({
    type: 'grafana-clickhouse-datasource',
    jsonData: { host: 'clickhouse', port: 8123 },
  })
  const users = readFileSync(join(import.meta.dirname, 'clickhouse-users.xml'), 'utf8')
  expect(users).toContain(`<${clickhouse?.jsonData?.username}>`)
})
