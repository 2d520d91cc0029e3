/**
 * Looks again at traces whose spans came too far apart to be merged on arrival: late ones, ones around a restart, ones that
 * came to different collectors. Reads what storage holds, resolves it by the same rules, and writes what differs.
 */
import { metrics } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { LogEvent } from '../../records/log-event.ts'
import type { Span } from '../../records/span.ts'
import type { Db } from '../../storage/client.ts'
import { passFrom } from '../../storage/rollups.ts'
import { traced } from '../../storage/traced.ts'
import type { Attribution } from '../attribution.ts'
import { applyLogEvents } from '../otlp/logs/apply.ts'
import type { Batch, Spool } from '../spool/index.ts'
import { sameReports, type Merger } from './index.ts'
import { resolveTraces, withoutInherited } from './resolve.ts'
import { withoutContent } from './trace-memory.ts'
import {
  marks,
  sliceEnd,
  storedLogs,
  storedParts,
  storedRows,
  storedSpans,
  worthALook,
  type Mark,
  type StoredSpan,
  type TimeSpan,
  type Worth,
} from './stored.ts'

export interface SettlerOptions {
  db: Db
  spool: Spool & { drained(): Promise<void> }
  merger: Pick<Merger, 'takeUnsettled' | 'forget' | 'failed'>
  /** As they are configured now. */
  rules: () => Rules
  log: Logger
  intervalMs?: number
}

interface Rules {
  attribution: Pick<Attribution, 'contextOf'>
  price: (request: LlmRequest) => void
  redact: (request: LlmRequest) => void
}

export interface Settler {
  /** Settles what waits in storage; throws StorageError or SpoolFull, and then begins there again. */
  pass(): Promise<void>
  /** Waits for the pass that runs. Idempotent. */
  stop(): Promise<void>
}

/** Rows are seen after their inserted_at: a pass looks back this far, and skips what it has done. */
const overlapMs = 60_000
/** Marks that are read at once, and traces of one look at what is worth reading whole. */
const mostMarks = 20_000
const mostTraces = 4_000
/** What is read whole at once: calls, and bytes of their content. */
const mostCalls = 4_000
const mostContentBytes = 32 * 2 ** 20
/** A call's spans begin within this of each other, and so do most of what is around them. */
const reachMicros = 600e6
/** Rests nine times as long as it worked. */
const restFactor = 9

export function startSettler(options: SettlerOptions): Settler {
  const { db, spool, merger, rules, log, intervalMs = 10_000 } = options
  const settled = metrics.getMeter('inferwatch').createCounter('inferwatch.merge.settled_rows', {
    description: 'Rows of requests that were corrected after their spans had come too far apart',
    unit: '{row}',
  })
  const state = new State(db)
  const stopping = new AbortController()
  let failing = false
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()

  async function pass(): Promise<void> {
    merger.forget()
    const waiting = merger.takeUnsettled()
    try {
      if (waiting.length > 0) await spool.append({ unsettled_traces: waiting })
    } catch (error) {
      merger.failed([], waiting)
      throw error
    }
    for (let more = true; more && !stopping.signal.aborted;) more = await settleSlice()
  }

  /** False when nothing is left. */
  async function settleSlice(): Promise<boolean> {
    const { fresh, more, done } = await state.next()
    if (fresh.length > 0) {
      // What was acknowledged with a mark must be there before it is read.
      await drained()
      for (let at = 0; at < fresh.length && !stopping.signal.aborted; at += mostTraces)
        await settle(fresh.slice(at, at + mostTraces))
    }
    if (!stopping.signal.aborted) await done()
    return more
  }

  async function drained(): Promise<void> {
    const { signal } = stopping
    const stopped = Promise.withResolvers<void>()
    const stop = () => stopped.resolve()
    signal.addEventListener('abort', stop)
    // It may have been stopped while the marks were read: the spool then waits for storage that may never come back.
    if (!signal.aborted) await Promise.race([spool.drained(), stopped.promise])
    signal.removeEventListener('abort', stop)
  }

  async function settle(found: readonly Mark[]): Promise<void> {
    const time: TimeSpan = {
      from: Math.min(...found.map(({ first_us }) => first_us)) - reachMicros,
      to: Math.max(...found.map(({ last_us }) => last_us)) + reachMicros,
    }
    for (const traces of packed(await worthALook(db, found, time))) {
      if (stopping.signal.aborted) return
      await settleTraces(traces, time)
    }
  }

  async function settleTraces(traces: readonly string[], time: TimeSpan): Promise<void> {
    const [rows, parts, spans, logs] = await Promise.all([
      storedRows(db, traces, time),
      storedParts(db, traces),
      storedSpans(db, traces, time),
      storedLogs(db, traces, time),
    ])
    const batch = corrections({ rows, parts, spans, logs }, rules())
    const count = batch.requests?.length ?? 0
    if (count === 0) return
    await spool.append(batch)
    settled.add(count)
  }

  function schedule(delayMs: number): void {
    if (stopping.signal.aborted) return
    timer = setTimeout(() => {
      const started = performance.now()
      running = exclusive().then(() => schedule(Math.max(intervalMs, (performance.now() - started) * restFactor)))
    }, delayMs)
    timer.unref()
  }

  async function exclusive(): Promise<void> {
    try {
      await traced('settle traces', {}, pass)
      failing = false
    } catch (error) {
      if (!failing && !stopping.signal.aborted)
        log.warn({ err: error }, 'merge: traces cannot be settled now; it will be tried again')
      failing = true
    }
  }

  schedule(intervalMs)
  return {
    pass,
    async stop() {
      stopping.abort()
      if (timer) clearTimeout(timer)
      await running
    },
  }
}

