/**
 * Which spans report one and the same call. A client, a framework around it, a gateway and the inference server may each
 * report it: they lie within each other, or carry the same id of the provider. Pure, and blind to the order of arrival.
 */
import type { CallRole, LlmRequest } from '../../records/llm-request.ts'

/** The reports of one call, the outermost first. */
export type Call = readonly [LlmRequest, ...LlmRequest[]]

export interface Grouping {
  calls: Call[]
  /** Spans that sum up several calls below them, such as those of agents: no calls of their own. */
  summaries: LlmRequest[]
  /** Which try of its call a part was, where there were several. */
  attempts: Map<LlmRequest, number>
}

/** The nearest part around a part, or null. */
export type OuterOf = (part: LlmRequest) => LlmRequest | null

/** `ordered`: parts of one trace, or of several that share ids of the provider, by `byStart`. */
export function groupCalls(ordered: readonly LlmRequest[], outerOf: OuterOf): Grouping {
  const attempts = new Map<LlmRequest, number>()
  const within = new Map<LlmRequest, LlmRequest[]>()
  for (const part of ordered) {
    const outer = outerOf(part)
    if (!outer) continue
    const inner = within.get(outer)
    if (inner) inner.push(part)
    else within.set(outer, [part])
  }
  /** For each part the one within it that reports the same call. */
  const same = new Map<LlmRequest, LlmRequest>()
  const summaries = new Set<LlmRequest>()
  // From the inside out: what a summary holds counts as held by what is around it.
  for (const part of insideOut(ordered, outerOf)) {
    const inner = (within.get(part) ?? []).flatMap((item) => (summaries.has(item) ? (within.get(item) ?? []) : [item]))
    within.set(part, inner)
    const found = sameCall(part, inner)
    if (found === 'summary') summaries.add(part)
    else if (found) {
      same.set(part, found.last)
      if (found.tries.length > 1) found.tries.forEach((item, index) => attempts.set(item, index + 1))
    }
  }
  const continued = new Set(same.values())
  const chains = ordered
    .filter((part) => !continued.has(part) && !summaries.has(part))
    .map((part) => chainFrom(part, same))
  return { calls: joinById(chains), summaries: ordered.filter((part) => summaries.has(part)), attempts }
}

/** The same order, however the parts came. */
export const byStart = (a: LlmRequest, b: LlmRequest) =>
  a.timestamp - b.timestamp || compare(a.trace_id, b.trace_id) || compare(a.span_id, b.span_id)
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function insideOut(parts: readonly LlmRequest[], outerOf: OuterOf): LlmRequest[] {
  const depth = new Map<LlmRequest, number>()
  for (const part of parts) {
    const path: LlmRequest[] = []
    let at: LlmRequest | null = part
    for (; at && !depth.has(at); at = outerOf(at)) path.push(at)
    let steps = (at && depth.get(at)) ?? -1
    for (const each of path.reverse()) depth.set(each, ++steps)
  }
  return parts.toSorted((a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0))
}

function chainFrom(part: LlmRequest, same: ReadonlyMap<LlmRequest, LlmRequest>): Call {
  const chain: [LlmRequest, ...LlmRequest[]] = [part]
  for (let next = same.get(part); next; next = same.get(next)) chain.push(next)
  return chain
}

/** What is within a part: its own call again (after failed tries of it), calls that it sums up, or other calls. */
function sameCall(
  part: LlmRequest,
  inner: readonly LlmRequest[],
): { last: LlmRequest; tries: readonly LlmRequest[] } | 'summary' | null {
  const fitting = inner.filter((item) => family(item) === family(part) && !contradicts(part, item))
  const [only, ...more] = fitting
  if (!only) return null
  if (more.length === 0) return { last: only, tries: fitting }
  const last = fitting.at(-1) ?? only
  if (fitting.every((item) => item === last || failed(item))) return { last, tries: fitting }
  // One of them is the call, the others stand beside it, as a guardrail's do.
  const alike = fitting.filter((item) => sameId(part, item))
  const counted = alike.length > 0 ? alike : fitting.filter((item) => sameUsage(part, item))
  const [match, another] = counted
  if (match && !another) return { last: match, tries: [match] }
  return 'summary'
}

