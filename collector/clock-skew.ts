/** Clocks that disagree: a server that begins before it is called, or after its caller got the answer. */
import type { Span } from '../records/span.ts'

/** Half of the spans remembered, each for its other side to come: calls of a second or two where much is going on. */
const maxRemembered = 5_000

/** Clocks stay wrong: every eighth trace shows it at an eighth of the work. */
const looksAt = (traceId: string) => (traceId.charCodeAt(31) & 7) === 0

interface Side {
  trace_id: string
  kind: Span['kind']
  service: string
  /** Epoch µs. */
  start: number
  end: number
  failed: boolean
}

export interface Skew {
  caller: string
  callee: string
  /** How long the callee began before the call; negative when it began so long after the call's end. Microseconds. */
  earlyMicros: number
}

/** To be given every span, in any order; null where nothing is wrong with it and its other side, if that is known. */
export function createSkewCheck(toleranceMicros: number): (span: Span) => Skew | null {
  let young = new Map<string, Side>()
  let old = new Map<string, Side>()

  return (span) => {
    const { kind } = span
    if ((kind !== 'client' && kind !== 'server') || !looksAt(span.trace_id)) return null
    const call = kind === 'client' ? span.span_id : span.parent_span_id
    if (call === '') return null
    const side = sideOf(span)
    const other = young.get(call) ?? old.get(call)
    if (other && other.kind !== kind && other.trace_id === span.trace_id)
      return kind === 'client' ? skew(side, other, toleranceMicros) : skew(other, side, toleranceMicros)
    if (young.size >= maxRemembered) {
      old = young
      young = new Map()
    }
    young.set(call, side)
    return null
  }
}

function skew(client: Side, server: Side, tolerance: number): Skew | null {
  const early = client.start - server.start
  // A server may begin long after a caller that gave up.
  const late = client.failed ? 0 : server.start - client.end
  if (early <= tolerance && late <= tolerance) return null
  return { caller: client.service, callee: server.service, earlyMicros: early > tolerance ? early : -late }
}

const sideOf = ({ trace_id, kind, service, timestamp, duration_ms, status }: Span): Side => ({
  trace_id,
  kind,
  service,
  start: timestamp,
  end: timestamp + duration_ms * 1000,
  failed: status === 'error',
})