/** Groups of traces, as many as may be read at once. */
export function packed(groups: readonly Worth[]): string[][] {
  const packs: string[][] = []
  let calls = Infinity
  let bytes = 0
  for (const group of groups) {
    calls += group.traces.length + group.calls
    bytes += group.content_bytes
    if (calls > mostCalls || bytes > mostContentBytes) {
      packs.push([])
      calls = group.traces.length + group.calls
      bytes = group.content_bytes
    }
    packs.at(-1)?.push(...group.traces)
  }
  return packs
}

/** Where the job is, over restarts: `rollup_state`. */
class State {
  private readonly db: Db
  private watermarkMs: number | null = null
  private version = 0
  /** Of `performance.now()`: when the last pass, or the process, began. */
  private begunAt = performance.now()
  /** Where the next slice begins; null at the beginning of a pass. */
  private positionMs: number | null = null
  private seen = new Map<string, number>()

  constructor(db: Db) {
    this.db = db
  }

  /** The next slice of what came since; `done` notes that it is settled. */
  async next(): Promise<{ fresh: Mark[]; more: boolean; done: () => Promise<void> }> {
    const { db } = this
    const watermark = (this.watermarkMs ??= await this.stored())
    const begun = performance.now()
    const [clock] = await db.query<{ now: number }>('SELECT toUnixTimestamp64Milli(now64(3)) AS now')
    const until = clock?.now ?? 0
    // What came after the clock was set back is older than the watermark.
    const since = this.positionMs ?? passFrom(watermark, until, begun - this.begunAt)
    const end = await sliceEnd(db, since, until, mostMarks)
    const found = await marks(db, since, end)
    // A trace that is named again is looked at again.
    const keyOf = ({ trace_id, named }: Mark) => `${trace_id} ${named}`
    const more = end < until
    return {
      fresh: found.filter((mark) => !this.seen.has(keyOf(mark))),
      more,
      done: async () => {
        for (const [key, at] of this.seen) if (at < until - 2 * overlapMs) this.seen.delete(key)
        for (const mark of found) this.seen.set(keyOf(mark), end)
        this.positionMs = more ? end : null
        const next = end - overlapMs
        if (next > watermark || since < watermark) await this.store(next)
        if (!more) this.begunAt = begun
      },
    }
  }

  private async store(watermark_ms: number): Promise<void> {
    this.version = Math.max(this.version + 1, Date.now() * 1000)
    await this.db.insert('rollup_state', [{ name: stateName, watermark_ms, version: this.version }])
    this.watermarkMs = watermark_ms
  }

