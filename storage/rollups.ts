/**
 * Keeps rollups equal to their raw rows: finds the buckets that rows stored since the last pass touch, and computes those anew. Rows
 * may come late, twice, corrected or be deleted, and the process may die at any point: the next pass repairs it.
 */
import { metrics, type Counter, type Histogram } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { TimeRange } from '../records/time-range.ts'
import type { Db } from './client.ts'
import { rollupSpecs, type RollupSpec, type TierName } from './rollup-specs.ts'
import { bucketsSql, recomputeSql, tableOf, tiers, touchedSql, type Tier } from './rollup-sql.ts'
import { traced } from './traced.ts'

export interface Rollups {
  /** Brings every rollup up to date. */
  flush(): Promise<void>
  /** Computes a range anew after rows in it were deleted; resolves when that is done. Call it again after a crash. */
  markDirty(range: TimeRange): Promise<void>
  /** Waits for the statement that runs. Safe to call twice. */
  stop(): Promise<void>
}

/** Rows become visible after their inserted_at: a pass looks back this far, and skips buckets where nothing came since. */
const overlapMs = 60_000
/** Least time between two passes; a slow pass waits nine times its own duration, a tenth of the time at most. */
const pauseMs = { minute: 10_000, hour: 60_000, six_hours: 60_000, day: 300_000, week: 300_000 }
/** What is made from another rollup costs little, and is late by that one's pause already. */
const derivedPauseMs = 15_000
const restFactor = 9
/**
 * Statements that take less than this are of little data: the next has twice the buckets, up to `mostChunks` times a tier's chunk, which
 * a busy site's days fill. A slower one begins small again, and so does one that fails: where quiet weeks end, many busy days may be too
 * much for one statement.
 */
const quickMs = 200
const mostChunks = 16

/**
 * Where a pass begins, in ms of the server's clock: at the watermark, or earlier when that clock was set back, since rows
 * stored after that are older than the watermark says. `elapsedMs` since the last pass is of a clock that nobody sets. A
 * pass that begins elsewhere computes everything in its reach anew, so a few seconds are left to the overlap.
 */
export function passFrom(watermarkMs: number, nowMs: number, elapsedMs: number): number {
  const reach = Math.floor(nowMs - elapsedMs - overlapMs)
  return reach < watermarkMs - overlapMs / 2 ? Math.max(reach, 0) : watermarkMs
}

interface Touched {
  bucket: number
  rows_hash: string
  later_hash: string
}

