import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest } from '../../records/llm-request.ts'
import { RowBinaryWriter } from '../../storage/rowbinary.ts'
import { tables } from '../../storage/tables.ts'
import { testStorage } from '../../storage/testing.ts'
import { attributionConfig, ingestConfig, pricesConfig, proxyConfig, scrapeConfig, spoolConfig } from '../config.ts'
import { startCollector, type Collector } from '../index.ts'
import { clearDemo } from './clear.ts'
import { startDemo, type Demo } from './index.ts'

const log = pino({ level: 'silent' })
const prices = pricesConfig.parse({})
const scrape = scrapeConfig.parse({ interval: '500ms' })

let storage: Awaited<ReturnType<typeof testStorage>>
let collector: Collector
let demo: Demo
let dataDir = ''

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-demo-test-'))
  storage = await testStorage()
  const config = {
    ingest: ingestConfig.parse({}),
    content: 'full' as const,
    attribution: attributionConfig.parse({}),
    spool: spoolConfig.parse({ segment_ms: 100 }),
    scrape,
    prices,
    proxy: proxyConfig.parse({}),
    endpoints: [],
  }
  const { db } = storage
  collector = await startCollector({ config, dataDir, db, listen: '127.0.0.1:0', log })
  const { spool, otlpAddress } = collector
  const otlpUrl = `http://${otlpAddress}`
  demo = startDemo({ db, spool, otlpUrl, prices, scrape, log, backfillHours: 2, pace: 3 })
})
afterAll(async () => {
  await demo?.stop()
  await collector?.stop()
  await storage?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const filled = ['requests', 'spans', 'gpu_samples', 'server_samples', 'targets', 'metric_samples'] as const

async function rowsOf(table: string, where = '1'): Promise<number> {
  const [row] = await storage.db.query<{ rows: number }>(
    `SELECT toUInt32(count()) AS rows FROM ${table} WHERE ${where}`,
  )
  return row?.rows ?? 0
}

/** A request that has nothing to do with the demo. */
async function storeRealRows(): Promise<void> {
  const { requests } = tables
  const writer = new RowBinaryWriter()
  const timestamp = Date.now() * 1000
  for (const span_id of ['a'.repeat(16), 'b'.repeat(16)])
    requests.encode(writer, {
      ...emptyRequest(),
      timestamp,
      span_id,
      model: 'gpt-4o',
      environment: 'production',
      version: 1,
    })
  await storage.db.insertRowBinary(
    'requests',
    requests.columns.map(({ name }) => name),
    writer.take(),
    'real',
  )
  const target = { timestamp, duration_ms: 1, series: 1, samples: 1, error: '', state: 'up', endpoint: 'llama' }
  await storage.db.insert('targets', [{ ...target, url: 'http://127.0.0.1:9400/metrics', kind: 'dcgm' }])
  const alert = { timestamp, rule: 'HighP95Latency', group: 'inferwatch', state: 'firing', previous_state: 'pending' }
  const event = { ...alert, annotations: new Map(), value: 1 }
  await storage.db.insert('alert_events', [
    { ...event, fingerprint: '1'.repeat(16), labels: new Map([['model', 'gpt-4o']]) },
    // Only the demo asks this model.
    { ...event, fingerprint: '2'.repeat(16), labels: new Map([['model', 'gpt-4o-mini']]) },
  ])
  const sent = {
    timestamp,
    receiver: 'on-call',
    channel: 'slack',
    type: 'slack',
    status: 'firing',
    attempt: 1,
    ok: true,
  }
  await storage.db.insert('notifications', [
    { ...sent, id: 'real', alerts: ['1'.repeat(16), '2'.repeat(16)] },
    { ...sent, id: 'demo', alerts: ['2'.repeat(16)] },
    { ...sent, id: 'test', alerts: [] },
  ])
}

test('the fleet runs, is traced and scraped like a real one, has a past, and leaves nothing behind', async () => {
  expect(demo.state()).toBe('off')
  await Promise.all([demo.start(), storeRealRows()])
  expect(demo.state()).toBe('running')
  expect(demo.targets().map(({ kind }) => kind)).toEqual(['vllm', 'dcgm'])
  await demo.start()

  // Two hours at three to five requests a second.
  expect(await demo.backfilled()).toBeGreaterThan(10_000)
  for (const table of filled)
    await expect.poll(() => rowsOf(table), { timeout: 20_000, interval: 250 }).toBeGreaterThan(0)
  // What the clients sent just now, over OTLP, of every provider.
  const live = `environment = 'demo' AND timestamp > now() - 30`
  await expect
    .poll(() => rowsOf(`(SELECT DISTINCT endpoint FROM requests WHERE ${live})`), { timeout: 20_000, interval: 250 })
    .toBe(3)
  // Two scrapes make an increase.
  await expect
    .poll(() => rowsOf('server_samples', 'timestamp > now() - 30 AND output_tokens > 0'), {
      timeout: 20_000,
      interval: 250,
    })
    .toBeGreaterThan(0)
  expect(await rowsOf(`(SELECT DISTINCT uuid FROM gpu_samples WHERE host = 'demo-gpu-1')`)).toBe(4)

  await demo.stop()
  expect(demo.state()).toBe('off')
  expect(demo.targets()).toEqual([])
  // The last spans of a fleet that ended may still be on their way through the collector.
  const left = async () => {
    await collector.settle()
    await clearDemo(storage.db)
    return rowsOf('requests')
  }
  await expect.poll(left).toBe(2)
  expect(await rowsOf('requests', `environment = 'production'`)).toBe(2)
  expect(await rowsOf('targets')).toBe(1)
  for (const table of ['spans', 'gpu_samples', 'server_samples', 'metric_samples'])
    expect([table, await rowsOf(table)]).toEqual([table, 0])
  const alerts = await storage.db.query<{ model: string }>(`SELECT labels['model'] AS model FROM alert_events`)
  expect(alerts).toEqual([{ model: 'gpt-4o' }])
  const sent = await storage.db.query<{ id: string }>('SELECT id FROM notifications ORDER BY id')
  expect(sent).toEqual([{ id: 'real' }, { id: 'test' }])
})

test('the past is filled in once, however often the demo starts', async () => {
  const twice = async () => {
    await demo.start()
    const rows = await demo.backfilled()
    await demo.stop()
    await collector.drained()
    return rows
  }
  const first = await twice()
  expect(first).toBeGreaterThan(10_000)
  // At most a minute has passed.
  expect(await twice()).toBeLessThan(first / 20)
})

test('stop before start, and twice, is safe', async () => {
  await demo.stop()
  await demo.stop()
  expect(demo.state()).toBe('off')
})

test('the fleet ends with its parent, however that dies', async () => {
  const fleet = new URL('fleet.ts', import.meta.url).href
  const options = JSON.stringify({
    otlp_url: `http://${collector.otlpAddress}`,
    faults: { first_after_ms: 1, every_ms: 1000, lasts_ms: 900 },
    pace: 1,
  })
  const parent = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { fork } from 'node:child_process'
       const child = fork(new URL(process.argv[1]), [process.argv[2]], { stdio: 'ignore', execArgv: [] })
       child.once('message', () => process.stdout.write(String(child.pid)))`,
      fleet,
      options,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer]
  expect(isAlive(Number(pid))).toBe(true)
  parent.kill('SIGKILL')
  await expect.poll(() => isAlive(Number(pid)), { timeout: 10_000 }).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
