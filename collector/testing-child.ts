/** Test helper: a collector in a process of its own, to be killed. Arguments: data directory, ClickHouse URL, password. */
import { pino } from 'pino'
import { ClickhouseDb } from '../storage/client.ts'
import { attributionConfig, ingestConfig, pricesConfig, proxyConfig, scrapeConfig, spoolConfig } from './config.ts'
import { startCollector } from './index.ts'

const [, , dataDir = '', url = '', password = ''] = process.argv
const collector = await startCollector({
  config: {
    ingest: ingestConfig.parse({}),
    content: 'full',
    // Small and short segments: kills then hit every stage of their lives.
    spool: spoolConfig.parse({ segment_ms: 40, segment_bytes: 200_000 }),
    scrape: scrapeConfig.parse({}),
    prices: pricesConfig.parse({}),
    attribution: attributionConfig.parse({}),
    proxy: proxyConfig.parse({}),
    endpoints: [],
  },
  dataDir,
  db: new ClickhouseDb({ url, database: 'inferwatch', username: 'writer', password }),
  listen: '127.0.0.1:0',
  log: pino({ level: 'silent' }),
})
process.on('message', () => void collector.drained().then(() => process.send?.('drained')))
process.send?.(collector.otlpAddress)
