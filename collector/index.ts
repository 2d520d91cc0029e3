/** The collector: what comes in is decoded, priced, redacted and made durable here; storage gets it from the spool. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { LlmRequest } from '../records/llm-request.ts'
import type { PriceControl } from '../records/price-table.ts'
import type { KeyControl } from '../records/virtual-key.ts'
import type { Target } from '../records/server-sample.ts'
import type { Db } from '../storage/client.ts'
import { createAttribution } from './attribution.ts'
import type {
  AttributionConfig,
  ContentConfig,
  EndpointConfig,
  IngestConfig,
  PricesConfig,
  ProxyConfig,
  ScrapeConfig,
  SpoolConfig,
} from './config.ts'
import { createInbox } from './inbox.ts'
import { IssueLog, startIssueFlusher } from './issues.ts'
import { Merger } from './merge/index.ts'
import { startSettler } from './merge/settle.ts'
import { startBodyReader } from './otlp/body.ts'
import { requestOf, unmappedCall } from './otlp/dialects/index.ts'
import { startOtlpGrpc } from './otlp/grpc.ts'
import { startOtlpHttp } from './otlp/http.ts'
import { logs } from './otlp/logs/index.ts'
import { redactLogEvent } from './otlp/logs/redact.ts'
import { createLogStore } from './otlp/logs/store.ts'
import { metrics } from './otlp/metrics/index.ts'
import { createMetricStore } from './otlp/metrics/store.ts'
import type { Receiver } from './otlp/receiver.ts'
import { traces } from './otlp/traces.ts'
import { createPipeline } from './pipeline.ts'
import { startProbes } from './probes/index.ts'
import { createObserver } from './proxy/observe/index.ts'
import type { CallObserver } from './proxy/observer.ts'
import { createProxy, type Proxy } from './proxy/index.ts'
import { createKeyDesk } from './proxy/keys/desk.ts'
import { createKeys } from './proxy/keys/index.ts'
import { TokenCounter } from './proxy/tokens/counter.ts'
import { withPagePrices } from './page-prices.ts'
import { startPriceBook } from './price-book.ts'
import { createPriceDesk } from './price-desk.ts'
import { loadCatalogues } from './price-list.ts'
import { createPricer } from './pricing.ts'
import { startProvisionedCosts } from './provisioned.ts'
import { createRedactor } from './redact.ts'
import { createVersions, versionAhead } from './versions.ts'
import { systemClock, type Clock } from './scrape/clock.ts'
import { startScraper } from './scrape/index.ts'
import { startTopology, type Fleet } from './topology/index.ts'
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
  attribution: AttributionConfig
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
  /** Told of each call once, when its first row is durable. */
  countCall?: (request: LlmRequest) => void
  /** What is scraped by somebody else into the same tables: the topology knows it too. */
  beside?: () => Fleet
}

export interface Collector {
  /** For what else writes rows: imports, demo traffic. */
  spool: Spool
  /** host:port that the OTLP/HTTP receiver is bound to. */
  otlpAddress: string
  /** host:port that the OTLP/gRPC receiver is bound to; empty when it is not served. */
  otlpGrpcAddress: string
  /** For the proxy: makes requests of the calls that pass through it. */
  observer: CallObserver
  /** For the server of the dashboard, whose port it shares. */
  proxy: Proxy
  /** For the settings page, as the keys are. */
  prices: PriceControl
  virtualKeys: KeyControl
  stats(): CollectorStats
  /** Whether rows are taken: false with the reason while the spool is at its limit or the disk is full. */
  ready(): { ok: boolean; reason: string }
  /** The newest health of every scrape target. */
  targets(): Target[]
  /** Takes a new configuration, the spool's apart, for what comes in from now on. Throws KeyFileError, with the old one in use. */
  reload(config: CollectorConfig): void
  /** Resolves once everything acknowledged so far, and every call that the observer saw the end of, can be queried. */
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
  const {
    config,
    dataDir,
    db,
    listen,
    listenGrpc,
    log,
    clock = systemClock,
    countCall = () => undefined,
    beside,
  } = options
  const issues = new IssueLog()
  const keys = createKeys({ config: config.proxy, dataDir, issues, clock: () => clock.now() })
  const spool = await startSpool({
    dir: join(dataDir, 'spool'),
    config: config.spool,
    db,
    log,
    clock: () => clock.now(),
    onRejected: (reason, rows, example) => issues.add('spool', reason, rows, example),
  })
  const book = startPriceBook(db, log)
  const provisioned = startProvisionedCosts({ config: config.prices, db, log, clock: () => clock.now() })
  const pricerOf = (prices: PricesConfig) =>
    createPricer(
      withPagePrices(prices, dataDir, (message) => log.warn(message)),
      {
        catalogues: loadCatalogues(dataDir, (message) => log.warn(message)),
        onPrice: (record) => book.add(record),
      },
    )
  const flusher = startIssueFlusher(issues, spool, log, { clock: () => clock.now() })
  const nextVersion = createVersions(() => clock.now(), await versionAhead(db))
  const workOf = ({ prices, content, endpoints, attribution: names }: CollectorConfig) => {
    const onCut = (bytes: number) => issues.add('pipeline', 'content_cut', 1, `${bytes} bytes`)
    const redactor = createRedactor(content, endpoints, onCut)
    const price = pricerOf(prices)
    const attribution = createAttribution(names)
    return { redactor, price, attribution, redact: (request: LlmRequest) => redactor.request(request) }
  }
  const inbox = createInbox(issues, { unmappedCall })
  let work = workOf(config)
  const merger = new Merger({
    ...work,
    nextVersion,
    shared: options.shared ?? false,
    now: () => clock.now(),
    onLogsAlone: (event) => inbox.logsAlone(event),
  })
  const pipelineOf = ({ endpoints }: CollectorConfig) =>
    createPipeline({
      ...work,
      spool,
      issues,
      inbox,
      endpoints,
      requestOf,
      merger,
      nextVersion,
      countCall,
      storeLogs: createLogStore({ spool, nextVersion, redact: (event) => redactLogEvent(work.redactor, event) }),
    })
  let pipeline = pipelineOf(config)
  let current = config
  const rework = () => {
    work = workOf(current)
    merger.reload(work)
    pipeline = pipelineOf(current)
  }
  const prices = createPriceDesk({
    config: config.prices,
    dataDir,
    db,
    log,
    clock: () => clock.now(),
    onChange: rework,
  })
  const virtualKeys = createKeyDesk({
    context: () => ({ ...current, data_dir: dataDir }),
    log,
    clock: () => clock.now(),
    onChange: () => keys.reload(current.proxy),
  })
  let metricsMode = config.ingest.metrics

