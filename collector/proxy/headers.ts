/** Which header fields pass on from one hop to the next (RFC 9110 §7.6.1): in the order and the spelling in which they came. Pure. */
import type { IncomingHttpHeaders } from 'node:http'

/** Names and values in turns, as node:http has them. */
export type RawHeaders = readonly string[]

/** Fields of a connection, whether or not Connection names them. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade'])
const notUpstream = new Set([...ofConnection, 'proxy-authorization'])
/** A Connection field that names one of these would change where a message ends, or to whom it goes. */
const ofMessage = new Set(['content-length', 'transfer-encoding', 'host', 'trailer'])
/** Addressed to us: the key of the proxy, and whom a call is for. */
const ours = 'x-inferwatch-'

export interface RequestRewrite {
  /** Instead of the client's. */
  host: string
  /** By lower-case name; replaces the client's field of that name. */
  added?: Readonly<Record<string, string>> | undefined
  /** Instead of the client's, in its place. */
  contentLength?: number | undefined
  /** Asks for this protocol. */
  upgrade?: string | undefined
}

export function requestHeaders(raw: RawHeaders, { connection, te }: IncomingHttpHeaders, rewrite: RequestRewrite) {
  const { host, added = {}, contentLength, upgrade } = rewrite
  const named = nominated(connection)
  const chunked = isChunked(raw)
  const headers: string[] = []
  let addressed = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'host') {
      if (!addressed) headers.push(name, host)
      addressed = true
      continue
    }
    if (notUpstream.has(lower) || named?.has(lower) || lower in added || lower.startsWith(ours)) continue
    if (lower === 'trailer' && !chunked) continue
    const value = lower === 'content-length' && contentLength !== undefined ? String(contentLength) : (raw[i + 1] ?? '')
    headers.push(name, value)
  }
  if (!addressed) headers.unshift('Host', host)
  for (const name in added) headers.push(name, added[name] ?? '')
  if (upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', upgrade)
  // Trailers are passed on, so a client that takes them may say so.
  else if (/(^|,)\s*trailers\b/i.test(String(te))) headers.push('Connection', 'TE', 'TE', 'trailers')
  return safelyOrdered(headers)
}

export interface AnswerFraming {
  /** Whether the client understands chunks. */
  chunks: boolean
  /** 204 and 304 have no body by definition. */
  bodiless: boolean
}

export function answerHeaders(raw: RawHeaders, connection: string | undefined, framing: AnswerFraming): string[] {
  const named = nominated(connection)
  const chunked = framing.chunks && !framing.bodiless && isChunked(raw)
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const lower = name.toLowerCase()
    if (ofConnection.has(lower) || named?.has(lower)) continue
    if ((lower === 'transfer-encoding' || lower === 'trailer') && !chunked) continue
    headers.push(name, raw[i + 1] ?? '')
  }
  return safelyOrdered(headers)
}

/** As `addTrailers` takes them. */
export function trailerPairs(raw: RawHeaders): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i] ?? '', raw[i + 1] ?? ''])
  return pairs
}

function isChunked(raw: RawHeaders): boolean {
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i]?.length === 17 && raw[i]?.toLowerCase() === 'transfer-encoding') return true
  return false
}

/** What Connection names besides the usual; null when nothing. */
function nominated(connection: string | undefined): ReadonlySet<string> | null {
  if (connection === undefined || connection.length === 0 || /^(keep-alive|close)$/i.test(connection)) return null
  const names = connection.split(',').map((name) => name.trim().toLowerCase())
  return new Set(names.filter((name) => !ofMessage.has(name)))
}

/** node:http re-encodes a Content-Disposition that comes after Content-Length: with letters beyond ASCII, the length goes last. */
function safelyOrdered(headers: string[]): string[] {
  const isAt = (i: number, name: string) => headers[i]?.length === name.length && headers[i]?.toLowerCase() === name
  for (let i = 0; i < headers.length; i += 2) {
    // oxlint-disable-next-line no-control-regex -- anything but ASCII is meant
    if (!isAt(i, 'content-disposition') || !/[^\x00-\x7f]/.test(headers[i + 1] ?? '')) continue
    const length = headers.findIndex((_, at) => at % 2 === 0 && isAt(at, 'content-length'))
    return length < 0 ? headers : [...headers.toSpliced(length, 2), ...headers.slice(length, length + 2)]
  }
  return headers
}
