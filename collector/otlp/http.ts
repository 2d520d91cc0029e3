/** OTLP over HTTP: protobuf and JSON, plain and gzip, on node:http, which is the fastest intake that Node has. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { metrics } from '@opentelemetry/api'
import type { Logger } from 'pino'
import type { IngestConfig } from '../config.ts'
import type { IssueLog } from '../issues.ts'
import { SpoolFull } from '../spool/index.ts'
import { contentTypes, exportBody, Refusal, retryAfter, statusBody, type Encoding } from './answer.ts'
import { BodyReader, discard, type Body } from './body.ts'
import { countJson, countProtobuf, unstored, type Unstored } from './count-items.ts'
import { decodeJson } from './decode-json.ts'
import { decodeProtobuf } from './decode-protobuf.ts'
import { DecodeError, type Findings } from './findings.ts'
import { ByteGate } from './gate.ts'
import type { DecodedTraces } from './validate.ts'

const source = 'otlp_http'
/** Bodies in memory may always take this much, however small one may be. */
const leastMemory = 64 * 2 ** 20
/** The second is where Langfuse's SDK sends its traces. */
const tracePaths = new Set(['/v1/traces', '/api/public/otel/v1/traces'])
const served = [...tracePaths, ...Object.keys(unstored)].join(', ')

export interface ReceiverOptions {
  /** host:port; port 0 picks a free one. */
  listen: string
  config: IngestConfig
  /** Resolves once every span is durable. SpoolFull becomes 503. */
  accept: (decoded: DecodedTraces) => Promise<void>
  issues: IssueLog
  log: Logger
  /** Epoch ms. */
  clock?: () => number
}

export interface Receiver {
  /** host:port that it is bound to. */
  address: string
  /** Takes no new requests and waits for the ones it has, for at most `limitMs`. Idempotent. */
  stop(limitMs?: number): Promise<void>
  /** Takes new keys and limits from the next request on. */
  reload(config: IngestConfig): void
}

/** Throws when the address cannot be bound, with what to do. */
export async function startOtlpHttp(options: ReceiverOptions): Promise<Receiver> {
  const { listen, accept, issues, log, clock = Date.now } = options
  let { config } = options
  const gate = new ByteGate(Math.max(config.max_body_bytes * 4, leastMemory), 1_000)
  const bodies = new BodyReader(gate)
  let authorised = authoriser(config.api_keys)
  const meters = receiverMetrics(gate)
  const active = new Set<Promise<void>>()

  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 5_000 },
    (request, response) => {
      const work = handle(request, response).finally(() => active.delete(work))
      active.add(work)
    },
  )
  server.maxConnections = 4_096
  await bind()

  async function bind(): Promise<void> {
    const { host, port } = parseAddress(listen)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject).listen(port, host, resolve)
    try {
      await promise
    } catch (cause) {
      const hint = 'is another process there? Change listen.otlp_http'
      throw new Error(`OTLP/HTTP cannot listen on ${listen}: ${(cause as Error).message}; ${hint}`, { cause })
    }
    server.off('error', reject).on('error', (error) => log.error({ error: error.message }, 'otlp: server error'))
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request.headers['content-type'])
    try {
      const body = await answer(request, encoding)
      if (body) send(response, 200, encoding ?? 'json', body)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal.status === 500) log.error({ error }, 'otlp: a request failed, its spans are lost')
      issues.add(source, refusal.reason, 1, error instanceof DecodeError ? error.place : refusal.message)
      if (!(await discard(request))) response.setHeader('connection', 'close')
      if (refusal.status === 503) response.setHeader('retry-after', retryAfter)
      if (refusal.status === 405) response.setHeader('allow', 'POST')
      const body = statusBody(encoding ?? 'json', refusal.status, refusal.message)
      send(response, refusal.status, encoding ?? 'json', body)
    }
  }

  function send(response: ServerResponse, status: number, encoding: Encoding, body: Buffer): void {
    meters.requests.add(1, { status })
    if (response.destroyed) return
    response.writeHead(status, { 'content-type': contentTypes[encoding], 'content-length': body.length }).end(body)
  }

  /** The body of a 200; null when the client went away. Throws Refusal, DecodeError, SpoolFull. */
  async function answer(request: IncomingMessage, encoding: Encoding | null): Promise<Buffer | null> {
    const path = (request.url ?? '').split('?', 1)[0]?.replace(/\/$/, '') ?? ''
    const other = unstored[path]
    if (!other && !tracePaths.has(path)) throw new Refusal(404, 'unknown_path', `POST to one of ${served}`)
    if (request.method !== 'POST') throw new Refusal(405, 'method_not_allowed', `only POST ${path} is served`)
    if (!authorised(request.headers.authorization))
      throw new Refusal(401, 'unauthorised', 'send one of ingest.api_keys as Authorization: Bearer <key>')
    if (!encoding) {
      const types = Object.values(contentTypes).join(' or ')
      throw new Refusal(415, 'content_type', `Content-Type must be ${types}`)
    }
    const body = await bodies.read(request, isGzip(request.headers['content-encoding']), config.max_body_bytes)
    if (!body) return null
    meters.bytes.add(body.bytes.length)
    try {
      return other ? refuseItems(body.bytes, encoding, other) : await takeTraces(body, encoding)
    } finally {
      body.recycle()
      body.release()
    }
  }

  async function takeTraces({ bytes, recycle }: Body, encoding: Encoding): Promise<Buffer> {
    const decode = encoding === 'json' ? decodeJson : decodeProtobuf
    const decoded = decode(bytes, { max_attribute_bytes: config.max_attribute_bytes, now: clock() * 1000 })
    recycle()
    if (decoded.spans.length > 0) await accept(decoded)
    meters.spans.add(decoded.spans.length)
    report(decoded.rejected)
    report(decoded.noted)
    return exportBody(encoding, decoded.rejected.items, 'rejectedSpans', describe(decoded.rejected))
  }

  function refuseItems(body: Buffer, encoding: Encoding, { name, rejected, ...way }: Unstored): Buffer {
    const items = (encoding === 'json' ? countJson : countProtobuf)(body, { name, rejected, ...way })
    if (items === 0) return exportBody(encoding, 0, rejected, '')
    issues.add(source, `${name}_not_stored`, items, `${name} are not stored yet`)
    return exportBody(encoding, items, rejected, `${name} are not stored yet`)
  }

  function report(findings: Findings): void {
    for (const [reason, { items, example }] of findings) issues.add(source, reason, items, example)
  }

  let stopped: Promise<void> | null = null
  async function close(limitMs: number): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limitMs)
    await Promise.race([Promise.all(active), late])
    clearTimeout(timer)
    server.closeAllConnections()
    await closed
  }

  const bound = server.address() as AddressInfo
  return {
    address: bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    stop(limitMs = 5_000) {
      stopped ??= close(limitMs)
      return stopped
    },
    reload(next) {
      config = next
      authorised = authoriser(next.api_keys)
    },
  }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof DecodeError) return new Refusal(400, 'undecodable', error.message)
  if (error instanceof SpoolFull) return new Refusal(503, 'spool_full', error.message)
  return new Refusal(500, 'internal_error', 'internal error; the log of Inferwatch has the details')
}

