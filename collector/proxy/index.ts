/**
 * The pass-through proxy: `/proxy/<endpoint>/…` is answered by that endpoint's upstream, byte for byte, and observed. It stands on
 * the raw server, before whatever else is served on the port.
 */
import { ServerResponse, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { durationMs } from '../../records/duration.ts'
import type { EndpointConfig, ProxyConfig } from '../config.ts'
import type { IssueLog } from '../issues.ts'
import { createAccess, type Access } from './access.ts'
import { Call } from './call.ts'
import { Calls } from './calls.ts'
import { beginObservation } from './guard.ts'
import { acceptHttp2, type Http2Clients } from './http2/incoming.ts'
import { credentialOf, swapKey, trailersWithout, withoutKeys } from './keys/credential.ts'
import { isRefusal, type Keys } from './keys/index.ts'
import type { CallObserver } from './observer.ts'
import { answerRefusal, type Refusal } from './refusal.ts'
import { prefix, targetOf, upstreamPath } from './target.ts'
import { Upstream, type ProxiedEndpoint } from './upstream.ts'

export interface ProxyOptions {
  config: ProxyConfig
  endpoints: readonly EndpointConfig[]
  observer: CallObserver
  /** Without, there are no virtual keys. */
  keys?: Keys
  issues: IssueLog
  log: Logger
}

export interface Proxy {
  /** For the server that it is put on. */
  serverOptions: ServerOptions
  /** Answers what is below /proxy/ and leaves the rest to `otherwise`. Once, before the server listens. */
  attach(server: Server, otherwise: RequestListener): void
  /** Takes a new configuration, for the calls that begin from now on; max_header_bytes of requests apart. */
  reload(config: ProxyConfig, endpoints: readonly EndpointConfig[]): void
  /** Lets no further call begin, and the others end within `limitMs` (proxy.timeouts.drain unless said). Idempotent. */
  stop(limitMs?: number): Promise<void>
}

/** Observes nothing. */
export const unobserved: CallObserver = { begin: () => null }

/** The clocks drift apart: a wall clock that was set right is followed after this. */
const driftMs = 50

export function createProxy(options: ProxyOptions): Proxy {
  const { observer, issues, log, keys } = options
  let config = options.config
  let upstreams = upstreamsOf(options, new Map(), log)
  let access: Access | null = null
  let listening: Server | null = null
  let http2Clients: Http2Clients | null = null
  let origin = Date.now() - performance.now()
  const calls = new Calls(config)

  function now(): number {
    const drifted = Date.now() - performance.now()
    if (Math.abs(drifted - origin) > driftMs) origin = drifted
    return origin + performance.now()
  }

  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    upgrade?: { protocol: string; head: Buffer },
  ): void {
    const { url = '', headers, method = 'GET' } = request
    const target = targetOf(url)
    const upstream = upstreams.get(target?.endpoint ?? '')
    const refuse = (refusal: Refusal) => void answerRefusal(request, response, refusal, upstream?.endpoint.kind)
    const presented = keys?.present(request, target) ?? null
    if (presented && isRefusal(presented)) return refuse(presented)
    // Whoever has a key that fits needs no other leave.
    const denied = presented ? null : mayCall(headers, upstream?.endpoint.origins ?? [])
    if (denied) return refuse(denied)
    if (!config.enabled) return refuse({ code: 'proxy_disabled', message: 'is switched off (proxy.enabled)' })
    if (!target || !upstream) return refuse(unknown(target?.endpoint ?? '', upstreams))
    const carried = { rawHeaders: request.rawHeaders, rest: target.rest }
    const { rawHeaders, rest } = presented
      ? swapKey(carried, presented.secret, credentialOf(upstream.endpoint, target.rest))
      : carried
    const path = upstreamPath(upstream.base, rest)
    if (path === null) return refuse({ code: 'bad_path', message: 'the path leads out of the endpoint’s upstream' })
    const full = calls.full(upstream) ?? badFraming(request)
    const use = presented && !full ? keys?.begin(presented) : undefined
    if (use && isRefusal(use)) return refuse(use)
    const startedMs = now()
    const start = {
      endpoint: upstream.endpoint.name,
      method,
      path: rest,
      headers: presented ? withoutKeys(headers, presented.secret) : headers,
      startedMs,
      key: use,
    }
    const observed = beginObservation(observer, start, issues)
    if (!observed) use?.settleUnread(upgrade !== undefined || !harmless.has(method))
    const call = new Call({
      request,
      rawHeaders,
      trailers: (raw) => (presented ? trailersWithout(raw, presented.secret) : raw),
      response,
      upstream,
      path,
      observed,
      origin,
      maxBodyBytes: config.max_body_bytes,
      maxRewrittenBytes: config.max_rewritten_bytes,
      calls,
      onclosed: () => use?.ended(),
      ...(upgrade ? { upgrade } : {}),
    })
    call.start(full)
  }

  function mayCall(headers: IncomingMessage['headers'], origins: readonly string[]): Refusal | null {
    access ??= createAccess({ exposed: isExposed(listening), keys: config.api_keys, hosts: config.hosts })
    return access(headers, origins)
  }

  return {
    serverOptions: {
      maxHeaderSize: config.max_header_bytes,
      // An upload may take long; one that no longer moves is ended by its call.
      requestTimeout: 3_600_000,
      headersTimeout: 60_000,
      keepAliveTimeout: 65_000,
      shouldUpgradeCallback: mayUpgrade,
    },
    attach(server, otherwise) {
      listening = server
      http2Clients = acceptHttp2(server, config.max_header_bytes)
      // Their size is bounded: none may be left out for their number.
      server.maxHeadersCount = 0
      server.on('request', (request, response) => {
        if (isOurs(request)) serve(request, response)
        else otherwise(request, response)
      })
      server.on('checkContinue', (request: IncomingMessage, response) => {
        if (isOurs(request)) serve(request, response)
        else {
          response.writeContinue()
          otherwise(request, response)
        }
      })
      server.on('checkExpectation', (request: IncomingMessage, response) => {
        if (isOurs(request)) serve(request, response)
        else response.writeHead(417).end()
      })
      server.on('upgrade', (request: IncomingMessage, socket, head) => {
        const response = respondOn(socket as Socket, request)
        serve(request, response, { protocol: request.headers.upgrade ?? '', head })
      })
    },
    reload(next, endpoints) {
      config = next
      access = null
      calls.reload(next)
      upstreams = upstreamsOf({ config, endpoints }, upstreams, log)
    },
    async stop(limitMs = durationMs(config.timeouts.drain)) {
      const until = performance.now() + limitMs
      await calls.stop(limitMs)
      await http2Clients?.stop(Math.max(0, until - performance.now()))
      for (const upstream of upstreams.values()) upstream.close()
    },
  }
}

