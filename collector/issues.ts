/** Counts what was refused, dropped or cut on its way in: at once for /metrics, every few seconds as rows for people. */
import { metrics } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { IngestIssue } from '../records/ingest-issue.ts'
import type { Spool } from './spool/index.ts'

/** Sources and reasons are words of this code: more distinct ones than this would be a mistake in it. */
const maxDistinct = 500

export class IssueLog {
  private readonly pending = new Map<string, Omit<IngestIssue, 'timestamp'>>()
  private readonly counter = metrics.getMeter('inferwatch').createCounter('inferwatch.ingest.issues', {
    description: 'Items refused, dropped or cut on their way in',
    unit: '{item}',
  })
  private readonly totals = new Map<string, number>()

  /** `reason` is a stable word, `example` a place or a number: never content, never a secret. */
  add(source: string, reason: string, items: number, example: string): void {
    this.counter.add(items, { source, reason })
    const key = `${source} ${reason}`
    this.totals.set(key, (this.totals.get(key) ?? 0) + items)
    const known = this.pending.get(key)
    if (known) known.items += items
    else if (this.pending.size < maxDistinct)
      this.pending.set(key, { source, reason, items, example: example.slice(0, 500) })
  }

  /** Items since start, by `source reason`. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.totals)
  }

  /** Writes what came together since the last flush; what cannot be written now is kept for the next. */
  async flush(spool: Spool, now_ms: number): Promise<void> {
    if (this.pending.size === 0) return
    const timestamp = now_ms * 1000
    const rows = [...this.pending.values()].map((issue) => Object.assign({ timestamp }, issue))
    this.pending.clear()
    try {
      await spool.append({ ingest_issues: rows })
    } catch {
      for (const { source, reason, items, example } of rows) this.keep(source, reason, items, example)
    }
  }

  private keep(source: string, reason: string, items: number, example: string): void {
    const key = `${source} ${reason}`
    const newer = this.pending.get(key)
    this.pending.set(key, { source, reason, items: items + (newer?.items ?? 0), example })
  }
}

export interface IssueFlusher {
  /** Flushes a last time. */
  stop(): Promise<void>
}

export function startIssueFlusher(
  issues: IssueLog,
  spool: Spool,
  log: Logger,
  { intervalMs = 5_000, clock = Date.now }: { intervalMs?: number; clock?: () => number } = {},
): IssueFlusher {
  const flush = () =>
    issues.flush(spool, clock()).catch((error: unknown) => log.error({ error }, 'issues cannot be stored'))
  const timer = setInterval(() => void flush(), intervalMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await flush()
    },
  }
}
