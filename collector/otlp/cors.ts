/** Lets pages of the configured origins send telemetry from a browser. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

/** Seconds; browsers cap it themselves, Chrome at this. */
const maxAge = '7200'
/** What exporters set; others, such as keys of gateways, are allowed as they are asked for. */
const usualHeaders = ['content-type', 'content-encoding', 'authorization']
const token = /^[\w!#$%&'*+.^`|~-]+$/

/** The headers of every answer to such a request. Empty while no origin is configured. */
export function corsHeaders(origins: readonly string[], { origin }: IncomingHttpHeaders): OutgoingHttpHeaders {
  if (origins.length === 0) return {}
  // Caches must not hand the answer for one origin to another, nor the one without permission.
  const vary = { vary: 'origin' }
  if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return vary
  return { ...vary, 'access-control-allow-origin': origin, 'access-control-expose-headers': 'retry-after' }
}

/** The further headers of the answer to a preflight; null when the request is none, or its origin may not send. */
export function preflightHeaders(
  origins: readonly string[],
  method: string | undefined,
  headers: IncomingHttpHeaders,
): OutgoingHttpHeaders | null {
  const cors = corsHeaders(origins, headers)
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return null
  if (!('access-control-allow-origin' in cors)) return null
  const asked = (headers['access-control-request-headers'] ?? '').split(',').map((name) => name.trim().toLowerCase())
  const allowed = new Set([...usualHeaders, ...asked.filter((name) => token.test(name))])
  return {
    ...cors,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': [...allowed].join(', '),
    'access-control-max-age': maxAge,
  }
}
