/**
 * The traces of the last seconds: what their spans said, so that spans of one call that come one after the other become one
 * row at once. Bounded by age and by size; what was forgotten is left to the settling job.
 */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { LogEvent } from '../../records/log-event.ts'
import type { EpochMicros } from '../../records/span.ts'
import type { CallContext } from '../attribution.ts'
import { usableId } from './group-calls.ts'

export interface TraceEntry {
  readonly traceId: string
  /** Spans that began before this may belong to a call of which something was forgotten. */
  since: EpochMicros
  /** What each call's span said by itself. */
  parts: Map<string, LlmRequest>
  /** Of spans that are no calls: the parent, empty for a root. Null while there are none, as in most traces. */
  parents: Map<string, string> | null
  /** What spans that are no calls say of the calls below them; null while there are none. */
  contexts: Map<string, CallContext> | null
  /** Events of spans that came as logs: the span may come later. Null while there are none. */
  logs: Map<string, LogEvent[]> | null
  /** Null while each part is a row of its own. */
  merged: MergedState | null
  /** What was written is not certain: it is all written again with the next span. */
  doubtful: boolean
  touchedMs: number
  weight: number
}

/** What storage holds of a trace whose parts are not each a row. */
export interface MergedState {
  /** The rows that storage may hold, by span: as they were last written. */
  written: Map<string, LlmRequest>
  /** Spans whose row was taken back since. */
  taken: Set<string>
  /** Parts that are kept beside the merged row. */
  kept: Set<LlmRequest>
}

export interface TraceMemoryOptions {
  /** A trace is forgotten when nothing came for so long. */
  windowMs: number
  /** Rough size of everything remembered but content, in bytes. */
  maxBytes: number
  /** Prompts and answers remembered, in bytes: the oldest go first. */
  maxContentBytes: number
  /** Epoch ms: nothing that came before is known. */
  startMs: number
  /** Told of traces that go. */
  onForgotten: (entry: TraceEntry) => void
}

/** Clients' clocks may be ahead of ours by so much. */
const skewMs = 5_000
/** Rough bytes of an entry, a span in it, and a part without its content. */
const weights = { entry: 350, span: 100, part: 1_200, log: 500 }
/** A trace that never ends begins anew here: all its spans are looked at with each new one. */
const maxSpans = 5_000
const maxParts = 1_000
/** Traces that carry one id of a provider; more have it from a server that gives every call the same. */
const maxLinked = 4

export class TraceMemory {
  private readonly options: TraceMemoryOptions
  /** The longest untouched first. */
  private readonly entries = new Map<string, TraceEntry>()
  private readonly byRequestId = new Map<string, Set<TraceEntry>>()
  private bytes = 0
  private contentBytes = 0
  /** In the order in which they came. */
  private readonly withContent = new Set<LlmRequest>()
  private readonly withoutContent = new WeakSet<LlmRequest>()
  /** Everything that came after this is remembered. */
  private completeSinceMs: number
  private lastMs: number

  constructor(options: TraceMemoryOptions) {
    this.options = options
    this.completeSinceMs = options.startMs
    this.lastMs = options.startMs
  }

  get traces(): number {
    return this.entries.size
  }

  get size(): number {
    return this.bytes + this.contentBytes
  }

  /** The entry of a trace, made when it is not known. */
  open(traceId: string, nowMs: number): TraceEntry {
    if (nowMs < this.lastMs) this.setBack(nowMs)
    this.lastMs = nowMs
    let entry = this.entries.get(traceId)
    if (entry) this.entries.delete(traceId)
    else entry = this.newEntry(traceId)
    if ((entry.parents?.size ?? 0) > maxSpans || entry.parts.size > maxParts) entry = this.restart(entry, nowMs)
    entry.touchedMs = nowMs
    this.entries.set(traceId, entry)
    return entry
  }

  /** A span that is no call. */
  addSpan(entry: TraceEntry, spanId: string, parentId: string): void {
    entry.parents ??= new Map()
    if (!entry.parents.has(spanId)) this.weigh(entry, weights.span)
    entry.parents.set(spanId, parentId)
  }

