/** What a client gets that the proxy itself must answer: the error of the vendor whose client it is, so that its SDK can read it. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { EndpointConfig } from '../config.ts'
import { discard } from '../otlp/body.ts'

/** Also the value of `x-inferwatch-error`, by which such an answer is told from an upstream's. */
export type RefusalCode =
  | 'unknown_endpoint'
  | 'proxy_disabled'
  | 'key_required'
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
}

export interface RefusalAnswer {
  status: number
  headers: OutgoingHttpHeaders
  body: string
}

/** `kind` is the endpoint's, unknown before there is one. */
export function refusalAnswer(kind: EndpointConfig['kind'] | undefined, { code, message }: Refusal): RefusalAnswer {
  const status = statuses[code]
  const body = JSON.stringify(shapes[kind ?? 'other'](status, code, `inferwatch proxy: ${message}`))
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-inferwatch-error': code,
    ...(status === 503 ? { 'retry-after': '1' } : {}),
    ...(kind === 'bedrock' ? { 'x-amzn-errortype': amazon[status] ?? 'InternalServerException' } : {}),
  }
  return { status, headers, body }
}

type Shape = (status: number, code: RefusalCode, message: string) => object

const openai: Shape = (status, code, message) => ({
  error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code },
})

const google: Shape = (status, _, message) => ({ error: { code: status, message, status: rpc[status] ?? 'UNKNOWN' } })

const shapes: Record<EndpointConfig['kind'], Shape> = {
  openai,
  azure: (_, code, message) => ({ error: { code, message } }),
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
  503: 'overloaded_error',
  504: 'timeout_error',
}

const rpc: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
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