const isOurs = ({ url = '' }: IncomingMessage) => url.startsWith(prefix)

/**
 * Clients that offer HTTP/2 over cleartext with every request go on without it, as with any server that has none; and a body would be
 * taken for the other protocol.
 */
function mayUpgrade(request: IncomingMessage): boolean {
  const { upgrade = '', 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers
  return isOurs(request) && !/(^|,)\s*h2c\b/i.test(upgrade) && length === '0' && encoding === undefined
}

/** For an upgrade that is refused, by us or by the upstream: the server has let go of the socket. */
function respondOn(socket: Socket, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request)
  socket.on('error', () => undefined)
  noticeEnd(socket)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => {
    response.detachSocket(socket)
    socket.destroySoon()
    response.emit('close')
  })
  return response
}

/** Nobody reads it yet: without this, a client that goes away meanwhile would not be missed. */
function noticeEnd(socket: Socket): void {
  socket.on('readable', () => {
    if (socket.readableLength === 0) socket.read()
  })
  socket.on('end', () => socket.destroySoon())
}

/** Other codings than chunks belong to one connection, and would have to be undone here. */
function badFraming({ headers }: IncomingMessage): Refusal | null {
  const coding = headers['transfer-encoding']
  if (coding === undefined || coding.toLowerCase() === 'chunked') return null
  return { code: 'bad_framing', message: 'of transfer codings only chunked is passed on' }
}

function unknown(name: string, upstreams: ReadonlyMap<string, Upstream>): Refusal {
  const known = [...upstreams.keys()].map((endpoint) => prefix + encodeURIComponent(endpoint)).join(', ')
  const message = `no endpoint "${name.slice(0, 100)}" with an upstream; ${known ? `there is ${known}` : 'none is configured'}`
  return { code: 'unknown_endpoint', message }
}

function isExposed(server: Server | null): boolean {
  const address = server?.address()
  if (!address || typeof address === 'string') return true
  return !/^(127\.|::1$|::ffff:127\.)/.test(address.address)
}

/** One that is configured as before is kept, with its connections. */
function upstreamsOf(
  { config, endpoints }: Pick<ProxyOptions, 'config' | 'endpoints'>,
  before: ReadonlyMap<string, Upstream>,
  log: Logger,
): Map<string, Upstream> {
  const upstreams = new Map<string, Upstream>()
  const { timeouts, max_header_bytes } = config
  const connection = { timeouts, max_header_bytes }
  for (const endpoint of endpoints) {
    if (!isProxied(endpoint)) continue
    const known = before.get(endpoint.name)
    if (known && JSON.stringify([known.endpoint, known.config]) === JSON.stringify([endpoint, connection])) {
      upstreams.set(endpoint.name, known)
      continue
    }
    try {
      upstreams.set(endpoint.name, new Upstream(endpoint, connection))
    } catch (error) {
      log.error(`endpoint ${endpoint.name} is not served by the proxy: ${(error as Error).message}`)
    }
  }
  for (const [name, upstream] of before) if (upstreams.get(name) !== upstream) upstream.close()
  return upstreams
}

const isProxied = (endpoint: EndpointConfig): endpoint is ProxiedEndpoint => endpoint.upstream !== undefined

/** What they ask for costs nothing where it is no call of a model. */
const harmless = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE'])
