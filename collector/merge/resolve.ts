/** From what is known of some traces to the rows that they should have. Pure: any order of arrival ends in the same rows. */
import type { LlmRequest } from '../../records/llm-request.ts'
import { contextFields, type CallContext } from '../attribution.ts'
import { byStart, groupCalls, type Call } from './group-calls.ts'
import { mergeParts } from './merge-call.ts'
import { surroundingsOf } from './surroundings.ts'

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

export function resolveTraces(traces: Traces): Resolution {
  const ordered = traces.parts.toSorted(byStart)
  const { outerOf, contextAround } = surroundingsOf(ordered, traces)
  const { calls, summaries, attempts } = groupCalls(ordered, outerOf)
  return {
    summaries,
    calls: calls.map((parts) => {
      const attempt = Math.max(...parts.map((part) => attempts.get(part) ?? part.attempt))
      const merged = mergeParts(parts)
      const context = inherited(merged, contextAround(parts.at(-1) ?? merged))
      if (context === null && attempt === merged.attempt) return { row: merged, parts }
      const inherited_fields = [...Object.keys(context ?? {}), ...(attempt === merged.attempt ? [] : ['attempt'])]
      return { row: { ...merged, ...context, attempt, inherited_fields: inherited_fields.sort() }, parts }
    }),
  }
}

/** What the spans around a call say where the call itself is silent; null when nothing is added. */
function inherited(row: LlmRequest, around: CallContext | null): CallContext | null {
  if (around === null) return null
  let found: CallContext | null = null
  for (const field of contextFields) {
    const value = around[field]
    if (row[field] !== '' || value === undefined || value === '') continue
    found ??= {}
    found[field] = value
  }
  return found
}
