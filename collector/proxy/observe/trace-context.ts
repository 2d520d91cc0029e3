/** W3C trace context: the call is a span of the client's trace, or begins one. https://www.w3.org/TR/trace-context/ */
import { randomFillSync } from 'node:crypto'

export interface TraceContext {
  trace_id: string
  span_id: string
  /** Empty for a root. */
  parent_span_id: string
  /** For the request upstream. */
  traceparent: string
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/
const zeros = /^0+$/

/** A header that is no valid traceparent is as good as none, as the standard wants. */
export function traceContext(header: string | string[] | undefined): TraceContext {
  const [, version = '', trace_id = '', parent = '', flags = ''] =
    (typeof header === 'string' && pattern.exec(header.trim())) || []
  const span_id = randomHex(8)
  if (version === '' || version === 'ff' || zeros.test(trace_id) || zeros.test(parent)) {
    const own = randomHex(16)
    return { trace_id: own, span_id, parent_span_id: '', traceparent: `00-${own}-${span_id}-01` }
  }
  return { trace_id, span_id, parent_span_id: parent, traceparent: `00-${trace_id}-${span_id}-${flags}` }
}

/** A random number costs little once there are many at hand. */
const pool = Buffer.alloc(4096)
let used = pool.length

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  const hex = pool.toString('hex', used - bytes, used)
  return zeros.test(hex) ? randomHex(bytes) : hex
}