  private async stored(): Promise<number> {
    const [row] = await this.db.query<{ watermark_ms: number; version: number }>(
      'SELECT watermark_ms, version FROM rollup_state WHERE name = {name:String}',
      { name: stateName },
    )
    this.version = row?.version ?? 0
    return row?.watermark_ms ?? 0
  }
}
const stateName = 'settled_traces'

export interface Stored {
  /** The newest row of each span, those taken back among them. */
  rows: readonly LlmRequest[]
  /** What spans of merged calls said. */
  parts: readonly LlmRequest[]
  spans: readonly StoredSpan[]
  /** Events of spans that came as logs. */
  logs: readonly LogEvent[]
}

/**
 * The rows that make storage right. A correction's version is just above what it was made of, so that it never beats what came
 * in meanwhile; a new price takes the version in between.
 */
export function corrections({ rows, parts: kept, spans, logs }: Stored, { attribution, price, redact }: Rules): Batch {
  const stored = newestOf(rows)
  const parts = withLogs(partsOf(rows, kept), logs)
  const known = new Map(spans.map((span) => [keyOf(span), span]))
  const { calls, summaries } = resolveTraces({
    parts: [...parts.values()],
    parentOf: (traceId, spanId) => known.get(traceId + spanId)?.parent_span_id,
    contextOf(traceId, spanId) {
      const span = known.get(traceId + spanId)
      return (span && attribution.contextOf(span as Span)) ?? undefined
    },
  })
  const keptKeys = new Set(kept.map(keyOf))
  const batch = { requests: [] as LlmRequest[], request_parts: [] as LlmRequest[] }
  const live = new Set<string>()
  for (const { row, parts: reports } of calls) {
    const key = keyOf(reports[0])
    live.add(key)
    if (reports.length > 1) batch.request_parts.push(...reports.filter((part) => !keptKeys.has(keyOf(part))))
    const before = stored.get(key)
    if (before && !before.is_deleted && sameReports(before, row)) continue
    const changed = { ...row, version: versionAbove(before, reports) }
    redact(changed)
    price(changed)
    batch.requests.push(changed)
  }
  batch.request_parts.push(...summaries.filter((part) => !keptKeys.has(keyOf(part))))
  for (const row of rows) {
    const key = keyOf(row)
    if (row.is_deleted || (live.has(key) && stored.get(key) === row)) continue
    batch.requests.push({ ...withoutContent(row), is_deleted: true, version: row.version + step })
  }
  return batch
}

const step = 2

const keyOf = ({ trace_id, span_id }: { trace_id: string; span_id: string }) => trace_id + span_id

const versionAbove = (before: LlmRequest | undefined, parts: readonly LlmRequest[]) =>
  Math.max(before?.version ?? 0, ...parts.map((part) => part.version)) + step

/** Adds what log events tell, where the span did not. */
function withLogs(parts: Map<string, LlmRequest>, logs: readonly LogEvent[]): Map<string, LlmRequest> {
  for (const [key, events] of Map.groupBy(logs, keyOf)) {
    const part = parts.get(key)
    if (!part) continue
    const told = { ...part }
    applyLogEvents(told, events)
    parts.set(key, told)
  }
  return parts
}

/** A span that was sent again with another start has two rows: the later counts. */
function newestOf(rows: readonly LlmRequest[]): Map<string, LlmRequest> {
  return new Map(rows.toSorted((a, b) => a.version - b.version).map((row) => [keyOf(row), row]))
}

/** What each span says by itself: as it was kept, or as its own row; of the two the later. */
function partsOf(rows: readonly LlmRequest[], kept: readonly LlmRequest[]): Map<string, LlmRequest> {
  const parts = new Map(kept.map((part) => [keyOf(part), part]))
  const spanIds = new Set(kept.map((part) => part.span_id))
  for (const row of newestOf(rows).values()) {
    if (row.is_deleted) continue
    const key = keyOf(row)
    const part = parts.get(key)
    // A merged row of which a part was not kept stands for that part: better than to lose it.
    const whole = row.merged_span_ids.every((spanId) => spanIds.has(spanId))
    if (row.merged_span_ids.length > 0 ? !part || !whole : !part || row.version > part.version)
      parts.set(key, withoutInherited(row))
  }
  return parts
}
