/** What a client gets that the proxy itself must answer: the error of the vendor whose client it is, so that its SDK can read it. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { EndpointConfig } from '../config.ts'
import { discard } from '../otlp/body.ts'

/** Of a virtual key; also reasons of issues, which the inbox has words for. */
export const keyRefusalCodes = [
  'key_missing',
  'key_unknown',
  'key_expired',
  'key_revoked',
  'key_not_allowed',
  'requests_exhausted',
  'tokens_exhausted',
  'usd_exhausted',
] as const
export type KeyRefusalCode = (typeof keyRefusalCodes)[number]

/** Also the value of `x-inferwatch-error`, by which such an answer is told from an upstream's. */
export type RefusalCode =
  | 'unknown_endpoint'
  | 'proxy_disabled'
  | 'key_required'
  | KeyRefusalCode
  | 'cross_site'
  | 'foreign_host'
  | 'bad_path'
  | 'bad_request'
  | 'bad_framing'
  | 'body_too_large'
  | 'too_many_requests'
  | 'stopping'
  | 'upstream_unreachable'
  | 'upstream_invalid'
  | 'upstream_timeout'
  | 'request_timeout'

const statuses: Record<RefusalCode, number> = {
  unknown_endpoint: 404,
  proxy_disabled: 404,
  key_required: 401,
  key_missing: 401,
  key_unknown: 401,
  key_expired: 401,
  key_revoked: 401,
  key_not_allowed: 403,
  requests_exhausted: 429,
  tokens_exhausted: 429,
  usd_exhausted: 429,
  cross_site: 403,
  foreign_host: 421,
  bad_path: 400,
  bad_request: 400,
  bad_framing: 501,
  body_too_large: 413,
  too_many_requests: 503,
  stopping: 503,
  upstream_unreachable: 502,
  upstream_invalid: 502,
  upstream_timeout: 504,
  request_timeout: 408,
}

export interface Refusal {
  code: RefusalCode
  message: string
  /** Of a limit that is used up. */
  closed?: Closed
}

export interface Closed {
  /** What the limit allows. */
  most: number
  /** Epoch ms at which there is more of it. */
  opens_ms: number
  /** Seconds until then, rounded up. */
  wait_s: number
}

export interface RefusalAnswer {
  status: number
  headers: OutgoingHttpHeaders
  body: string
}

/** `kind` is the endpoint's, unknown before there is one. */
function refusalAnswer(kind: EndpointConfig['kind'] | undefined, refusal: Refusal): RefusalAnswer {
  const { code, message, closed } = refusal
  const status = statuses[code]
  const body = JSON.stringify(shapes[kind ?? 'other'](status, code, `inferwatch proxy: ${message}`, closed))
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-inferwatch-error': code,
    ...(status === 503 ? { 'retry-after': '1' } : {}),
    ...(closed ? waitHeaders(kind ?? 'other', code, closed) : {}),
    ...(kind === 'bedrock' ? { 'x-amzn-errortype': amazon[status] ?? 'InternalServerException' } : {}),
  }
  return { status, headers, body }
}

type Shape = (status: number, code: RefusalCode, message: string, closed: Closed | undefined) => object

const openai: Shape = (status, code, message) => ({
  error: {
    message,
    type: openaiTypes[code] ?? (status < 500 ? 'invalid_request_error' : 'server_error'),
    param: null,
    code: openaiCodes[code] ?? code,
  },
})

const openaiTypes: Partial<Record<RefusalCode, string>> = {
  requests_exhausted: 'requests',
  tokens_exhausted: 'tokens',
  usd_exhausted: 'insufficient_quota',
}

const openaiCodes: Partial<Record<RefusalCode, string>> = {
  key_missing: 'invalid_api_key',
  key_unknown: 'invalid_api_key',
  key_expired: 'invalid_api_key',
  key_revoked: 'invalid_api_key',
  requests_exhausted: 'rate_limit_exceeded',
  tokens_exhausted: 'rate_limit_exceeded',
  usd_exhausted: 'insufficient_quota',
}

/** Azure's gateway says 401 and 403 by number, and has two words of its own for what is used up. */
const azureCodes: Partial<Record<RefusalCode, string>> = {
  key_missing: '401',
  key_unknown: '401',
  key_expired: '401',
  key_revoked: '401',
  key_not_allowed: '403',
  requests_exhausted: 'RateLimitReached',
  tokens_exhausted: 'RateLimitReached',
  usd_exhausted: 'insufficient_quota',
}

const google: Shape = (status, _, message, closed) => ({
  error: {
    code: status,
    message,
    status: rpc[status] ?? 'UNKNOWN',
    ...(closed
      ? { details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${closed.wait_s}s` }] }
      : {}),
  },
})

/** Longer waits outlast any client's retries: those of OpenAI and Anthropic then leave them out. */
const worthRetryingS = 60

/** When there is more. Vendors' headers say what of requests or tokens is left: nothing. They have none for dollars. */
function waitHeaders(kind: EndpointConfig['kind'], code: RefusalCode, closed: Closed): OutgoingHttpHeaders {
  const { most, opens_ms, wait_s } = closed
  const headers: OutgoingHttpHeaders = { 'retry-after': String(wait_s) }
  if (wait_s > worthRetryingS) headers['x-should-retry'] = 'false'
  const what = openaiTypes[code]
  if (what !== 'requests' && what !== 'tokens') return headers
  if (kind === 'anthropic') {
    headers[`anthropic-ratelimit-${what}-limit`] = String(most)
    headers[`anthropic-ratelimit-${what}-remaining`] = '0'
    headers[`anthropic-ratelimit-${what}-reset`] = new Date(opens_ms).toISOString()
  } else if (kind === 'openai' || kind === 'azure') {
    headers[`x-ratelimit-limit-${what}`] = String(most)
    headers[`x-ratelimit-remaining-${what}`] = '0'
    headers[`x-ratelimit-reset-${what}`] = `${wait_s}s`
  }
  return headers
}

const shapes: Record<EndpointConfig['kind'], Shape> = {
  openai,
  azure: (_, code, message) => ({ error: { code: azureCodes[code] ?? code, message } }),
  anthropic: (status, _, message) => ({ type: 'error', error: { type: anthropic[status] ?? 'api_error', message } }),
  bedrock: (_, _code, message) => ({ message }),
  vertex: google,
  gemini: google,
  cohere: (_, _code, message) => ({ message }),
  mistral: (status, code, message) => ({ object: 'error', message, type: code, param: null, code: String(status) }),
  ollama: (_, _code, message) => ({ error: message }),
  other: openai,
}

const anthropic: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
}

const rpc: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const amazon: Record<number, string> = {
  400: 'ValidationException',
  401: 'AccessDeniedException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  413: 'ValidationException',
  429: 'ThrottlingException',
  503: 'ServiceUnavailableException',
  504: 'ModelTimeoutException',
}

const notRead: ReadonlySet<RefusalCode> = new Set(['bad_framing', 'request_timeout', 'stopping'])

/** Answers a request that was not passed on, or in vain; what is left of its body is read, or the connection closed. */
export async function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  kind?: EndpointConfig['kind'],
): Promise<void> {
  const { status, headers, body } = refusalAnswer(kind, refusal)
  // Where a body in an unknown coding ends is not for sure; who waits for leave to send one, or for nothing, sends no more.
  const isReadable = !notRead.has(refusal.code) && request.headers.expect === undefined
  const isRead = isReadable && (request.complete || (await discard(request)))
  if (response.headersSent || response.destroyed) return
  if (!isRead) headers['connection'] = 'close'
  response.writeHead(status, headers).end(body)
}
