/** The collector in a process of its own, whose memory is watched from outside: what the spool takes, a database swallows. */
import { pino } from 'pino'
import {
  attributionConfig,
  ingestConfig,
  pricesConfig,
  proxyConfig,
  scrapeConfig,
  spoolConfig,
} from '../../collector/config.ts'
import { startCollector } from '../../collector/index.ts'
import type { Db } from '../../storage/client.ts'

export interface Addresses {
  http: string
  grpc: string
}

const [, , dataDir = ''] = process.argv
const db: Db = {
  query: () => Promise.resolve([]),
  command: () => Promise.resolve(),
  insert: () => Promise.resolve(),
  insertRowBinary: () => Promise.resolve(),
}
const collector = await startCollector({
  config: {
    ingest: ingestConfig.parse({}),
    content: 'redacted',
    spool: spoolConfig.parse({}),
    scrape: scrapeConfig.parse({}),
    prices: pricesConfig.parse({}),
    attribution: attributionConfig.parse({}),
    proxy: proxyConfig.parse({}),
    endpoints: [],
  },
  dataDir,
  db,
  listen: '127.0.0.1:0',
  listenGrpc: '127.0.0.1:0',
  log: pino({ level: 'error' }, pino.destination(2)),
})
process.on('message', () => {
  process.send?.(collector.stats().issues)
})
process.send?.({ http: collector.otlpAddress, grpc: collector.otlpGrpcAddress } satisfies Addresses)
