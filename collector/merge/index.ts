/**
 * Counted once: the spans of one call become one row of `requests`, while they come in. What each span said is kept in
 * `request_parts`, so that a span that comes later finds it; what came too far apart is left to the settling job.
 */
import { metrics } from '@opentelemetry/api'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { LogEvent } from '../../records/log-event.ts'
import type { EpochMicros, Span } from '../../records/span.ts'
import type { UnsettledTrace } from '../../records/unsettled-trace.ts'
import type { CallContext } from '../attribution.ts'
import { applyLogEvents } from '../otlp/logs/apply.ts'
import { resolveTraces, type ResolvedCall } from './resolve.ts'
import { TraceMemory, withoutContent, type MergedState, type TraceEntry } from './trace-memory.ts'

export interface MergerOptions {
  /** Fills the costs in place. */
  price: (request: LlmRequest) => void
  /** Redacts in place, as the row's endpoint asks. */
  redact: (request: LlmRequest) => void
  /** Rises with every call. */
  nextVersion: () => number
  /** Others write into the same database: what is missing here may have come to them. */
  shared: boolean
  /** Epoch ms. */
  now: () => number
  /** Told of events whose span did not come within the window, once per span. */
  onLogsAlone?: (event: LogEvent) => void
  windowMs?: number
  maxBytes?: number
  maxContentBytes?: number
}

/** Judgements say nothing of the call itself. */
const judgement = 'gen_ai.evaluation.result'
const mostLonely = 50_000

/** What a batch of spans changes. */
export interface MergedRows {
  requests: LlmRequest[]
  request_parts: LlmRequest[]
  unsettled_traces: UnsettledTrace[]
}

/** Calls that had no row before. */
export interface NewCalls {
  /** The first row of each. */
  rows: LlmRequest[]
  /** The parts that these were made of. */
  parts: LlmRequest[]
}

export class Merger {
  private options: MergerOptions
  private readonly windowMs: number
  private readonly memory: TraceMemory
  /** Traces of the batch, and its parts: acknowledging it promises that their rows are durable. */
  private touched = new Map<TraceEntry, LlmRequest[]>()
  private unsettled = new Map<string, UnsettledTrace>()
  /** Parts of spans that had come before: a row of theirs may be in storage. */
  private readonly again = new WeakSet<LlmRequest>()
  /** Calls of the batch that had no row before. */
  private fresh: NewCalls = { rows: [], parts: [] }
  /** Parts that came again, and whose call has not been new yet: its row was not stored, or is of this batch. */
  private readonly stillNew = new WeakSet<LlmRequest>()
  /** Spans of the batch of which log events tell. */
  private heard = new Map<TraceEntry, Set<string>>()
  /** Of parts with what log events tell: what their span says by itself. */
  private readonly silent = new WeakMap<LlmRequest, LlmRequest>()
  /** Traces forgotten with events whose span had not come. */
  private readonly lonely = new Set<string>()

  constructor(options: MergerOptions) {
    this.options = options
    const { now, windowMs = 30_000, maxBytes = 192 * 2 ** 20, maxContentBytes = 64 * 2 ** 20 } = options
    this.windowMs = windowMs
    this.memory = new TraceMemory({
      windowMs,
      maxBytes,
      maxContentBytes,
      startMs: now(),
      onForgotten: (entry) => this.forgotten(entry),
    })
    observe(this.memory)
  }

  /** Prices and redacts otherwise from now on. */
  reload(options: Pick<MergerOptions, 'price' | 'redact'>): void {
    this.options = { ...this.options, ...options }
  }