const failed = ({ status }: LlmRequest) => status !== 'ok' && status !== 'filtered'

/** Embedding a text is never part of generating one. */
function family({ operation }: LlmRequest): string {
  return generating.has(operation) ? 'generate' : operation
}
const generating = new Set(['', 'chat', 'text_completion', 'generate_content', 'generate', 'completion'])

/** Both counted the answer, and counted too differently for it to be one answer. */
function contradicts(a: LlmRequest, b: LlmRequest): boolean {
  if (sameId(a, b) || a.usage_source === 'estimated' || b.usage_source === 'estimated') return false
  if (a.output_tokens === null || b.output_tokens === null) return false
  const [most, least] = [Math.max(a.output_tokens, b.output_tokens), Math.min(a.output_tokens, b.output_tokens)]
  return most - least > Math.max(toleratedTokens, most * toleratedShare)
}
/** Servers and vendors differ over special tokens and reasoning. */
const toleratedTokens = 16
const toleratedShare = 0.2

const sameId = (a: LlmRequest, b: LlmRequest) => usableId(a.request_id) && a.request_id === b.request_id

function sameUsage(a: LlmRequest, b: LlmRequest): boolean {
  return a.output_tokens !== null && a.output_tokens === b.output_tokens && a.input_tokens === b.input_tokens
}

/** Short ids are counters or placeholders. */
export const usableId = (id: string) => id.length >= 8

const ranks: Record<CallRole, number> = { framework: 0, client: 1, gateway: 2, engine: 3 }
/** Clocks of different machines agree to this, mostly. */
const toleratedSkewMs = 2_000

/**
 * Reports that no trace context connects, but the provider's id does: at the same time, from different places on the way.
 * A server that gives every call the same id connects nothing.
 */
function joinById(chains: readonly Call[]): Call[] {
  const byId = new Map<string, Call[]>()
  for (const chain of chains) {
    const id = chain.find((part) => usableId(part.request_id))?.request_id
    if (id === undefined) continue
    const found = byId.get(id)
    if (found) found.push(chain)
    else byId.set(id, [chain])
  }
  const joined = new Map<Call, Call | null>()
  for (const found of byId.values()) {
    if (found.length < 2) continue
    const ordered = found.toSorted((a, b) => rankOf(a) - rankOf(b) || byStart(a[0], b[0]))
    if (!ordered.every((chain, index) => index === 0 || canFollow(ordered[index - 1] as Call, chain))) continue
    const [first, ...rest] = ordered
    if (!first) continue
    joined.set(first, [...first, ...rest.flat()])
    for (const chain of rest) joined.set(chain, null)
  }
  return chains.flatMap((chain) => {
    const call = joined.get(chain)
    return call === undefined ? [chain] : call === null ? [] : [call]
  })
}

const rankOf = (chain: Call) => ranks[chain[0].role]

function canFollow(outer: Call, inner: Call): boolean {
  const [a, b] = [outer.at(-1) ?? outer[0], inner[0]]
  return ranks[a.role] < ranks[b.role] && family(a) === family(b) && overlap(a, b) && !contradictsUsage(a, b)
}

/** The same id proves nothing here: it is what brought the two together. */
function contradictsUsage(a: LlmRequest, b: LlmRequest): boolean {
  return contradicts({ ...a, request_id: '' }, b)
}

function overlap(a: LlmRequest, b: LlmRequest): boolean {
  const end = (part: LlmRequest) => part.timestamp + (part.duration_ms ?? 0) * 1000
  const skew = toleratedSkewMs * 1000
  return a.timestamp <= end(b) + skew && b.timestamp <= end(a) + skew
}