/** Passes run by themselves unless `unasked` is false: rollups are then as old as the last `flush` or `markDirty`. */
export async function startRollups(
  db: Db,
  log: Logger,
  specs: readonly RollupSpec[] = rollupSpecs,
  { unasked = true } = {},
): Promise<Rollups> {
  const clock = await versionClock(db)
  const jobs = specs.flatMap((spec) => jobsOf(db, log, clock, spec))
  const loops = unasked ? jobs.map((job) => new Loop(job, log)) : []
  return {
    async flush() {
      for (const job of jobs) await job.pass()
    },
    async markDirty(range) {
      for (const job of jobs) await job.recomputeRange(range)
    },
    async stop() {
      for (const job of jobs) job.stop()
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  }
}

/** Those that others are made from come first. */
function jobsOf(db: Db, log: Logger, clock: () => number, spec: RollupSpec): RollupJob[] {
  const job = (tier: TierName, coarser: readonly TierName[] = []) =>
    new RollupJob(
      db,
      log,
      clock,
      spec,
      tiers[tier],
      spec.madeFrom ? derivedPauseMs : pauseMs[tier],
      coarser.map((name) => tiers[name]),
    )
  const hour = spec.tiers.indexOf('hour')
  if (hour === -1) return spec.tiers.map((tier) => job(tier))
  return [...spec.tiers.slice(0, hour).map((tier) => job(tier)), job('hour', spec.tiers.slice(hour + 1))]
}

/** One tier of one source, and the coarser ones, each made of the one before. */
class RollupJob {
  readonly table: string
  readonly pauseMs: number
  private readonly db: Db
  private readonly log: Logger
  private readonly nextVersion: () => number
  private readonly spec: RollupSpec
  private readonly tier: Tier
  private readonly coarser: readonly Tier[]
  private watermarkMs: number | null = null
  /** Of `performance.now()`: when the last pass, or the process, began. */
  private begunAt = performance.now()
  /** What the last pass saw in each bucket of the overlap. */
  private seen = new Map<number, string>()
  private running: Promise<unknown> = Promise.resolve()
  private stopped = false
  private readonly buckets = metrics.getMeter('inferwatch').createCounter('inferwatch.storage.rollup_buckets', {
    description: 'Buckets of rollups that were computed',
  })

  constructor(
    db: Db,
    log: Logger,
    nextVersion: () => number,
    spec: RollupSpec,
    tier: Tier,
    pauseMs: number,
    coarser: readonly Tier[],
  ) {
    this.db = db
    this.log = log
    this.nextVersion = nextVersion
    this.spec = spec
    this.tier = tier
    this.pauseMs = pauseMs
    this.coarser = coarser
    this.table = tableOf(spec, tier)
  }

  /** Throws StorageError; what was done stays right, and the next pass begins where this one did. */
  pass(): Promise<void> {
    return this.exclusive(() => this.catchUp())
  }

  /** Ends a pass after the statement that runs. */
  stop(): void {
    this.stopped = true
  }

  recomputeRange({ from, to }: TimeRange): Promise<void> {
    return this.exclusive(async () => {
      const stepMs = this.tier.step_s * 1000
      const params = { from_ms: Math.floor(from / stepMs) * stepMs, to_ms: Math.ceil(to / stepMs) * stepMs }
      const rows = await this.db.query<{ bucket: number }>(bucketsSql(this.spec, this.tier), params)
      await this.recompute(rows.map(({ bucket }) => bucket))
    })
  }

  private async catchUp(): Promise<void> {
    const watermark = (this.watermarkMs ??= await this.storedWatermark())
    const begun = performance.now()
    const [row] = await this.db.query<{ now: number }>('SELECT toUnixTimestamp64Milli(now64(3)) AS now')
    const now = row?.now ?? 0
    const since = passFrom(watermark, now, begun - this.begunAt)
    const next = Math.max(now - overlapMs, since)
    const touched = await this.db.query<Touched>(
      touchedSql(this.spec, this.tier),
      { since_ms: since, next_ms: next },
      { settings: { final: 0 } },
    )
    const buckets = touched
      .filter(({ bucket, rows_hash }) => this.seen.get(bucket) !== rows_hash)
      .map(({ bucket }) => bucket)
    const first = watermark === 0 && buckets.length > this.tier.chunk
    if (first)
      this.log.info({ table: this.table, buckets: buckets.length }, 'rollup is filled from the rows that are there')
    await this.recompute(buckets)
    if (first) this.log.info({ table: this.table }, 'rollup is complete')
    this.seen = new Map(touched.map(({ bucket, later_hash }) => [bucket, later_hash]))
    if (next !== watermark) await this.storeWatermark(next)
    this.watermarkMs = next
    this.begunAt = begun
  }

  private async recompute(buckets: readonly number[]): Promise<void> {
    await this.recomputeTier(buckets, this.tier)
    let finer = this.tier
    for (const tier of this.coarser) {
      const coarse = new Set(buckets.map((bucket) => Math.floor(bucket / tier.step_s) * tier.step_s))
      await this.recomputeTier([...coarse], tier, finer)
      finer = tier
    }
  }

  private async recomputeTier(buckets: readonly number[], tier: Tier, from?: Tier): Promise<void> {
    let size: number = tier.chunk
    for (let at = 0; at < buckets.length;) {
      if (this.stopped) throw new Error('stopped: the next start begins where this pass did')
      const chunk = buckets.slice(at, at + size)
      const params = {
        buckets: chunk,
        from_s: chunk[0],
        to_s: (chunk.at(-1) ?? 0) + tier.step_s,
        version: this.nextVersion(),
      }
      const begun = performance.now()
      try {
        for (const sql of recomputeSql(this.spec, tier, from)) await this.db.command(sql, params)
      } catch (error) {
        if (chunk.length <= tier.chunk) throw error
        size = tier.chunk
        continue
      }
      const quick = performance.now() - begun < quickMs
      size = quick ? Math.min(size * 2, tier.chunk * mostChunks) : tier.chunk
      at += chunk.length
      this.buckets.add(chunk.length, { table: tableOf(this.spec, tier) })
    }
  }

  private async storedWatermark(): Promise<number> {
    const rows = await this.db.query<{ watermark_ms: number }>(
      'SELECT watermark_ms FROM rollup_state WHERE name = {name:String}',
      { name: this.table },
    )
    return rows[0]?.watermark_ms ?? 0
  }

  private storeWatermark(watermark_ms: number): Promise<void> {
    return this.db.insert('rollup_state', [{ name: this.table, watermark_ms, version: this.nextVersion() }])
  }

  /** One pass at a time: an older answer must not be written after a newer one. */
  private exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.running.then(work)
    this.running = result.catch(() => undefined)
    return result
  }
}