  /** Takes an event that came as a log: it may tell of its span's call what that does not, before or after it. */
  addLog(event: LogEvent): void {
    if (event.trace_id === '' || event.span_id === '' || event.event_name === judgement) return
    const { memory } = this
    const entry = memory.open(event.trace_id, this.options.now())
    memory.addLog(entry, event)
    const part = entry.parts.get(event.span_id)
    if (entry.late || (!part && event.timestamp < entry.since))
      this.markLate(entry, { timestamp: event.timestamp, duration_ms: 0 }, '')
    if (!part) return
    if (memory.lacksContent(part)) return this.mark('forgotten', event.trace_id, part, part.request_id)
    this.arrivedOf(entry)
    this.hear(entry, event.span_id)
  }

  /** Takes a span of the batch. `said`: what it says as a call; `context`: what it says of calls below it, when it is none. */
  add(span: Span, said: LlmRequest | null, context: CallContext | null): void {
    const { memory } = this
    const entry = memory.open(span.trace_id, this.options.now())
    const arrived = this.arrivedOf(entry)
    if (said) {
      const before = entry.parts.get(said.span_id)
      if (before) this.replace(before, said, arrived)
      if (before && before.timestamp !== said.timestamp) memory.addMoved(entry, before)
      memory.addPart(entry, said)
      arrived.push(said)
      if (entry.logs?.has(said.span_id)) this.hear(entry, said.span_id)
    } else {
      memory.addSpan(entry, span.span_id, span.parent_span_id)
      if (context) memory.addContext(entry, span.span_id, context)
      else return
    }
    // The reports of one call end together; what is within a framework's, or what a context is of, may have ended long before.
    const known = said && said.role !== 'framework' ? span.timestamp + span.duration_ms * 1000 : span.timestamp
    if (known < entry.since || entry.late || this.lonely.delete(span.trace_id))
      this.markLate(entry, span, said?.request_id ?? '')
  }

  /** Takes a part that came again for the one that came before. */
  private replace(before: LlmRequest, said: LlmRequest, arrived: readonly LlmRequest[]): void {
    this.again.add(said)
    if (this.stillNew.has(before) || (arrived.includes(before) && !this.again.has(before))) this.stillNew.add(said)
  }

  /** The parts of a trace that came with the batch. */
  private arrivedOf(entry: TraceEntry): LlmRequest[] {
    let arrived = this.touched.get(entry)
    if (!arrived) this.touched.set(entry, (arrived = []))
    return arrived
  }

  private hear(entry: TraceEntry, spanId: string): void {
    const spans = this.heard.get(entry)
    if (spans) spans.add(spanId)
    else this.heard.set(entry, new Set([spanId]))
  }

  /** Puts into the batch's parts what log events tell of them. */
  private tell(): void {
    for (const [entry, spanIds] of this.heard) {
      let arrived = this.arrivedOf(entry)
      for (const spanId of spanIds) {
        const part = entry.parts.get(spanId)
        const events = entry.logs?.get(spanId)
        if (!part || !events) continue
        const told = this.told(this.silent.get(part) ?? part, [...events.values()])
        if (this.again.has(part) || !arrived.includes(part)) this.replace(part, told, arrived)
        this.memory.addPart(entry, told)
        arrived = [...arrived.filter(({ span_id }) => span_id !== spanId), told]
      }
      this.touched.set(entry, arrived)
    }
    this.heard = new Map()
  }

  /** A call with what log events tell of it. */
  private told(part: LlmRequest, events: readonly LogEvent[]): LlmRequest {
    const told = { ...part, version: this.options.nextVersion() }
    applyLogEvents(told, events)
    this.options.redact(told)
    this.options.price(told)
    // Where the span has content of its own, later events change nothing in that.
    if (part.input === '' && part.output === '') this.silent.set(told, part)
    return told
  }

  /** The traces of the batch, to name them to `failed`. */
  pending(): TraceEntry[] {
    return [...this.touched.keys()]
  }

