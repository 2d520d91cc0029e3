/** What a request line asks for: which endpoint, and which path of its upstream. Pure. */

/** Of every path that is the proxy's. */
export const prefix = '/proxy/'

export interface Target {
  /** As configured: percent-encoding is undone. */
  endpoint: string
  /** Path and query below the endpoint, exactly as written; empty or starting with `/` or `?`. */
  rest: string
}

/** Null for a path that is none of the proxy's, such as an absolute URI. */
export function targetOf(url: string): Target | null {
  if (!url.startsWith(prefix)) return null
  let end = prefix.length
  while (end < url.length && url[end] !== '/' && url[end] !== '?') end++
  return { endpoint: decoded(url.slice(prefix.length, end)), rest: url.slice(end) }
}

/**
 * The upstream's request target: `base` (a path without a slash at its end) and the rest, byte for byte. Null when dot segments would
 * lead out of the base, however they are encoded.
 */
export function upstreamPath(base: string, rest: string): string | null {
  if (base !== '' && leaves(rest)) return null
  const path = base + rest
  return path.startsWith('/') ? path : `/${path}`
}

/** Servers differ in what they take for a separator or a dot: whatever one of them might is one here. */
function leaves(rest: string): boolean {
  const path = rest.split(/[?#]/, 1)[0] ?? ''
  if (!/\.|%2e/i.test(path)) return false
  let depth = 0
  for (const segment of path
    .replaceAll(/%2e/gi, '.')
    .replaceAll(/%2f|%5c|\\/gi, '/')
    .split('/')) {
    // What follows `;` are a segment's parameters to some servers.
    const [name] = segment.split(';', 1)
    if (name === '..') depth--
    else if (name !== '' && name !== '.') depth++
    if (depth < 0) return true
  }
  return false
}

function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
