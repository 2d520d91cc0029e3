/** OTLP over HTTP: protobuf and JSON, plain and gzip, on node:http, which is the fastest intake that Node has. */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import { contentTypes, mediaTypes, Refusal, retryAfter, statusBody, type Encoding } from './answer.ts'
import { discard, unframed } from './body.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { createIntake } from './intake.ts'
import { bind } from './listen.ts'
import { endedWithin, type Receiver, type ReceiverOptions } from './receiver.ts'
import type { Signal } from './signal.ts'

/** Throws CannotListen. */
export async function startOtlpHttp(options: ReceiverOptions): Promise<Receiver> {
  const { listen, signals, log } = options
  const intake = createIntake('otlp_http', options)
  let routes = routesOf(signals, options.config.extra_paths)
  const active = new Set<Promise<void>>()

  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 5_000 },
    (request, response) => {
      const work = handle(request, response).finally(() => active.delete(work))
      active.add(work)
    },
  )
  server.maxConnections = 4_096
  const address = await bind(server, listen, 'otlp_http')
  server.on('error', (error) => log.error({ error: error.message }, 'otlp_http: server error'))

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request
    const { cors_origins } = intake.config
    const preflight = preflightHeaders(cors_origins, method, headers)
    if (preflight) return send(response, 204, preflight)
    const cors = corsHeaders(cors_origins, headers)
    const { type, encoding } = mediaOf(headers['content-type'])
    try {
      const body = await answer(request, encoding)
      if (body) send(response, 200, { ...cors, 'content-type': type }, body)
    } catch (error) {
      const { status, message } = intake.refusal(error)
      const extra: OutgoingHttpHeaders = {}
      if (!(await discard(request))) extra['connection'] = 'close'
      if (status === 503) extra['retry-after'] = String(retryAfter)
      if (status === 405) extra['allow'] = 'POST'
      const body = statusBody(encoding ?? 'json', status, message)
      send(response, status, { ...cors, ...extra, 'content-type': type }, body)
    }
  }

  function send(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body?: Buffer): void {
    intake.answered(status)
    if (response.destroyed) return
    response.writeHead(status, body ? { ...headers, 'content-length': body.length } : headers).end(body)
  }

  /** The body of a 200; null when the client went away. Throws what becomes a Refusal. */
  async function answer(request: IncomingMessage, encoding: Encoding | null): Promise<Buffer | null> {
    const { method, headers, url = '' } = request
    const path = url.split('?', 1)[0]?.replace(/\/$/, '') ?? ''
    const signal = routes.get(path)
    if (!signal) throw new Refusal(404, 'unknown_path', `POST to one of ${[...routes.keys()].join(', ')}`)
    if (method !== 'POST') throw new Refusal(405, 'method_not_allowed', `only POST ${path} is served`)
    intake.authorise(headers.authorization)
    if (!encoding) {
      const types = Object.values(contentTypes).join(' or ')
      throw new Refusal(415, 'content_type', `Content-Type must be ${types}`)
    }
    const framing = unframed(isGzip(headers['content-encoding']))
    return intake.take(signal, encoding, request, { declared: Number(headers['content-length'] ?? 0), framing })
  }

  let stopped: Promise<void> | null = null
  async function close(limitMs: number): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    await endedWithin(limitMs, active)
    server.closeAllConnections()
    await closed
  }

  return {
    address,
    stop(limitMs = 5_000) {
      stopped ??= close(limitMs)
      return stopped
    },
    reload(next) {
      intake.reload(next)
      routes = routesOf(signals, next.extra_paths)
    },
  }
}

/** By path, without a slash at its end. `extra` are prefixes, below which the specification's paths are served too. */
function routesOf(signals: readonly Signal[], extra: readonly string[]): Map<string, Signal> {
  return new Map(
    signals.flatMap((signal) => {
      const [standard = ''] = signal.paths
      const paths = [...signal.paths, ...extra.map((prefix) => prefix + standard)]
      return paths.map((path): [string, Signal] => [path, signal])
    }),
  )
}

/** What the answer is encoded as, which is what the request is; JSON where that is unknown. */
function mediaOf(contentType: string | undefined): { type: string; encoding: Encoding | null } {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const encoding = mediaTypes.get(type) ?? null
  return { type: encoding ? type : contentTypes.json, encoding }
}

/** Throws Refusal 415 for an encoding that OTLP does not name. */
function isGzip(contentEncoding: string | undefined): boolean {
  const encoding = (contentEncoding ?? '').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity' || encoding === 'none') return false
  if (encoding === 'gzip' || encoding === 'x-gzip') return true
  throw new Refusal(415, 'content_encoding', 'Content-Encoding must be gzip or absent')
}