  /** The rows that the spans added since the last call make or change. Encode them before anything else is added. */
  take(): MergedRows {
    const rows: MergedRows = { requests: [], request_parts: [], unsettled_traces: [] }
    const done = new Set<TraceEntry>()
    this.fresh = { rows: [], parts: [] }
    this.tell()
    for (const [entry, parts] of this.touched) {
      if (done.has(entry) || entry.parts.size === 0) continue
      const entries = this.memory.linked(entry)
      for (const each of entries) if (each.moved) this.takeBackMoved(each, rows)
      if (entries.length === 1 && isAlone(entry)) {
        rows.requests.push(...parts)
        for (const part of entry.parts.values()) if (parts.includes(part)) this.noteNew(part, [part], parts)
      } else {
        for (const each of entries) done.add(each)
        this.resolve(entries, new Set(entries.flatMap((each) => this.touched.get(each) ?? [])), rows)
      }
    }
    this.touched = new Map()
    rows.unsettled_traces = this.takeUnsettled()
    return rows
  }

  /** The new calls among the rows of the last `take`: hand them to `failed` when those may not be stored. */
  newCalls(): NewCalls {
    return this.fresh
  }

  /** A call is new unless one of its parts came with an earlier batch: that was a row then. */
  private noteNew(
    row: LlmRequest,
    parts: readonly LlmRequest[],
    arrived: { includes(part: LlmRequest): boolean },
  ): void {
    const { again, stillNew, fresh } = this
    if (!parts.every((part) => stillNew.has(part) || (arrived.includes(part) && !again.has(part)))) return
    fresh.rows.push(row)
    for (const part of parts) {
      fresh.parts.push(part)
      stillNew.delete(part)
    }
  }

  /** Traces that wait to be named to the settling job: they go with the next batch otherwise. */
  takeUnsettled(): UnsettledTrace[] {
    const rows = [...this.unsettled.values()]
    this.unsettled = new Map()
    return rows
  }

  /** Lets go of what is old, or too much. Call it once the rows of the last `take` are encoded. */
  forget(): void {
    this.memory.forget(this.options.now())
  }

  /** Lets go of everything, before the end: what others may complete is named to the settling job. */
  forgetAll(): UnsettledTrace[] {
    this.memory.clear()
    return this.takeUnsettled()
  }

  /** What was taken for these traces may not be stored: it is all written again when one of their spans comes again. */
  failed(entries: readonly TraceEntry[], lost: readonly UnsettledTrace[], calls?: NewCalls): void {
    for (const part of calls?.parts ?? []) this.stillNew.add(part)
    for (const entry of entries) for (const linked of this.memory.linked(entry)) linked.doubtful = true
    for (const row of lost) this.unsettled.set(keyOfMark(row), row)
  }

  private resolve(entries: readonly TraceEntry[], arrived: ReadonlySet<LlmRequest>, rows: MergedRows): void {
    const byTrace = new Map(entries.map((entry) => [entry.traceId, entry]))
    const { calls, summaries } = resolveTraces({
      parts: entries.flatMap((entry) => [...entry.parts.values()]),
      parentOf: (traceId, spanId) => byTrace.get(traceId)?.parents?.get(spanId),
      contextOf: (traceId, spanId) => byTrace.get(traceId)?.contexts?.get(spanId),
    })
    const isNew = (part: LlmRequest) => arrived.has(part) && !this.again.has(part)
    const stateOf = (part: LlmRequest) => stateOfEntry(byTrace.get(part.trace_id) as TraceEntry, isNew)
    for (const call of calls) this.writeCall(call, arrived, stateOf, rows)
    for (const part of summaries) {
      this.keep(stateOf(part), part, '', rows)
      this.takeBack(stateOf(part), part, arrived, rows)
    }
  }

