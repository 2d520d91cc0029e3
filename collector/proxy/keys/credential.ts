/** Where a request carries its key, and how the endpoint's own takes its place. Pure. */
import type { IncomingHttpHeaders } from 'node:http'
import type { EndpointConfig } from '../../config.ts'
import type { RawHeaders } from '../headers.ts'

/** By this a virtual key is told from a vendor's. */
export const keyPrefix = 'iw-'

/** Where vendors' clients put keys; the last is what AWS adds to a signature. */
const keyHeaders = new Set(['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-amz-security-token'])
const ownHeader = 'x-inferwatch-key'
const queryNames = new Set(['key', 'api-key', 'api_key', 'access_token'])
const keyInQuery = /[?&](?:key|api[-_]key|access_token)=/
/** A browser can set no header of a WebSocket: OpenAI takes the key among the protocols. */
const protocolHeader = 'sec-websocket-protocol'
const protocolKey = 'openai-insecure-api-key.'

export interface Carried {
  rawHeaders: RawHeaders
  /** Path and query below the endpoint. */
  rest: string
}

/**
 * The first virtual key that a request carries, known or not; null when it has none. Keys of the proxy stand in `x-inferwatch-key` as
 * well, and may look like one: `isApiKey` tells them.
 */
export function findKey({ rawHeaders, rest }: Carried, isApiKey: (text: string) => boolean): string | null {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const secret = secretIn(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
    if (secret !== null && !(rawHeaders[i]?.toLowerCase() === ownHeader && isApiKey(secret))) return secret
  }
  if (!keyInQuery.test(rest)) return null
  const [, query] = splitQuery(rest)
  return query.split('&').map(secretInPair).find(isText) ?? null
}

/** The same request without any virtual key, and with the credential in place of all keys when there is one. */
export function swapKey({ rawHeaders, rest }: Carried, secret: string, credential: Credential | null): Carried {
  const headers: string[] = []
  let due = credential
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === protocolHeader) {
      const others = value.split(',').filter((protocol) => !isVirtual(protocolSecret(protocol)))
      if (others.length > 0) headers.push(name, others.join(',').trim())
    } else if (isReplaced(lower, name, value, credential) || value.includes(secret)) {
      if (due) headers.push(due.name, due.value)
      due = null
    } else headers.push(name, value)
  }
  if (due) headers.push(due.name, due.value)
  return { rawHeaders: headers, rest: queryWithoutKeys(rest, secret, credential) }
}

/** For those who only read them. */
export function withoutKeys(headers: IncomingHttpHeaders, secret: string): IncomingHttpHeaders {
  const left = { ...headers }
  for (const name in left) if (readsLikeKey(name) || String(left[name]).includes(secret)) delete left[name]
  return left
}

const readsLikeKey = (name: string) => keyHeaders.has(name) || name === ownHeader || name === protocolHeader

/** Trailers, which no key belongs in. */
export function trailersWithout(rawTrailers: RawHeaders, secret: string): string[] {
  return rawTrailers.flatMap((name, i) => {
    const value = rawTrailers[i + 1] ?? ''
    return i % 2 === 1 || value.includes(secret) ? [] : [name, value]
  })
}

export interface Credential {
  name: string
  value: string
}

/** The endpoint's own key, as its kind takes it; null when none is configured. */
export function credentialOf(
  { kind, api_key }: Pick<EndpointConfig, 'kind' | 'api_key'>,
  rest: string,
): Credential | null {
  return api_key === undefined ? null : forms[kind](api_key, rest)
}

type Form = (key: string, rest: string) => Credential

const bearer: Form = (key) => ({ name: 'Authorization', value: `Bearer ${key}` })
const header =
  (name: string): Form =>
  (value) => ({ name, value })
const google = header('x-goog-api-key')

const forms: Record<EndpointConfig['kind'], Form> = {
  openai: bearer,
  anthropic: header('x-api-key'),
  azure: header('api-key'),
  // Signatures of AWS cannot be made here: its API keys need none.
  bedrock: bearer,
  // Access tokens begin like this; other keys are API keys.
  vertex: (key, rest) => (key.startsWith('ya29.') ? bearer : google)(key, rest),
  // What speaks OpenAI's API there takes its header.
  gemini: (key, rest) => (rest.includes('/openai/') ? bearer : google)(key, rest),
  cohere: bearer,
  mistral: bearer,
  ollama: bearer,
  other: bearer,
}

function isReplaced(lower: string, name: string, value: string, credential: Credential | null): boolean {
  if (lower === ownHeader) return true
  return keyHeaders.has(lower) && (credential !== null || secretIn(name, value) !== null)
}

/** The virtual key in one header, or null. */
function secretIn(name: string, value: string): string | null {
  const isBasic = name.length === 'authorization'.length && /^basic /i.test(value)
  if (!isBasic && !value.includes(keyPrefix)) return null
  const lower = name.toLowerCase()
  if (lower === protocolHeader) return value.split(',').map(protocolSecret).find(isVirtual) ?? null
  if (!keyHeaders.has(lower) && lower !== ownHeader) return null
  const given = isBasic ? basicPassword(value) : value.trim().replace(/^[\w-]+\s+/, '')
  return isVirtual(given) ? given : null
}

/** Of `user:password`; clients that have but one put the key in either. */
function basicPassword(value: string): string {
  const [user = '', password = ''] = Buffer.from(value.slice(6), 'base64').toString().split(':', 2)
  return isVirtual(user) ? user : password
}

function protocolSecret(protocol: string): string {
  const trimmed = protocol.trim()
  return trimmed.startsWith(protocolKey) ? trimmed.slice(protocolKey.length) : ''
}

function secretInPair(pair: string): string | undefined {
  const [name, value] = decodedPair(pair)
  return queryNames.has(name) && isVirtual(value) ? value : undefined
}

/** Byte for byte, apart from the pairs that are left out. */
function queryWithoutKeys(rest: string, secret: string, credential: Credential | null): string {
  if (!rest.includes('?')) return rest
  const [path, query] = splitQuery(rest)
  // Google's key in a query would stand against the one in the header.
  const isGoogle = credential?.name === 'x-goog-api-key'
  const pairs = query.split('&').filter((pair) => !holdsKey(pair, secret) && !(isGoogle && pair.startsWith('key=')))
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

const holdsKey = (pair: string, secret: string) =>
  secretInPair(pair) !== undefined || decodedPair(pair).some((text) => text.includes(secret))

function splitQuery(rest: string): [path: string, query: string] {
  const at = rest.indexOf('?')
  return at === -1 ? [rest, ''] : [rest.slice(0, at), rest.slice(at + 1)]
}

function decodedPair(pair: string): [name: string, value: string] {
  const [entry] = new URLSearchParams(pair)
  return entry ?? ['', '']
}

const isVirtual = (text: string) => text.startsWith(keyPrefix)
const isText = (text: string | undefined) => text !== undefined
