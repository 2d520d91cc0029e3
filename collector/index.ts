/** The collector: what comes in is decoded, priced, redacted and made durable here; storage gets it from the spool. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { LlmRequest } from '../records/llm-request.ts'
import type { Target } from '../records/server-sample.ts'
import type { Db } from '../storage/client.ts'
import type {
  ContentConfig,
  EndpointConfig,
  IngestConfig,
  PricesConfig,
  ProxyConfig,
  ScrapeConfig,
  SpoolConfig,
} from './config.ts'
import { createAttribution } from './attribution.ts'
import { IssueLog, startIssueFlusher } from './issues.ts'
import { Merger } from './merge/index.ts'
import { startSettler } from './merge/settle.ts'
import { startBodyReader } from './otlp/body.ts'
import { unstoredLogs, unstoredMetrics } from './otlp/count-items.ts'
import { requestOf } from './otlp/dialects/index.ts'
import { startOtlpGrpc } from './otlp/grpc.ts'
import { startOtlpHttp } from './otlp/http.ts'
import type { Receiver } from './otlp/receiver.ts'
import { traces } from './otlp/traces.ts'
import { createPipeline } from './pipeline.ts'
import { createProxy, unobserved, type Proxy } from './proxy/index.ts'
import { createPricer } from './pricing.ts'
import { createRedactor } from './redact.ts'
import { createVersions } from './versions.ts'
import { systemClock, type Clock } from './scrape/clock.ts'
import { startScraper } from './scrape/index.ts'
import { startSpool, type Spool, type SpoolStats } from './spool/index.ts'

export { CannotListen } from './otlp/listen.ts'
export { startProxyServer } from './proxy/server.ts'
export { SpoolFull, type Batch, type Spool, type SpoolStats } from './spool/index.ts'

export interface CollectorConfig {
  ingest: IngestConfig
  content: ContentConfig
  spool: SpoolConfig
  scrape: ScrapeConfig
  prices: PricesConfig
  proxy: ProxyConfig
  endpoints: EndpointConfig[]
}

export interface CollectorOptions {
  config: CollectorConfig
  /** The spool lives in `spool/` below it. */
  dataDir: string
  db: Db
  /** Other collectors write into the same database; false unless said. */
  shared?: boolean
  /** host:port of the OTLP/HTTP receiver; port 0 picks a free one. */
  listen: string
  /** host:port of the OTLP/gRPC receiver; without it, gRPC is not served. */
  listenGrpc?: string
  log: Logger
  clock?: Clock
}

export interface Collector {
  /** For what else writes rows: imports, demo traffic. */
  spool: Spool
  /** host:port that the OTLP/HTTP receiver is bound to. */
  otlpAddress: string
  /** host:port that the OTLP/gRPC receiver is bound to; empty when it is not served. */
  otlpGrpcAddress: string
  /** For the server of the dashboard, whose port it shares. */
  proxy: Proxy
  stats(): CollectorStats
  /** Whether rows are taken: false with the reason while the spool is at its limit or the disk is full. */
  ready(): { ok: boolean; reason: string }
  /** The newest health of every scrape target. */
  targets(): Target[]
  /** Takes a new configuration, the spool's apart, for what comes in from now on. */
  reload(config: CollectorConfig): void
  /** Resolves once everything acknowledged so far can be queried. */
  drained(): Promise<void>
  /** Merges now what came too far apart to be merged on arrival; otherwise done every few seconds. */
  settle(): Promise<void>
  /** Stops taking in, makes what was taken durable, drains for at most `limitMs`. Idempotent. */
  stop(limitMs?: number): Promise<void>
}

export interface CollectorStats {
  spool: SpoolStats
  /** Items refused, dropped or cut since start, by `source reason`. */
  issues: Record<string, number>
}

/** Starts the spool (replaying a former run), the receivers and the scraper. Throws when one cannot start, with none left running. */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { config, dataDir, db, listen, listenGrpc, log, clock = systemClock } = options
  const issues = new IssueLog()
  const spool = await startSpool({
    dir: join(dataDir, 'spool'),
    config: config.spool,
    db,
    log,
    clock: () => clock.now(),
    onRejected: (reason, rows, example) => issues.add('spool', reason, rows, example),
  })
  const flusher = startIssueFlusher(issues, spool, log, { clock: () => clock.now() })
  const nextVersion = createVersions(() => clock.now())
  const workOf = ({ prices, content, endpoints }: CollectorConfig) => {
    const onCut = (bytes: number) => issues.add('pipeline', 'content_cut', 1, `${bytes} bytes`)
    const redactor = createRedactor(content, endpoints, onCut)
    const price = createPricer(prices)
    const attribution = createAttribution()
    return { redactor, price, attribution, redact: (request: LlmRequest) => redactor.request(request) }
  }
  let work = workOf(config)
  const merger = new Merger({ ...work, nextVersion, shared: options.shared ?? false, now: () => clock.now() })
  const pipelineOf = ({ endpoints }: CollectorConfig) =>
    createPipeline({
      ...work,
      spool,
      issues,
      endpoints,
      requestOf,
      merger,
      nextVersion,
    })
  let pipeline = pipelineOf(config)

  const settler = startSettler({ db, spool, merger, rules: () => work, log })

  const stopSpool = async (limitMs?: number) => {
    await settler.stop()
    await flusher.stop()
    await spool.stop(limitMs)
  }
  const intake = {
    config: config.ingest,
    signals: [traces((decoded) => pipeline(decoded)), unstoredLogs, unstoredMetrics],
    bodies: startBodyReader(config.ingest),
    issues,
    log,
    clock: () => clock.now(),
  }
  const receivers: Receiver[] = []
  try {
    receivers.push(await startOtlpHttp({ ...intake, listen }))
    if (listenGrpc !== undefined) receivers.push(await startOtlpGrpc({ ...intake, listen: listenGrpc }))
  } catch (error) {
    await Promise.all(receivers.map((receiver) => receiver.stop(0)))
    await stopSpool(0)
    throw error
  }
  const scraper = startScraper({ config: config.scrape, endpoints: config.endpoints, spool, db, log, clock })

  const proxy = createProxy({ config: config.proxy, endpoints: config.endpoints, observer: unobserved, issues, log })

  const stats = () => ({ spool: spool.stats(), issues: issues.counts() })
  let stopped: Promise<void> | null = null
  return {
    spool,
    otlpAddress: receivers[0]?.address ?? '',
    otlpGrpcAddress: receivers[1]?.address ?? '',
    proxy,
    stats,
    ready() {
      const { bytes, max_bytes, reason, no_room } = spool.stats()
      if (no_room) return { ok: false, reason: no_room }
      if (bytes < max_bytes) return { ok: true, reason: '' }
      return {
        ok: false,
        reason: `the spool is full (${bytes} of ${max_bytes} bytes): ${reason || 'ClickHouse is behind'}`,
      }
    },
    targets: () => scraper.targets(),
    reload(next) {
      work = workOf(next)
      merger.reload(work)
      pipeline = pipelineOf(next)
      for (const receiver of receivers) receiver.reload(next.ingest)
      scraper.reload(next.scrape, next.endpoints)
      proxy.reload(next.proxy, next.endpoints)
    },
    drained: () => spool.drained(),
    async settle() {
      await spool.drained()
      await settler.pass()
    },
    stop(limitMs) {
      stopped ??= Promise.all([
        ...receivers.map((receiver) => receiver.stop(limitMs)),
        scraper.stop(),
        proxy.stop(limitMs),
      ]).then(() => stopSpool(limitMs))
      return stopped
    },
  }
}