const describe = (rejected: Findings) =>
  [...rejected].map(([reason, { items, example }]) => `${reason}: ${items} (${example})`).join('; ')

function encodingOf(contentType: string | undefined): Encoding | null {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf'
  return type === 'application/json' ? 'json' : null
}

/** Throws Refusal 415 for an encoding that OTLP does not name. */
function isGzip(contentEncoding: string | undefined): boolean {
  const encoding = (contentEncoding ?? '').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity' || encoding === 'none') return false
  if (encoding === 'gzip' || encoding === 'x-gzip') return true
  throw new Refusal(415, 'content_encoding', 'Content-Encoding must be gzip or absent')
}

/** Bearer, or Basic with the key as its password, as Langfuse's SDK sends it. Digests make every comparison equally long. */
function authoriser(keys: readonly string[]): (header: string | undefined) => boolean {
  if (keys.length === 0) return () => true
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const known = keys.map(digest)
  return (header = '') => {
    const [scheme = '', credentials = ''] = header.split(' ', 2)
    const basic = scheme.toLowerCase() === 'basic'
    if (!basic && scheme.toLowerCase() !== 'bearer') return false
    const given = basic
      ? Buffer.from(credentials, 'base64')
          .toString()
          .replace(/^[^:]*:/, '')
      : credentials
    const sent = digest(given)
    return known.reduce((found, key) => timingSafeEqual(key, sent) || found, false)
  }
}

function parseAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) }
}

function receiverMetrics(gate: ByteGate) {
  const meter = metrics.getMeter('inferwatch')
  meter
    .createObservableGauge('inferwatch.ingest.body_memory', { description: 'OTLP bodies in memory', unit: 'By' })
    .addCallback((result) => result.observe(gate.bytes))
  meter
    .createObservableGauge('inferwatch.ingest.held_requests', {
      description: 'OTLP requests held until memory is free',
      unit: '{request}',
    })
    .addCallback((result) => result.observe(gate.held))
  return {
    spans: meter.createCounter('inferwatch.ingest.spans', { description: 'Spans made durable', unit: '{span}' }),
    requests: meter.createCounter('inferwatch.ingest.requests', {
      description: 'OTLP requests, by HTTP status of the answer',
      unit: '{request}',
    }),
    bytes: meter.createCounter('inferwatch.ingest.bytes', { description: 'OTLP bodies, decompressed', unit: 'By' }),
  }
}