/** Runs a job for ever, with rests; a failure is counted, logged once and tried again. */
class Loop {
  private readonly job: RollupJob
  private readonly log: Logger
  private timer: NodeJS.Timeout | null = null
  private working: Promise<void> = Promise.resolve()
  private stopped = false
  private failing = false
  private caughtUpAt = performance.now()
  private readonly seconds: Histogram
  private readonly failures: Counter

  constructor(job: RollupJob, log: Logger) {
    this.job = job
    this.log = log
    const meter = metrics.getMeter('inferwatch')
    this.seconds = meter.createHistogram('inferwatch.storage.rollup_duration_seconds', {
      description: 'Duration of one pass over a rollup',
      unit: 's',
    })
    this.failures = meter.createCounter('inferwatch.storage.rollup_failures', {
      description: 'Passes over a rollup that failed and are tried again',
    })
    meter
      .createObservableGauge('inferwatch.storage.rollup_age_seconds', {
        description: 'Time since a rollup was last brought up to date',
        unit: 's',
      })
      .addCallback((result) => {
        if (!this.stopped) result.observe((performance.now() - this.caughtUpAt) / 1000, { table: job.table })
      })
    this.schedule(job.pauseMs)
  }

  async stop(): Promise<void> {
    this.stopped = true
    if (this.timer) clearTimeout(this.timer)
    await this.working
  }

  private schedule(delayMs: number): void {
    if (this.stopped) return
    this.timer = setTimeout(() => {
      this.working = this.work()
    }, delayMs)
    this.timer.unref()
  }

  private async work(): Promise<void> {
    const started = performance.now()
    try {
      await traced('rollup', { 'db.collection.name': this.job.table }, () => this.job.pass())
      if (this.failing) this.log.info({ table: this.job.table }, 'rollup works again')
      this.failing = false
      this.caughtUpAt = performance.now()
      this.seconds.record((this.caughtUpAt - started) / 1000, { table: this.job.table })
    } catch (error) {
      if (this.stopped) return
      this.failures.add(1, { table: this.job.table })
      if (!this.failing) this.log.warn({ err: error, table: this.job.table }, 'rollup failed: it will be tried again')
      this.failing = true
    }
    this.schedule(Math.max(this.job.pauseMs, (performance.now() - started) * restFactor))
  }
}

/** Versions that rise, over restarts and clocks set back too: an older computation never wins. */
async function versionClock(db: Db): Promise<() => number> {
  const [row] = await db.query<{ version: number }>('SELECT max(version) AS version FROM rollup_state')
  let last = row?.version ?? 0
  return () => (last = Math.max(last + 1, Date.now() * 1000))
}