  addPart(entry: TraceEntry, part: LlmRequest): void {
    const before = entry.parts.get(part.span_id)
    if (before) this.dropContent(before)
    else this.weigh(entry, weights.part)
    entry.parts.set(part.span_id, part)
    const content = contentOf(part)
    if (content > 0) {
      this.withContent.add(part)
      this.contentBytes += content
    }
    if (!usableId(part.request_id)) return
    const linked = this.byRequestId.get(part.request_id)
    if (linked) linked.add(entry)
    else this.byRequestId.set(part.request_id, new Set([entry]))
  }

  addContext(entry: TraceEntry, spanId: string, context: CallContext): void {
    entry.contexts ??= new Map()
    entry.contexts.set(spanId, context)
  }

  /** An event that is sent again takes its place. Returns all those of its span. */
  addLog(entry: TraceEntry, event: LogEvent): LogEvent[] {
    entry.logs ??= new Map()
    const events = entry.logs.get(event.span_id) ?? []
    const others = events.filter(({ event_id }) => event_id !== event.event_id)
    if (others.length === events.length) this.weigh(entry, weights.log + event.body.length)
    const all = [...others, event]
    entry.logs.set(event.span_id, all)
    return all
  }

  /** The entry and those that share an id of the provider with it. */
  linked(entry: TraceEntry): TraceEntry[] {
    const found = new Set([entry])
    for (const each of found) {
      for (const part of each.parts.values()) {
        const others = this.byRequestId.get(part.request_id)
        if (others && others.size > 1 && others.size <= maxLinked) others.forEach((other) => found.add(other))
      }
      if (found.size > maxLinked) return [entry]
    }
    return [...found]
  }

  /** Whether a part's prompt and answer are gone, which its row had. */
  lacksContent(part: LlmRequest): boolean {
    return this.withoutContent.has(part)
  }

  /** Call when the rows of what was added are encoded: parts lose their content here. */
  forget(nowMs: number): void {
    for (const part of this.withContent) {
      if (this.contentBytes <= this.options.maxContentBytes) break
      this.dropContent(part)
      this.withoutContent.add(part)
      part.input = ''
      part.output = ''
    }
    for (const entry of this.entries.values()) {
      const old = entry.touchedMs < nowMs - this.options.windowMs
      if (!old && this.bytes <= this.options.maxBytes) break
      this.entries.delete(entry.traceId)
      this.drop(entry)
      this.completeSinceMs = Math.max(this.completeSinceMs, entry.touchedMs)
    }
  }

  /** The clock was ahead until now: nothing is from the future, and nothing that comes now is late for that. */
  private setBack(nowMs: number): void {
    this.completeSinceMs = Math.min(this.completeSinceMs, nowMs)
    for (const entry of this.entries.values()) {
      entry.touchedMs = Math.min(entry.touchedMs, nowMs)
      entry.since = Math.min(entry.since, (nowMs + skewMs) * 1000)
    }
  }

  private newEntry(traceId: string): TraceEntry {
    this.bytes += weights.entry
    return {
      traceId,
      since: (this.completeSinceMs + skewMs) * 1000,
      parts: new Map(),
      parents: null,
      contexts: null,
      logs: null,
      merged: null,
      doubtful: false,
      touchedMs: 0,
      weight: weights.entry,
    }
  }

  private restart(entry: TraceEntry, nowMs: number): TraceEntry {
    this.drop(entry)
    return { ...this.newEntry(entry.traceId), since: (nowMs + skewMs) * 1000 }
  }

  private drop(entry: TraceEntry): void {
    this.bytes -= entry.weight
    for (const part of entry.parts.values()) {
      this.dropContent(part)
      const linked = this.byRequestId.get(part.request_id)
      linked?.delete(entry)
      if (linked?.size === 0) this.byRequestId.delete(part.request_id)
    }
    this.options.onForgotten(entry)
  }

  private dropContent(part: LlmRequest): void {
    if (this.withContent.delete(part)) this.contentBytes -= contentOf(part)
  }

  private weigh(entry: TraceEntry, bytes: number): void {
    entry.weight += bytes
    this.bytes += bytes
  }
}

const contentOf = (part: LlmRequest) => part.input.length + part.output.length
