/** A process with the collector and its embedded engine, as in the product; told what to do over IPC. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import {
  attributionConfig,
  endpointConfig,
  ingestConfig,
  pricesConfig,
  proxyConfig,
  scrapeConfig,
  spoolConfig,
  type ContentMode,
} from '../../collector/config.ts'
import { startCollector } from '../../collector/index.ts'
import { startStorage } from '../../storage/index.ts'
import { testStorageOptions } from '../../storage/testing.ts'
import { childrenOf, cpuSeconds } from './processes.ts'

export type Ask = { type: 'drained' } | { type: 'counts' } | { type: 'stop' }

/** The first message. */
export interface Started {
  otlp_http: string
  otlp_grpc: string
  clickhouse: string
  password: string
}

export interface Counts {
  spans: number
  requests: number
  /** CPU seconds since start. */
  collector_cpu_s: number
  engine_cpu_s: number
  rss_mb: number
}

const [, , dataDir = '', content = 'redacted'] = process.argv
const log = pino({ level: 'warn' }, pino.destination(2))
const storage = await startStorage({ ...testStorageOptions(dataDir), log })
const collector = await startCollector({
  config: {
    ingest: ingestConfig.parse({}),
    content: content as ContentMode,
    spool: spoolConfig.parse({}),
    scrape: scrapeConfig.parse({}),
    prices: pricesConfig.parse({}),
    attribution: attributionConfig.parse({}),
    proxy: proxyConfig.parse({}),
    endpoints: [endpointConfig.parse({ name: 'llama-70b', upstream: 'http://vllm-1:8000' })],
  },
  dataDir,
  db: storage.db,
  listen: '127.0.0.1:0',
  listenGrpc: '127.0.0.1:0',
  log,
})
const password = readFileSync(join(dataDir, 'keys', 'writer'), 'utf8').trim()

process.on('message', (ask: Ask) => void answer(ask))
process.send?.({
  otlp_http: collector.otlpAddress,
  otlp_grpc: collector.otlpGrpcAddress,
  clickhouse: storage.url,
  password,
} satisfies Started)

async function answer({ type }: Ask): Promise<void> {
  if (type === 'drained') await collector.drained()
  if (type === 'stop') {
    await collector.stop()
    await storage.stop()
    process.disconnect()
    return
  }
  process.send?.(type === 'counts' ? await counts() : {})
}

async function counts(): Promise<Counts> {
  const [row] = await storage.db.query<{ spans: number; requests: number }>(
    'select (select count() from spans) as spans, (select count() from requests) as requests',
    {},
    { settings: { final: 0 } },
  )
  const { user, system } = process.cpuUsage()
  return {
    spans: row?.spans ?? 0,
    requests: row?.requests ?? 0,
    collector_cpu_s: (user + system) / 1e6,
    engine_cpu_s: childrenOf(process.pid).reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    rss_mb: process.memoryUsage.rss() / 2 ** 20,
  }
}
