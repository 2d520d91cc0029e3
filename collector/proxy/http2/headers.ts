/** Header fields between HTTP/1.1, in which a call came, and HTTP/2 (RFC 9113 §8). Pure. */
import type { RawHeaders } from '../headers.ts'

/** HTTP/2 frames messages itself and names the host in :authority. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'host'])

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