  const observer = createObserver({
    counter: config.proxy.tokenizer ? new TokenCounter() : null,
    ...config,
    acceptCalls: (calls) => pipeline.calls(calls),
    appendSamples: (metric_samples) => spool.append({ metric_samples }),
    issues,
  })

  const settler = startSettler({ db, spool, merger, rules: () => work, log })

  const stopSpool = async (limitMs?: number) => {
    await observer.stop()
    // What the last calls used is known by now.
    await keys.stop()
    await settler.stop()
    const unsettled = merger.forgetAll()
    // Without room for them, spans that come to others later stay rows of their own.
    if (unsettled.length > 0) await spool.append({ unsettled_traces: unsettled }).catch(() => undefined)
    await flusher.stop()
    await Promise.all([spool.stop(limitMs), book.stop(limitMs), provisioned.stop(limitMs)])
  }
  const intake = {
    config: config.ingest,
    signals: [
      traces((decoded) => pipeline.spans(decoded)),
      logs((events) => pipeline.logs(events)),
      metrics(createMetricStore({ spool, nextVersion, clock: () => clock.now() }), () => metricsMode),
    ],
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
  const topology = startTopology({
    endpoints: config.endpoints,
    targets: () => scraper.targets(),
    ...(beside && { beside }),
    db,
    issues,
    nextVersion,
    log,
    clock,
  })

  const probes = startProbes({
    endpoints: config.endpoints,
    spool,
    price: (request) => work.price(request),
    issues,
    clock,
    log,
  })

  const proxy = createProxy({ config: config.proxy, endpoints: config.endpoints, observer, keys, issues, log })

  const stats = () => ({ spool: spool.stats(), issues: issues.counts() })
  const drained = async () => {
    await observer.flushed()
    await spool.drained()
  }
  let stopped: Promise<void> | null = null
  return {
    spool,
    otlpAddress: receivers[0]?.address ?? '',
    otlpGrpcAddress: receivers[1]?.address ?? '',
    observer,
    proxy,
    prices,
    virtualKeys,
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
      // First, since it may throw.
      keys.reload(next.proxy)
      current = next
      rework()
      prices.reload(next.prices)
      metricsMode = next.ingest.metrics
      for (const receiver of receivers) receiver.reload(next.ingest)
      provisioned.reload(next.prices)
      scraper.reload(next.scrape, next.endpoints)
      probes.reload(next.endpoints)
      topology.reload(next.endpoints)
      observer.reload(next)
      proxy.reload(next.proxy, next.endpoints)
    },
    drained,
    async settle() {
      await drained()
      await settler.pass()
    },
    stop(limitMs) {
      stopped ??= Promise.all([
        ...receivers.map((receiver) => receiver.stop(limitMs)),
        scraper.stop(),
        probes.stop(),
        topology.stop(),
        proxy.stop(limitMs),
      ]).then(() => stopSpool(limitMs))
      return stopped
    },
  }
}
