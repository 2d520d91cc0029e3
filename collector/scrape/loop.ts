/** Scrapes one target at once and then on an interval; its failures stay its own. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { plainIssue, type IngestIssue } from '../../records/ingest-issue.ts'
import type { Target } from '../../records/server-sample.ts'
import type { Db } from '../../storage/client.ts'
import { traced } from '../../storage/traced.ts'
import type { Spool } from '../spool/index.ts'
import type { Clock } from './clock.ts'
import type { ScrapeConfig } from './config.ts'
import type { Connections } from './connections.ts'
import { staticSource, type SourcedTarget } from './discovery/found-target.ts'
import { publicUrl } from './credentials.ts'
import type { Access } from './fetch-page.ts'
import type { GpuClaims } from './gpu-claims.ts'
import { mappedServer } from './mapping.ts'
import type { ScrapeMetrics } from './metrics.ts'
import { PageReader, type PageSettings, type ReadPage } from './page-reader.ts'
import { pageSource, type PageSource } from './page-source.ts'
import { jobQueues } from './queues/index.ts'
import { jobQueuesOf } from './queues/mapped.ts'
import { ScrapeError } from './scrape-error.ts'
import { VersionWatch } from './version-watch.ts'
import type { MetricsConfig, TargetConfig } from './target-config.ts'

/** What may change without the loop starting again. */
export interface TargetSettings extends PageSettings {
  /** Where it comes from: `static`, or the name of the provider that discovered it. */
  source: string
  access: Access
  /** Where the server itself answers; it may hold credentials. Undefined: beside its page. */
  api_url: string | undefined
}

export interface LoopLimits {
  intervalMs: number
  timeoutMs: number
  maxBytes: number
  maxSeries: number
}

export interface LoopServices {
  spool: Pick<Spool, 'append'>
  db: Pick<Db, 'insert'>
  log: Logger
  clock: Clock
  connections: Connections
  metrics: ScrapeMetrics
  /** Which target stores which GPU. */
  claims: GpuClaims
}

const reportEveryMs = 60_000

export class TargetLoop {
  readonly #page: PageSource
  readonly #limits: LoopLimits
  readonly #services: LoopServices
  readonly #reader: PageReader
  readonly #versions: VersionWatch
  readonly #stopping = new AbortController()
  #settings: TargetSettings
  #target: Target
  #running: Promise<void> | null = null
  /** The rows of the newest page; beside the next fetch, so that a slow disk costs no scrape. Never rejects. */
  #storing: Promise<void> = Promise.resolve()
  #reporting: Promise<void> = Promise.resolve()
  #cancelTick: () => void = () => undefined
  #cancelFirst: () => void = () => undefined
  #nextAt = 0
  #reported: { target: Target; at: number } | null = null
  #reportError = ''
  #appendError = ''
  #issues = new Map<string, { items: number; example: () => string }>()
  /** Reasons of the newest page. */
  #refusing: ReadonlySet<string> = new Set()
  #issuesAt = 0

