/** Header fields between HTTP/1.1, in which a call came, and HTTP/2 (RFC 9113 §8). Pure. */
import type { RawHeaders } from '../headers.ts'

/** HTTP/2 frames messages itself and names the host in :authority. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host'])

/** Heads are bounded by their size: none may be left out for the number of its fields. */
const maxFields = 2 ** 16
/** No bound of its own on what is sent: what came was bounded. */
const maxSentBytes = 2 ** 30

/** For sessions and servers of node:http2: what is sent twice is passed on twice (not in the types of Node 24), and as many fields. */
export const lenient: object = {
  strictSingleValueFields: false,
  maxHeaderListPairs: maxFields,
  maxSendHeaderBlockLength: maxSentBytes,
}

export interface RequestHead {
  method: string
  path: string
  scheme: 'http' | 'https'
  authority: string
}

/** As `session.request` takes them. */
export function http2Request({ method, path, scheme, authority }: RequestHead, raw: RawHeaders): string[] {
  const headers = [':method', method, ':scheme', scheme, ':authority', authority, ':path', path]
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const value = raw[i + 1] ?? ''
    if (ofConnection.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers')) continue
    headers.push(name, value)
  }
  return headers
}

/** Without what begins with a colon. `chunked`: the body's length is not known beforehand, so that trailers may follow. */
export function http1Answer(raw: RawHeaders, { chunked }: { chunked: boolean }): string[] {
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2) if (!raw[i]?.startsWith(':')) headers.push(raw[i] ?? '', raw[i + 1] ?? '')
  if (chunked) headers.push('transfer-encoding', 'chunked')
  return headers
}

/** As `sendTrailers` takes them; those of one name become a list. */
export function http2Trailers(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const trailers: Record<string, string[]> = {}
  for (const [name, value] of pairs) (trailers[name.toLowerCase()] ??= []).push(value)
  return trailers
}

/** What came over HTTP/2, as HTTP/1.1 sends it. `hasBody`: one follows, in chunks unless its length is given. */
export function http1Request(raw: RawHeaders, { hasBody }: { hasBody: boolean }): string[] {
  const headers: string[] = []
  let cookieAt = -1
  let isFramed = !hasBody
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    if (name === ':authority') headers.push('host', value)
    // One field in HTTP/1.1, whatever the pieces.
    else if (name === 'cookie' && cookieAt >= 0) headers[cookieAt] += `; ${value}`
    else if (!name.startsWith(':') && !(name === 'host' && headers[0] === 'host')) headers.push(name, value)
    if (name === 'cookie' && cookieAt < 0) cookieAt = headers.length - 1
    if (name === 'content-length') isFramed = true
  }
  if (!isFramed) headers.push('transfer-encoding', 'chunked')
  return headers
}

/** An answer of HTTP/1.1, as `stream.respond` takes it. */
export function http2Answer(status: number, raw: RawHeaders): string[] {
  const headers = [':status', String(status)]
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    if (!ofConnection.has(name)) headers.push(name, raw[i + 1] ?? '')
  }
  return headers
}
