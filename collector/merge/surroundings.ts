/** What lies around the calls of some traces. Linear in their spans, whatever the shape of the telemetry. Pure. */
import type { LlmRequest } from '../../records/llm-request.ts'
import { contextFields, type CallContext } from '../attribution.ts'
import { byStart, type OuterOf } from './group-calls.ts'
import type { Traces } from './resolve.ts'

export interface Surroundings {
  outerOf: OuterOf
  /** What the spans around a part say, the nearest one of each field; null for nothing. */
  contextAround: (part: LlmRequest) => CallContext | null
}

/** `ordered`: by `byStart`. */
export function surroundingsOf(ordered: readonly LlmRequest[], traces: Traces): Surroundings {
  const parts = new Map(ordered.map((part) => [part.trace_id + part.span_id, part]))
  const outers = outerParts(ordered, parts, traces)
  /** Of each span looked at: what it and those around it say. */
  const said = new Map<string, CallContext | null>()

  return {
    outerOf: (part) => outers.get(part) ?? null,
    contextAround({ trace_id, parent_span_id }) {
      const path: { key: string; own: CallContext | undefined }[] = []
      let context: CallContext | null = null
      for (let id: string | undefined = parent_span_id; id;) {
        const key = trace_id + id
        const known = said.get(key)
        if (known !== undefined) {
          context = known
          break
        }
        // Met again before it is known, it is a loop: nothing is around it.
        said.set(key, null)
        const part = parts.get(key)
        path.push({ key, own: part ?? traces.contextOf(trace_id, id) })
        id = part ? part.parent_span_id : traces.parentOf(trace_id, id)
      }
      for (const { key, own } of path.reverse()) {
        if (own) context = overlaid(own, context)
        said.set(key, context)
      }
      return context
    },
  }
}

function overlaid(own: CallContext, around: CallContext | null): CallContext | null {
  let context = around
  for (const field of contextFields) {
    const value = own[field]
    if (value === undefined || value === '' || value === context?.[field]) continue
    if (context === around) context = { ...around }
    ;(context as CallContext)[field] = value
  }
  return context
}

/** The nearest part around each part that has one. */
function outerParts(
  ordered: readonly LlmRequest[],
  parts: ReadonlyMap<string, LlmRequest>,
  traces: Traces,
): Map<LlmRequest, LlmRequest> {
  /** Of each span between two parts: the nearest part around it. */
  const nearest = new Map<string, LlmRequest | null>()
  const outers = new Map<LlmRequest, LlmRequest>()
  for (const part of ordered) {
    const path: string[] = []
    let found: LlmRequest | null = null
    for (let id: string | undefined = part.parent_span_id; id; id = traces.parentOf(part.trace_id, id)) {
      const key = part.trace_id + id
      const known = parts.get(key) ?? nearest.get(key)
      if (known !== undefined) {
        found = known
        break
      }
      // As above.
      nearest.set(key, null)
      path.push(key)
    }
    for (const key of path) nearest.set(key, found)
    if (found && found !== part) outers.set(part, found)
  }
  cutLoops(ordered, outers)
  return outers
}

/** Of spans that name each other as their parent, the one that began last has none. */
function cutLoops(ordered: readonly LlmRequest[], outers: Map<LlmRequest, LlmRequest>): void {
  const done = new Set<LlmRequest>()
  for (const part of ordered) {
    const path = new Set<LlmRequest>()
    let at: LlmRequest | undefined = part
    for (; at && !done.has(at) && !path.has(at); at = outers.get(at)) path.add(at)
    if (at && path.has(at)) {
      const loop = [...path].slice([...path].indexOf(at))
      const last = loop.toSorted(byStart).at(-1)
      if (last) outers.delete(last)
    }
    for (const each of path) done.add(each)
  }
}
