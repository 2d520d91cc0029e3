/** Scrapes one target at once and then on an interval; its failures stay its own. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { plainIssue, type IngestIssue } from '../../records/ingest-issue.ts'
import type { Target } from '../../records/server-sample.ts'
import type { Db } from '../../storage/client.ts'
import { traced } from '../../storage/traced.ts'
import type { Spool } from '../spool/index.ts'
import type { Clock } from './clock.ts'
import { ScrapeError, fetchPage, publicUrl } from './fetch-page.ts'
import type { ScrapeMetrics } from './metrics.ts'
import { PageReader, type ReadPage, type TargetSettings } from './page-reader.ts'

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
  fetch: typeof fetch
  metrics: ScrapeMetrics
}

const reportEveryMs = 60_000

export class TargetLoop {
  readonly #url: string
  readonly #limits: LoopLimits
  readonly #services: LoopServices
  readonly #reader: PageReader
  readonly #stopping = new AbortController()
  #settings: TargetSettings
  #target: Target
  #running: Promise<void> | null = null
  #reporting: Promise<void> = Promise.resolve()
  #cancelTick: () => void = () => undefined
  #nextAt = 0
  #reported: { target: Target; at: number } | null = null
  #reportError = ''
  #appendError = ''
  #issues = new Map<string, { items: number; example: string }>()
  #issuesAt = 0

  /** `url` may hold credentials; `settings.url` does not. */
  constructor(url: string, settings: TargetSettings, limits: LoopLimits, services: LoopServices) {
    this.#url = url
    this.#settings = settings
    this.#limits = limits
    this.#services = services
    this.#reader = new PageReader({ maxSeries: limits.maxSeries })
    this.#target = {
      timestamp: services.clock.now() * 1000,
      url: settings.url,
      kind: '',
      endpoint: settings.endpoint,
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

  start(): void {
    const { clock } = this.#services
    // Spread over the interval by URL, so that many targets are not all asked in the same moment, run after run.
    this.#nextAt = clock.now() + 1 + (hash(this.#settings.url) % this.#limits.intervalMs)
    this.#schedule()
    this.#run()
  }

  /** Ends a scrape under way. `removed`: the target is no longer configured, and the table shall say so. Idempotent. */
  async stop(removed = false): Promise<void> {
    this.#cancelTick()
    this.#stopping.abort()
    await this.#running
    if (removed) this.#setTarget({ state: 'unknown', error: 'no longer configured', duration_ms: null })
    await Promise.race([this.#reporting, wait(this.#limits.timeoutMs, undefined, { ref: false })])
  }

  #schedule(): void {
    const { clock } = this.#services
    this.#cancelTick = clock.after(Math.max(this.#nextAt - clock.now(), 0), () => {
      // After the machine slept there is nothing to catch up with.
      this.#nextAt = Math.max(this.#nextAt + this.#limits.intervalMs, clock.now() + 1)
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
    const { clock, metrics, fetch } = this.#services
    const now = clock.now()
    const started = performance.now()
    const duration = () => performance.now() - started
    try {
      const text = await fetchPage(this.#url, { fetch, ...this.#limits, signal: this.#stopping.signal })
      const read = this.#reader.read(text, this.#settings, now)
      const duration_ms = duration()
      const { kind, page } = read
      metrics.scrapes.add(1, { kind })
      metrics.duration.record(duration_ms / 1000, { kind })
      metrics.samples.add(page.samples, { kind })
      this.#noteIssues(read)
      const samples = await this.#store(read, now)
      this.#setTarget({ state: 'up', error: '', kind, duration_ms, series: page.samples, samples })
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      const reason = error instanceof ScrapeError ? error.reason : 'internal'
      if (reason === 'internal')
        this.#services.log.error({ err: error, url: this.#settings.url }, 'scrape: internal error')
      metrics.scrapes.add(1, { kind: this.#target.kind })
      metrics.failures.add(1, { reason })
      const message = error instanceof Error ? error.message : String(error)
      this.#setTarget({ state: 'down', error: message, duration_ms: duration(), series: null, samples: null })
    }
  }

  /** Rows stored. When the spool does not take them, nothing is committed: the next scrape's increases cover this one's. */
  async #store(read: ReadPage, now: number): Promise<number> {
    const { spool, log, metrics } = this.#services
    const { gpu_samples, server_samples, metric_samples } = read.rows
    const rows = gpu_samples.length + server_samples.length + metric_samples.length
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

  #noteIssues({ page }: ReadPage): void {
    const { metrics } = this.#services
    const note = (reason: string, items: number, example: string) => {
      if (items === 0) return
      metrics.refused.add(items, { reason })
      this.#issues.set(reason, { items: items + (this.#issues.get(reason)?.items ?? 0), example })
    }
    const [first] = page.errors
    const where = this.#settings.url
    note('unreadable_line', page.unreadable, `${where} line ${first?.line}: ${first?.message}`)
    note('max_series', page.refused, `${where} has more than ${this.#limits.maxSeries} series, or very long ones`)
  }

  /** A page with a bad line has it on every scrape: one row a minute says so. */
  #takeIssues(now: number): IngestIssue[] {
    if (this.#issues.size === 0 || now - this.#issuesAt <= reportEveryMs) return []
    const common = { ...plainIssue, timestamp: now * 1000, source: 'scrape' }
    const issues = [...this.#issues].map(([reason, { items, example }]) =>
      Object.assign({ reason, items, example }, common),
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
    const target = { ...before, ...change, timestamp: now * 1000, endpoint: this.#settings.endpoint }
    this.#target = target
    const { url, kind, state, error } = target
    if (state !== before.state || error !== before.error)
      if (state === 'up') log.info({ url, kind }, 'scrape: target up')
      else log.warn({ url, error }, `scrape: target ${state}`)
    const reported = this.#reported
    const due = !reported || now + this.#limits.intervalMs - reported.at > reportEveryMs
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

/** The target's settings as the loop needs them, from its configuration. */
export function targetSettings(
  target: { url: string; kind?: string | undefined; endpoint?: string | undefined; labels: Record<string, string> },
  endpoints: readonly { name: string; upstream?: string | undefined }[],
): TargetSettings {
  const { url, kind, labels } = target
  // A server scraped at the address that an endpoint forwards to serves that endpoint.
  const owner = endpoints.find(({ upstream }) => upstream !== undefined && new URL(upstream).host === new URL(url).host)
  return { url: publicUrl(url), kind, endpoint: target.endpoint ?? owner?.name ?? '', labels }
}

function sameHealth(a: Target, b: Target): boolean {
  return a.state === b.state && a.error === b.error && a.kind === b.kind && a.endpoint === b.endpoint
}

/** FNV-1a, 32 bits: stable over restarts. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0
  return value
}
