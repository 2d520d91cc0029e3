/** From what is known of some traces to the rows that they should have. Pure: any order of arrival ends in the same rows. */
import type { LlmRequest } from '../../records/llm-request.ts'
import { contextFields, type CallContext } from '../attribution.ts'
import { byStart, groupCalls, type Call } from './group-calls.ts'
import { mergeParts } from './merge-call.ts'

export interface Traces {
  /** What each span that is a model call says by itself. */
  parts: readonly LlmRequest[]
  /** The parent of a span; empty for a root, undefined for a span that is not known. */
  parentOf(traceId: string, spanId: string): string | undefined
  /** What a span that is no call says of the calls below it. */
  contextOf(traceId: string, spanId: string): CallContext | undefined
}

export interface ResolvedCall {
  /** The very part when it stands alone and inherits nothing; else a new object that is not priced yet. */
  row: LlmRequest
  parts: Call
}

export interface Resolution {
  calls: ResolvedCall[]
  /** Parts that are no calls after all: they sum up others. */
  summaries: LlmRequest[]
}

/** What the span of a row that stands alone says by itself. */
export function withoutInherited(row: LlmRequest): LlmRequest {
  if (row.inherited_fields.length === 0) return row
  const own = { ...row, inherited_fields: [] }
  for (const field of contextFields) if (row.inherited_fields.includes(field)) own[field] = ''
  if (row.inherited_fields.includes('attempt')) own.attempt = 1
  return own
}

/** More spans between a call and its root than any program has: a loop in the telemetry. */
const maxDepth = 1_000

export function resolveTraces(traces: Traces): Resolution {
  const ordered = traces.parts.toSorted(byStart)
  const byKey = new Map(ordered.map((part) => [keyOf(part.trace_id, part.span_id), part]))
  const outers = new Map<LlmRequest, LlmRequest | null>()
  const outerOf = (part: LlmRequest) => outers.get(part) ?? null
  for (const part of ordered) {
    const outer = nearestPart(part, traces, byKey)
    // Two spans that name each other as their parent: one of the two links is dropped.
    const loops = outer !== null && around(outer, outerOf, part)
    outers.set(part, loops ? null : outer)
  }
  const { calls, summaries, attempts } = groupCalls(ordered, outerOf)
  return {
    summaries,
    calls: calls.map((parts) => {
      const attempt = Math.max(...parts.map((part) => attempts.get(part) ?? part.attempt))
      const merged = mergeParts(parts)
      const context = inherited(merged, parts.at(-1) ?? merged, traces, byKey)
      if (context === null && attempt === merged.attempt) return { row: merged, parts }
      const inherited_fields = [...Object.keys(context ?? {}), ...(attempt === merged.attempt ? [] : ['attempt'])]
      return { row: { ...merged, ...context, attempt, inherited_fields: inherited_fields.sort() }, parts }
    }),
  }
}

const keyOf = (traceId: string, spanId: string) => traceId + spanId

function nearestPart(part: LlmRequest, traces: Traces, byKey: ReadonlyMap<string, LlmRequest>): LlmRequest | null {
  let id: string | undefined = part.parent_span_id
  for (let depth = 0; id && depth < maxDepth; depth++) {
    const found = byKey.get(keyOf(part.trace_id, id))
    if (found) return found === part ? null : found
    id = traces.parentOf(part.trace_id, id)
  }
  return null
}

function around(from: LlmRequest, outerOf: (part: LlmRequest) => LlmRequest | null, wanted: LlmRequest): boolean {
  for (let outer: LlmRequest | null = from; outer; outer = outerOf(outer)) if (outer === wanted) return true
  return false
}

/** What the spans around a call say where the call itself is silent: the nearest one counts. Null when nothing is added. */
function inherited(
  row: LlmRequest,
  innermost: LlmRequest,
  traces: Traces,
  byKey: ReadonlyMap<string, LlmRequest>,
): CallContext | null {
  let found: CallContext | null = null
  let id: string | undefined = innermost.parent_span_id
  for (let depth = 0; id && depth < maxDepth; depth++) {
    const part = byKey.get(keyOf(innermost.trace_id, id))
    const context: CallContext | undefined = part ?? traces.contextOf(innermost.trace_id, id)
    if (context) {
      for (const field of contextFields) {
        const value = context[field]
        if (row[field] !== '' || value === undefined || value === '') continue
        found ??= {}
        found[field] ??= value
      }
    }
    id = part ? part.parent_span_id : traces.parentOf(innermost.trace_id, id)
  }
  return found
}