  private writeCall(
    { row, parts }: ResolvedCall,
    arrived: ReadonlySet<LlmRequest>,
    stateOf: (part: LlmRequest) => MergedState,
    rows: MergedRows,
  ): void {
    const [outer, ...inner] = parts
    const state = stateOf(outer)
    const before = state.taken.has(outer.span_id) ? undefined : state.written.get(outer.span_id)
    const came = parts.filter((part) => arrived.has(part))
    this.noteNew(row, parts, came)
    if (row === outer) {
      if (came.length > 0) write(state, outer, rows)
      // It was part of another row, or inherited something, until now.
      else if (before !== outer) {
        write(state, { ...outer, version: this.options.nextVersion() }, rows)
        state.written.set(outer.span_id, outer)
      }
      return
    }
    if (came.length === 0 && before && sameReports(before, row)) return
    if (parts.some((part) => this.memory.lacksContent(part))) {
      // The row's content is in storage alone: the parts go there as they are, and are merged there.
      for (const part of came) write(stateOf(part), part, rows)
      this.mark('forgotten', outer.trace_id, outer, outer.request_id)
      return
    }
    if (inner.length > 0) for (const part of parts) this.keep(stateOf(part), part, row.endpoint, rows)
    this.options.redact(row)
    this.options.price(row)
    row.version = this.options.nextVersion()
    write(state, row, rows)
    for (const part of inner) this.takeBack(stateOf(part), part, arrived, rows)
  }

  /** Keeps what a span said beside the row that it went into. */
  private keep(state: MergedState, part: LlmRequest, endpoint: string, rows: MergedRows): void {
    if (state.kept.has(part)) return
    state.kept.add(part)
    if (part.endpoint !== '' || endpoint === '') return void rows.request_parts.push(part)
    // Now that the endpoint is known, its own rule for content holds.
    const placed = { ...part, endpoint }
    this.options.redact(placed)
    rows.request_parts.push(placed)
  }

  /** Takes back the rows that spans had before they came with another start. */
  private takeBackMoved({ moved, parts, doubtful }: TraceEntry, rows: MergedRows): void {
    for (const item of moved ?? []) {
      const { row, taken } = item
      if ((taken && !doubtful) || parts.get(row.span_id)?.timestamp === row.timestamp) continue
      item.taken = true
      rows.requests.push({ ...row, is_deleted: true, version: this.options.nextVersion() })
    }
  }

  /** Takes a row back, where storage may hold one. */
  private takeBack(state: MergedState, part: LlmRequest, arrived: ReadonlySet<LlmRequest>, rows: MergedRows): void {
    const row = state.written.get(part.span_id)
    if (!row || (state.taken.has(part.span_id) && !arrived.has(part))) return
    state.taken.add(part.span_id)
    rows.requests.push({ ...withoutContent(row), is_deleted: true, version: this.options.nextVersion() })
  }

  /** Elsewhere there may be more of a call whose outer spans, or whose client, never came here. */
  private forgotten(entry: TraceEntry): void {
    if (entry.logs && [...entry.logs.keys()].some((spanId) => !entry.parts.has(spanId))) {
      const [oldest] = this.lonely
      if (this.lonely.size >= mostLonely && oldest !== undefined) this.lonely.delete(oldest)
      this.lonely.add(entry.traceId)
      this.tellLogsAlone(entry)
    }
    if (!this.options.shared) return
    for (const part of entry.parts.values()) {
      const parent = part.parent_span_id
      const open = parent !== '' && !entry.parts.has(parent) && entry.parents?.has(parent) !== true
      if (open || (part.role !== 'client' && part.role !== 'framework'))
        this.mark('unfinished', entry.traceId, part, part.request_id)
    }
  }

  /** A trace that goes early, for want of memory, tells nothing: its spans may be on their way. */
  private tellLogsAlone({ logs, parts, parents, touchedMs }: TraceEntry): void {
    const { onLogsAlone, now } = this.options
    if (!logs || !onLogsAlone || now() - touchedMs < this.windowMs) return
    for (const [spanId, events] of logs) {
      const [event] = events.values()
      if (event && !parts.has(spanId) && parents?.has(spanId) !== true) onLogsAlone(event)
    }
  }

