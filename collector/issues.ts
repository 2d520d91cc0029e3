/** Counts what was refused, dropped, cut or is doubtful on its way in: at once for /metrics, every few seconds as rows for people. */
import { metrics, type ObservableResult } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { otherSubjects, type IngestIssue, type IssueSeverity } from '../records/ingest-issue.ts'
import type { Spool } from './spool/index.ts'

/** Sources and reasons are words of this code: more distinct ones than this would be a mistake in it. */
const maxReasons = 200
/** Subjects come from outside: those beyond are counted together, until the next flush. */
const maxSubjects = 500
const maxSubjectLength = 200
const maxExampleLength = 500

export interface About {
  subject?: string
  severity?: IssueSeverity
  /** The span that is the example. */
  span?: { trace_id: string; span_id: string }
}

type Pending = Omit<IngestIssue, 'timestamp'>

interface Reason {
  source: string
  reason: string
  /** Items since start. */
  total: number
  pending: Map<string, Pending>
}

const nothing: About = {}
/** What happens where all is well, or was asked for in the configuration. */
const ordinary = new Set([
  'content_cut',
  'counter_reset',
  'duplicate_point',
  'first_after_eviction',
  'first_after_restart',
  'logs_not_stored',
  'metrics_not_stored',
  'no_recorded_value',
  'not_genai',
])

export class IssueLog {
  private readonly sources = new Map<string, Map<string, Reason>>()
  private reasons = 0
  /** Subjects of all reasons that wait for the next flush. */
  private subjects = 0

  constructor() {
    metrics
      .getMeter('inferwatch')
      .createObservableCounter('inferwatch.ingest.issues', {
        description: 'Items refused, dropped, cut or doubtful on their way in',
        unit: '{item}',
      })
      .addCallback((result) => this.observe(result))
  }

  /** `reason` is a stable word, `example` a place or a number: never content, never a secret. */
  add(source: string, reason: string, items: number, example: string, about: About = nothing): void {
    const entry = this.reasonOf(source, reason)
    if (!entry) return
    entry.total += items
    const known = entry.pending.get(about.subject ?? '')
    if (known) known.items += items
    else this.begin(entry, items, example, about)
  }

  /** Items since start, by `source reason`. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { source, reason, total } of this.all()) counts[`${source} ${reason}`] = total
    return counts
  }

  /** Writes what came together since the last flush; what cannot be written now is kept for the next. */
  async flush(spool: Spool, now_ms: number): Promise<void> {
    if (this.subjects === 0) return
    const timestamp = now_ms * 1000
    const rows: IngestIssue[] = []
    for (const { pending } of this.all()) {
      for (const issue of pending.values()) rows.push(Object.assign({ timestamp }, issue))
      pending.clear()
    }
    this.subjects = 0
    try {
      await spool.append({ ingest_issues: rows })
    } catch {
      for (const { timestamp: _then, ...issue } of rows) this.keep(issue)
    }
  }

  private reasonOf(source: string, reason: string): Reason | undefined {
    let reasons = this.sources.get(source)
    if (!reasons) this.sources.set(source, (reasons = new Map()))
    const known = reasons.get(reason)
    if (known || this.reasons >= maxReasons) return known
    const entry: Reason = { source, reason, total: 0, pending: new Map() }
    reasons.set(reason, entry)
    this.reasons += 1
    return entry
  }

  private begin(entry: Reason, items: number, example: string, about: About): void {
    const { source, reason, pending } = entry
    const { severity = ordinary.has(reason) ? 'hint' : 'problem', span } = about
    const wanted = (about.subject ?? '').slice(0, maxSubjectLength)
    const subject = this.subjects < maxSubjects || wanted === '' || pending.has(wanted) ? wanted : otherSubjects
    const known = pending.get(subject)
    if (known) {
      known.items += items
      return
    }
    this.subjects += 1
    pending.set(subject, {
      source,
      reason,
      subject,
      severity,
      items,
      example: example.slice(0, maxExampleLength),
      example_trace_id: span?.trace_id ?? '',
      example_span_id: span?.span_id ?? '',
    })
  }

  private keep(issue: Pending): void {
    const pending = this.reasonOf(issue.source, issue.reason)?.pending
    if (!pending) return
    const newer = pending.get(issue.subject)
    if (!newer) this.subjects += 1
    pending.set(issue.subject, { ...issue, items: issue.items + (newer?.items ?? 0) })
  }

  private observe(result: ObservableResult): void {
    for (const { source, reason, total } of this.all()) result.observe(total, { source, reason })
  }

  private *all(): Generator<Reason> {
    for (const reasons of this.sources.values()) yield* reasons.values()
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