  /** `url` may hold credentials; `settings.url` does not. */
  constructor(url: string, settings: TargetSettings, limits: LoopLimits, services: LoopServices) {
    this.#page = pageSource(url, { ...limits, connections: services.connections })
    this.#settings = settings
    this.#limits = limits
    this.#services = services
    const { maxSeries, intervalMs } = limits
    this.#reader = new PageReader({ maxSeries, claims: services.claims, holdMs: 3 * intervalMs })
    this.#versions = new VersionWatch(url, services)
    this.#target = {
      timestamp: services.clock.now() * 1000,
      url: settings.url,
      kind: '',
      endpoint: settings.endpoint,
      source: settings.source,
      labels: settings.labels,
      state: 'unknown',
      duration_ms: null,
      series: null,
      samples: null,
      error: '',
      missing: [],
    }
  }

  /** The newest health. */
  get target(): Target {
    return this.#target
  }

  /** Takes effect with the next scrape; increases go on. */
  update(settings: TargetSettings): void {
    this.#settings = settings
  }

  /** Where many start together, each waits for `afterMs` with its first scrape. */
  start(afterMs = 0): void {
    const { clock } = this.#services
    // Spread over the interval by URL, so that many targets are not all asked in the same moment, run after run.
    this.#nextAt = clock.now() + afterMs + 1 + (hash(this.#settings.url) % this.#limits.intervalMs)
    this.#schedule()
    if (afterMs === 0) this.#run()
    else this.#cancelFirst = clock.after(afterMs, () => this.#run())
  }

  /** Ends a scrape under way. `why` the target is gone, when it is: the table shall say so. Idempotent. */
  async stop(why?: string): Promise<void> {
    this.#cancelTick()
    this.#cancelFirst()
    this.#stopping.abort()
    if (why !== undefined) this.#services.claims.release(this.#settings.url)
    await this.#running
    await this.#storing
    if (why !== undefined) this.#setTarget({ state: 'unknown', error: why, duration_ms: null })
    await this.#versions.stop()
    await Promise.race([this.#reporting, wait(this.#limits.timeoutMs, undefined, { ref: false })])
  }

  #schedule(): void {
    const { clock } = this.#services
    const { intervalMs } = this.#limits
    this.#cancelTick = clock.after(Math.max(this.#nextAt - clock.now(), 0), () => {
      const now = clock.now()
      // After the machine slept there is nothing to catch up with; after the clock was set back, no day to wait for.
      this.#nextAt = Math.min(Math.max(this.#nextAt + intervalMs, now + 1), now + 2 * intervalMs)
      this.#schedule()
      this.#run()
    })
  }

  #run(): void {
    if (this.#stopping.signal.aborted) return
    if (this.#running) {
      this.#services.metrics.skipped.add(1)
      return
    }
    this.#running = traced('scrape', { 'url.full': this.#settings.url }, () => this.#scrape()).finally(() => {
      this.#running = null
    })
  }

  async #scrape(): Promise<void> {
    const { clock, metrics } = this.#services
    const now = clock.now()
    const started = performance.now()
    const { signal } = this.#stopping
    try {
      const text = await this.#page(signal, this.#settings.access)
      const fetched = performance.now()
      // Increases count from the page before: that one must be stored, or have failed to be.
      await this.#storing
      if (signal.aborted) return
      const parsing = performance.now()
      const read = this.#reader.read(text, this.#settings, now)
      const duration_ms = fetched - started + performance.now() - parsing
      const { kind, page, missing } = read
      metrics.scrapes.add(1, { kind })
      metrics.duration.record(duration_ms / 1000, { kind })
      metrics.samples.add(page.samples, { kind })
      metrics.duplicateGpus.add(read.duplicate_gpus, { kind })
      this.#noteIssues(read)
      const { access, api_url } = this.#settings
      const { connections } = this.#services
      this.#versions.look(read, { ...access, connections, timeoutMs: this.#limits.timeoutMs, signal }, api_url)
      this.#storing = this.#store(read, now).then((samples) =>
        this.#setTarget({ state: 'up', error: '', kind, duration_ms, series: page.samples, samples, missing }),
      )
    } catch (error) {
      const duration_ms = performance.now() - started
      await this.#storing
      if (signal.aborted) return
      const reason = error instanceof ScrapeError ? error.reason : 'internal'
      if (reason === 'internal')
        this.#services.log.error({ err: error, url: this.#settings.url }, 'scrape: internal error')
      metrics.scrapes.add(1, { kind: this.#target.kind })
      metrics.failures.add(1, { reason })
      const message = error instanceof Error ? error.message : String(error)
      this.#setTarget({ state: 'down', error: message, duration_ms, series: null, samples: null })
    }
  }

  /** Rows stored. When the spool does not take them, nothing is committed: the next scrape's increases cover this one's. */
  async #store(read: ReadPage, now: number): Promise<number> {
    const { spool, log, metrics } = this.#services
    const rows = Object.values(read.rows).reduce((sum, list) => sum + list.length, 0)
    try {
      await spool.append({ ...read.rows, ingest_issues: this.#takeIssues(now) })
      read.commit()
      this.#appendError = ''
      return rows
    } catch (error) {
      metrics.lost.add(rows)
      const message = error instanceof Error ? error.message : String(error)
      if (message !== this.#appendError)
        log.warn({ url: this.#settings.url, rows, error: message }, 'scrape: rows not stored; counters carry over')
      this.#appendError = message
      return 0
    }
  }

  #noteIssues({ dropped, refusals }: ReadPage): void {
    const { metrics, log } = this.#services
    const { url } = this.#settings
    if (dropped > 0) metrics.dropped.add(dropped)
    for (const { reason, items, example } of refusals) {
      metrics.refused.add(items, { reason })
      this.#issues.set(reason, { items: items + (this.#issues.get(reason)?.items ?? 0), example })
      if (!this.#refusing.has(reason)) log.warn({ url, reason, items }, `scrape: not everything taken: ${example()}`)
    }
    this.#refusing = new Set(refusals.map(({ reason }) => reason))
  }

  /** A page with a bad line has it on every scrape: one row a minute says so. */
  #takeIssues(now: number): IngestIssue[] {
    if (this.#issues.size === 0 || Math.abs(now - this.#issuesAt) <= reportEveryMs) return []
    const common = { ...plainIssue, timestamp: now * 1000, source: 'scrape' }
    const issues = [...this.#issues].map(([reason, { items, example }]) =>
      Object.assign({ reason, items, example: `${this.#settings.url}: ${example()}` }, common),
    )
    this.#issues.clear()
    this.#issuesAt = now
    return issues
  }

  /** Keeps the health; it is written when it changed and once a minute. */
  #setTarget(change: Partial<Target>): void {
    const { log, clock } = this.#services
    const now = clock.now()
    const before = this.#target
    const { endpoint, source, labels } = this.#settings
    const target = { ...before, ...change, timestamp: now * 1000, endpoint, source, labels }
    this.#target = target
    const { url, kind, state, error } = target
    if (state !== before.state || error !== before.error)
      if (state === 'up') log.info({ url, kind }, 'scrape: target up')
      else if (state === 'unknown') log.info({ url }, `scrape: target ${error}`)
      else log.warn({ url, error }, `scrape: target ${state}`)
    const reported = this.#reported
    const due = !reported || Math.abs(now - reported.at) + this.#limits.intervalMs > reportEveryMs
    if (due || !sameHealth(reported.target, target)) this.#reporting = this.#reporting.then(() => this.#report(target))
  }

  /** Beside the scrapes, not between them: a database that is slow or away must not hold them up. */
  async #report(target: Target): Promise<void> {
    // While one was being written, newer ones may have queued up.
    if (target !== this.#target) return
    const { db, log } = this.#services
    try {
      await db.insert('targets', [target])
      this.#reported = { target, at: target.timestamp / 1000 }
      this.#reportError = ''
    } catch (insertError) {
      const message = insertError instanceof Error ? insertError.message : String(insertError)
      if (message !== this.#reportError) log.warn({ url: target.url, error: message }, 'scrape: health not stored')
      this.#reportError = message
    }
  }
}

/** The target's settings as the loop needs them: its own, and those of all targets where it has none. */
export function targetSettings(
  target: SourcedTarget,
  all: Pick<ScrapeConfig, 'auth' | 'tls' | 'metrics' | 'queues'>,
  endpoints: readonly { name: string; upstream?: string | undefined }[],
): TargetSettings {
  const { url, kind, labels, mapping, source } = target
  // A server scraped at the address that an endpoint forwards to serves that endpoint.
  const owner = endpoints.find(({ upstream }) => upstream !== undefined && new URL(upstream).host === new URL(url).host)
  return {
    url: publicUrl(url),
    kind,
    endpoint: target.endpoint ?? owner?.name ?? '',
    server: mapping && mappedServer(kind, mapping),
    labels,
    source,
    // What asks to be scraped is not told a secret by that: only its provider's own.
    access: { auth: target.auth ?? (source === staticSource ? all.auth : undefined), tls: target.tls ?? all.tls },
    api_url: target.api_url,
    metrics: metricsOf(target, all.metrics),
    queues: [...all.queues.map(jobQueuesOf), ...jobQueues],
  }
}

function metricsOf({ metrics = {} }: TargetConfig, all: MetricsConfig): MetricsConfig {
  return {
    keep: metrics.keep ?? all.keep,
    drop: metrics.drop ?? all.drop,
    labels: { keep: metrics.labels?.keep ?? all.labels.keep, drop: metrics.labels?.drop ?? all.labels.drop },
    max_series: metrics.max_series ?? all.max_series,
  }
}

function sameHealth(a: Target, b: Target): boolean {
  const same = (['state', 'error', 'kind', 'endpoint', 'source'] as const).every((key) => a[key] === b[key])
  return same && a.missing === b.missing && JSON.stringify(a.labels) === JSON.stringify(b.labels)
}

/** FNV-1a, 32 bits: stable over restarts. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0
  return value
}