  private markLate(entry: TraceEntry, time: SpanTime, request_id: string): void {
    entry.late = true
    this.mark('late', entry.traceId, time, request_id)
  }

  /** Of several marks of one trace in a batch one row is made, over the time of all. */
  private mark(reason: UnsettledTrace['reason'], trace_id: string, time: SpanTime, request_id: string): void {
    const row: UnsettledTrace = {
      timestamp: time.timestamp,
      end_timestamp: endOf(time),
      trace_id,
      request_id,
      reason,
    }
    const before = this.unsettled.get(keyOfMark(row))
    if (before) {
      row.timestamp = Math.min(row.timestamp, before.timestamp)
      row.end_timestamp = Math.max(row.end_timestamp, before.end_timestamp)
    }
    this.unsettled.set(keyOfMark(row), row)
  }
}

type SpanTime = Pick<LlmRequest, 'timestamp' | 'duration_ms'>
const endOf = ({ timestamp, duration_ms }: SpanTime): EpochMicros => timestamp + Math.round((duration_ms ?? 0) * 1000)

const keyOfMark = ({ trace_id, request_id, reason }: UnsettledTrace) => `${trace_id} ${request_id} ${reason}`

/** Most traces: one call, nothing around it that says anything, nothing merged. */
const isAlone = (entry: TraceEntry) =>
  entry.parts.size === 1 && entry.contexts === null && entry.merged === null && !entry.doubtful

/** Until a trace is resolved for the first time, each part that came with earlier batches is a row. */
function stateOfEntry(entry: TraceEntry, isNew: (part: LlmRequest) => boolean): MergedState {
  if (entry.merged && !entry.doubtful) return entry.merged
  const earlier = [...entry.parts].filter(([, part]) => entry.doubtful || !isNew(part))
  // In doubt a row may be there, or not: those that are wanted are written, the others taken back.
  const copies = earlier.map(([id, part]) => [id, entry.doubtful ? { ...part } : part] as const)
  entry.merged = { written: new Map(copies), taken: new Set(), kept: new Set() }
  entry.doubtful = false
  return entry.merged
}

function write(state: MergedState, row: LlmRequest, rows: MergedRows): void {
  // Content is remembered with the parts alone, which is bounded; of a merged row only whether it had any.
  const merged = row.merged_span_ids.length > 0 || row.inherited_fields.length > 0
  const noted = (text: string) => (text === '' ? '' : '…')
  state.written.set(row.span_id, merged ? { ...row, input: noted(row.input), output: noted(row.output) } : row)
  state.taken.delete(row.span_id)
  rows.requests.push(row)
}

/** Whether two rows of one call say the same, but for what is computed of it. */
export function sameReports(a: LlmRequest, b: LlmRequest): boolean {
  return (Object.keys(b) as (keyof LlmRequest)[]).every((field) => {
    if (computed.has(field)) return true
    const [before, after] = [a[field], b[field]]
    // It may have been cut or redacted otherwise.
    if (field === 'input' || field === 'output') return (before === '') === (after === '')
    if (Array.isArray(before) && Array.isArray(after)) return before.join() === after.join()
    if (before instanceof Map && after instanceof Map) return before.size === after.size
    return before === after
  })
}
const computed = new Set<keyof LlmRequest>([
  'version',
  'cost_usd',
  'input_cost_usd',
  'output_cost_usd',
  'cost_source',
  'cache_savings_usd',
  'price_id',
  'price_version',
])

function observe(memory: TraceMemory): void {
  const meter = metrics.getMeter('inferwatch')
  meter
    .createObservableGauge('inferwatch.merge.traces', { description: 'Traces remembered', unit: '{trace}' })
    .addCallback((result) => result.observe(memory.traces))
  meter
    .createObservableGauge('inferwatch.merge.memory', { description: 'Rough size of remembered traces', unit: 'By' })
    .addCallback((result) => result.observe(memory.size))
}
