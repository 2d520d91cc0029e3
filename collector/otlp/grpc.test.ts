/** What the gRPC receiver takes and what it refuses, asked by real clients. */
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { status, type Metadata } from '@grpc/grpc-js'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { SpoolFull } from '../spool/index.ts'
import { BodyReader } from './body.ts'
import { ByteGate } from './gate.ts'
import { startOtlpGrpc } from './grpc.ts'
import { createGrpcCall, frame } from './grpc-call.ts'
import { createIntake } from './intake.ts'
import { fromProtobuf, jsonRequest, jsonSpan, toProtobuf } from './testing.ts'
import {
  asProtobuf,
  good,
  half,
  key,
  receiverOptions,
  startGrpcReceiver,
  startReceiver,
  stopReceivers,
  tracesMethod,
} from './testing-receiver.ts'

const sessions: ClientHttp2Session[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const session of sessions.splice(0)) session.destroy()
  await stopReceivers()
})

const goodBytes = toProtobuf(good)
const metricsMethod = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
const logsMethod = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
const grpcHeaders = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }

/** A connection whose calls the test writes byte by byte. */
function http2(address: string) {
  const session = connectHttp2(`http://${address}`)
  sessions.push(session)
  return {
    session,
    begin: (headers: Record<string, string> = {}) =>
      session.request({ ...grpcHeaders, ':path': tracesMethod, ...headers }),
  }
}

/** The status of a call, from its trailers or its headers. */
async function statusOf(stream: ReturnType<ClientHttp2Session['request']>): Promise<number | string | undefined> {
  const seen: Record<string, unknown> = {}
  stream.on('response', (headers) => Object.assign(seen, headers))
  stream.on('trailers', (headers) => Object.assign(seen, headers))
  stream.on('error', () => undefined).resume()
  await new Promise((resolve) => stream.once('close', resolve))
  return (seen['grpc-status'] as string | undefined) ?? (seen[':status'] as number | undefined)
}

/** Spans `call 0` and so on, made and sent by the SDK; resolves once it sent them or gave up. */
async function sdkSpans(address: string, count: number): Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `http://${address}` })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  })
  const tracer = provider.getTracer('test')
  for (let i = 0; i < count; i++) tracer.startSpan(`call ${i}`).end()
  await provider.forceFlush()
  await provider.shutdown()
}

describe('taken', () => {
  test('plain and gzip; the whole success is an empty message', async () => {
    const { export: send, exportGzip, spans, issues } = await startGrpcReceiver()
    expect(await send(goodBytes)).toMatchObject({ code: status.OK, body: Buffer.alloc(0) })
    expect(await exportGzip(goodBytes)).toMatchObject({ code: status.OK, body: Buffer.alloc(0) })
    expect(spans()).toHaveLength(2)
    expect(issues.counts()).toEqual({})
  })

  test('an empty request', async () => {
    const { export: send, taken } = await startGrpcReceiver()
    expect(await send(Buffer.alloc(0))).toMatchObject({ code: status.OK })
    expect(taken).toEqual([])
  })

  test('the good spans of a half-bad request, which is told how many are not', async () => {
    const { export: send, spans, issues } = await startGrpcReceiver()
    const { code, body } = await send(toProtobuf(half))
    expect(code).toBe(status.OK)
    expect(fromProtobuf('Response', body as Buffer)).toEqual({
      partialSuccess: { rejected: 2, errorMessage: expect.stringContaining('zero_trace_id: 1') },
    })
    expect(spans()).toHaveLength(1)
    expect(issues.counts()).toEqual({ 'otlp_grpc zero_trace_id': 1, 'otlp_grpc missing_span_id': 1 })
  })

  test.each([
    [metricsMethod, Buffer.from([10, 8, 18, 6, 18, 4, 42, 2, 10, 0]), 'not_genai', 1],
    [logsMethod, Buffer.from([10, 6, 18, 4, 18, 0, 18, 0]), 'not_genai', 2],
  ])('%s goes to its own signal', async (method, body, reason, items) => {
    const { export: send, issues } = await startGrpcReceiver()
    const answer = await send(body, { method })
    expect(answer.code).toBe(status.OK)
    expect(fromProtobuf('Response', answer.body as Buffer)).toMatchObject({ partialSuccess: { rejected: items } })
    expect(issues.counts()).toEqual({ [`otlp_grpc ${reason}`]: items })
  })

  test('many calls at once on one connection, of many sizes, do not mix', async () => {
    const { export: send, exportGzip, spans } = await startGrpcReceiver()
    const letter = (i: number) => String.fromCharCode(97 + (i % 26))
    const sizes = Array.from({ length: 60 }, (_, i) => (i * 97_003) % 200_000)
    const answers = await Promise.all(
      sizes.map((size, i) => {
        const span = jsonSpan({
          spanId: (i + 1).toString(16).padStart(16, '0'),
          status: { message: letter(i).repeat(size) },
        })
        return (i % 3 === 0 ? exportGzip : send)(toProtobuf(jsonRequest([span])))
      }),
    )
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([status.OK]))
    const stored = new Map(spans().map((span) => [Number.parseInt(span.span_id, 16) - 1, span.status_message]))
    for (const [i, size] of sizes.entries()) expect(stored.get(i)).toBe(letter(i).repeat(size))
  })

  test.each(['none', 'gzip'])('what the OpenTelemetry SDK exports, compression %s', async (compression) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', compression)
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', `authorization=Bearer%20${key}`)
    const { options, spans } = receiverOptions({ api_keys: [key] })
    const receiver = await startOtlpGrpc({ ...options, clock: Date.now })
    await sdkSpans(receiver.address, 3)
    await receiver.stop()
    expect(spans().map(({ name, service }) => ({ name, service }))).toEqual(
      [0, 1, 2].map((i) => ({ name: `call ${i}`, service: 'shop' })),
    )
  })
})

describe('refused', () => {
  const largest = 2 ** 20
  const bombs = Buffer.concat(Array.from({ length: 400 }, () => gzipSync(Buffer.alloc(largest - 1))))
  test('what is no protobuf: INVALID_ARGUMENT with its place', async () => {
    const { export: send, issues, taken } = await startGrpcReceiver()
    const answer = await send(Buffer.from('{"resourceSpans":[]}'))
    expect(answer).toMatchObject({ code: status.INVALID_ARGUMENT, message: expect.stringMatching(/\(byte \d+\)/) })
    expect(issues.counts()).toEqual({ 'otlp_grpc undecodable': 1 })
    expect(taken).toEqual([])
  })

  test('a large body and a gzip bomb: RESOURCE_EXHAUSTED, not to be sent again', async () => {
    const { export: send, exportGzip, issues, taken } = await startGrpcReceiver({ max_body_bytes: largest })
    for (const answer of [await send(Buffer.alloc(largest + 1)), await exportGzip(Buffer.alloc(20 * largest))]) {
      expect(answer).toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
        message: expect.stringContaining('ingest.max_body_bytes'),
      })
      expect(answer.trailers.get('grpc-status-details-bin')).toEqual([])
    }
    expect((await send(toProtobuf(good))).code).toBe(status.OK)
    expect(issues.counts()).toEqual({ 'otlp_grpc body_too_large': 2 })
    expect(taken).toHaveLength(1)
  })

  test('a body of exactly the limit is read', async () => {
    const { export: send } = await startGrpcReceiver({ max_body_bytes: largest })
    // Field 99, unknown: skipped.
    const body = Buffer.concat([Buffer.from([0x9a, 0x06, 0xfb, 0xff, 0x3f]), Buffer.alloc(largest - 5)])
    expect(body).toHaveLength(largest)
    expect(await send(body)).toMatchObject({ code: status.OK })
  })

  test('an unknown method and service', async () => {
    const { export: send, issues } = await startGrpcReceiver()
    for (const method of ['/opentelemetry.proto.collector.trace.v1.TraceService/Import', '/a.B/C'])
      expect(await send(goodBytes, { method })).toMatchObject({ code: status.UNIMPLEMENTED })
    expect(issues.counts()).toEqual({ 'otlp_grpc unknown_path': 2 })
  })

  test.each([
    [{}, status.UNAUTHENTICATED],
    [{ authorization: 'Bearer wrong' }, status.UNAUTHENTICATED],
    [{ authorization: `Bearer ${key}` }, status.OK],
  ])('keys: %o is answered %i', async (headers, code) => {
    const { export: send } = await startGrpcReceiver({ api_keys: [key] })
    expect((await send(goodBytes, { headers })).code).toBe(code)
  })

  test.each<[string, string | number, Record<string, string>, Buffer]>([
    ['what is no gzip', '3', { 'grpc-encoding': 'gzip' }, frame(Buffer.from('hello'), true)],
    ['many small gzip bombs in one', '8', { 'grpc-encoding': 'gzip' }, frame(bombs, true)],
    ['half a gzip', '3', { 'grpc-encoding': 'gzip' }, frame(gzipSync(goodBytes).subarray(0, 40), true)],
    ['compression that is not named', '3', {}, frame(gzipSync(goodBytes), true)],
    ['an encoding that is not served', '12', { 'grpc-encoding': 'deflate' }, frame(goodBytes, true)],
    ['no message', '3', {}, Buffer.alloc(0)],
    ['half a message', '3', {}, frame(goodBytes).subarray(0, 40)],
    ['two messages', '3', {}, Buffer.concat([frame(goodBytes), frame(goodBytes)])],
    ['another method', 405, { ':method': 'PUT' }, frame(goodBytes)],
    ['what is not gRPC', 415, { 'content-type': 'application/json' }, frame(goodBytes)],
    ['gRPC-Web', 415, { 'content-type': 'application/grpc-web' }, frame(goodBytes)],
  ])('%s: %s', async (_, code, headers, body) => {
    const { receiver, taken, issues } = await startGrpcReceiver({ max_body_bytes: largest })
    const stream = http2(receiver.address).begin(headers)
    stream.end(body)
    expect(String(await statusOf(stream))).toBe(String(code))
    expect(taken).toEqual([])
    expect(Object.values(issues.counts())).toEqual([1])
  })

  test('plain where the encoding is gzip: each message says for itself', async () => {
    const { receiver, taken } = await startGrpcReceiver()
    const stream = http2(receiver.address).begin({ 'grpc-encoding': 'gzip' })
    stream.end(frame(goodBytes))
    expect(await statusOf(stream)).toBe('0')
    expect(taken).toHaveLength(1)
  })
})

describe('with a spool that', () => {
  test('is full: UNAVAILABLE with RetryInfo, and what is sent again is taken', async () => {
    let full = true
    const {
      export: send,
      spans,
      issues,
    } = await startGrpcReceiver({}, () =>
      full ? Promise.reject(new SpoolFull('100 % full: grüße')) : Promise.resolve(),
    )
    const refused = await send(goodBytes)
    expect(refused).toMatchObject({ code: status.UNAVAILABLE, message: '100 % full: grüße' })
    const [details] = refused.trailers.get('grpc-status-details-bin') as [Buffer]
    expect(fromProtobuf('RpcStatus', details)).toEqual({
      code: status.UNAVAILABLE,
      message: '100 % full: grüße',
      details: [{ typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', retryInfo: { retryDelay: { seconds: 2 } } }],
    })
    full = false
    expect((await send(goodBytes)).code).toBe(status.OK)
    expect(spans()).toHaveLength(1)
    expect(issues.counts()).toEqual({ 'otlp_grpc spool_full': 1 })
  })

  test('fails: INTERNAL without its reason', async () => {
    const { export: send } = await startGrpcReceiver({}, () => Promise.reject(new Error('secret path')))
    const { code, message } = await send(goodBytes)
    expect(code).toBe(status.INTERNAL)
    expect(message).not.toContain('secret')
  })

  test('has calls under way when the receiver stops: they are answered', async () => {
    const durable = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const { export: send, receiver } = await startGrpcReceiver({}, () => {
      asked.resolve()
      return durable.promise
    })
    const answer = send(goodBytes)
    await asked.promise
    const stopped = receiver.stop(10_000)
    durable.resolve()
    expect((await answer).code).toBe(status.OK)
    await stopped
    expect((await send(goodBytes)).code).toBe(status.UNAVAILABLE)
  })

  test('takes longer than a stop may: the call is cut off, to be sent again', async () => {
    const asked = Promise.withResolvers<void>()
    const durable = Promise.withResolvers<void>()
    const { export: send, receiver } = await startGrpcReceiver({}, () => {
      asked.resolve()
      return durable.promise
    })
    const answer = send(goodBytes)
    await asked.promise
    await receiver.stop(20)
    const { code } = await answer
    expect([status.UNAVAILABLE, status.CANCELLED]).toContain(code)
    durable.resolve()
  })
})

describe('clients that', () => {
  test('go away in the middle leave nothing behind', async () => {
    const gate = new ByteGate(2 ** 26, 100)
    const { receiver, export: send, taken, issues } = await startGrpcReceiver({}, undefined, new BodyReader(gate))
    for (const leave of ['reset', 'disconnect'] as const) {
      const { session, begin } = http2(receiver.address)
      const stream = begin().on('error', () => undefined)
      stream.write(frame(goodBytes).subarray(0, 30))
      await expect.poll(() => gate.bytes).toBeGreaterThan(0)
      if (leave === 'reset') stream.close(constants.NGHTTP2_CANCEL)
      else session.destroy()
      await expect.poll(() => gate.bytes).toBe(0)
    }
    expect((await send(goodBytes)).code).toBe(status.OK)
    expect(taken).toHaveLength(1)
    // Node's client ends a request before it resets it.
    expect(issues.counts()).toEqual({ 'otlp_grpc cut_off': 1 })
  })

  test('go away while their spans are made durable get them stored', async () => {
    const asked = Promise.withResolvers<void>()
    const durable = Promise.withResolvers<void>()
    const { export: send, taken } = await startGrpcReceiver({}, () => {
      asked.resolve()
      return durable.promise
    })
    const answer = send(goodBytes, { deadline: Date.now() + 200 })
    await asked.promise
    expect((await answer).code).toBe(status.DEADLINE_EXCEEDED)
    durable.resolve()
    await expect.poll(() => taken).toHaveLength(1)
  })

  test('speak another protocol are sent away, others still served', async () => {
    const { receiver, export: send, issues } = await startGrpcReceiver()
    const socket = connect(Number(receiver.address.split(':')[1]), '127.0.0.1').on('error', () => undefined)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.end('POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
    socket.resume()
    await closed
    expect((await send(goodBytes)).code).toBe(status.OK)
    expect(issues.counts()).toEqual({ 'otlp_grpc not_http2': 1 })
  })

  test('never send the rest are cut off, and their memory is free again', async () => {
    const gate = new ByteGate(2 ** 26, 100)
    const { options, issues } = receiverOptions({}, undefined, new BodyReader(gate))
    const receiver = await startOtlpGrpc(options, { requestMs: 20 })
    const stream = http2(receiver.address).begin()
    stream.write(frame(goodBytes).subarray(0, 30))
    expect(await statusOf(stream)).toBeUndefined()
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
    await expect.poll(() => gate.bytes).toBe(0)
    await receiver.stop(0)
    expect(issues.counts()).toEqual({})
  })

  test('send slowly hold no more memory than what they sent, and others get in', async () => {
    const gate = new ByteGate(8 * 2 ** 20, 100)
    const { receiver, export: send } = await startGrpcReceiver({}, undefined, new BodyReader(gate))
    const { begin } = http2(receiver.address)
    for (let i = 0; i < 6; i++) {
      const head = Buffer.alloc(5)
      head.writeUInt32BE(60 * 2 ** 20, 1)
      begin()
        .on('error', () => undefined)
        .write(head)
    }
    await expect.poll(() => gate.bytes).toBe(6 * 2 ** 20)
    expect((await send(goodBytes)).code).toBe(status.OK)
  })

  test('come when memory is full wait, and are sent away with UNAVAILABLE', async () => {
    const gate = new ByteGate(2 ** 20, 1)
    const { receiver, export: send, issues } = await startGrpcReceiver({}, undefined, new BodyReader(gate))
    const first = http2(receiver.address)
    first
      .begin()
      .on('error', () => undefined)
      .write(Buffer.alloc(1))
    await expect.poll(() => gate.bytes).toBe(2 ** 20)
    const waiting = send(goodBytes)
    await expect.poll(() => gate.held).toBe(1)
    const refused = await send(goodBytes)
    expect(refused.code).toBe(status.UNAVAILABLE)
    expect(detailsOf(refused.trailers)).toHaveLength(1)
    first.session.destroy()
    expect((await waiting).code).toBe(status.OK)
    expect(issues.counts()).toEqual({ 'otlp_grpc busy': 1 })
  })
})

test('bodies over HTTP and gRPC share one bound', async () => {
  const bodies = new BodyReader(new ByteGate(2 ** 20, 0))
  const http = await startReceiver({}, undefined, bodies)
  const grpc = await startGrpcReceiver({}, undefined, bodies)
  const durable = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const slow = await startGrpcReceiver(
    {},
    () => {
      asked.resolve()
      return durable.promise
    },
    bodies,
  )
  const first = slow.export(goodBytes)
  await asked.promise
  expect((await grpc.export(goodBytes)).code).toBe(status.UNAVAILABLE)
  expect(await http.post(goodBytes, asProtobuf)).toMatchObject({ status: 503, retryAfter: '2' })
  durable.resolve()
  expect((await first).code).toBe(status.OK)
  expect((await http.post(goodBytes, asProtobuf)).status).toBe(200)
})

test('new keys and limits count from the next call on', async () => {
  const { export: send, receiver } = await startGrpcReceiver()
  const { config } = receiverOptions().options
  expect((await send(goodBytes)).code).toBe(status.OK)
  receiver.reload({ ...config, api_keys: [key] })
  expect((await send(goodBytes)).code).toBe(status.UNAUTHENTICATED)
  receiver.reload({ ...config, max_body_bytes: 10 })
  expect((await send(goodBytes)).code).toBe(status.RESOURCE_EXHAUSTED)
})

test('an address in use is told with the setting to change', async () => {
  const { receiver } = await startGrpcReceiver()
  await expect(startOtlpGrpc({ ...receiverOptions().options, listen: receiver.address })).rejects.toThrow(
    /EADDRINUSE.*listen\.otlp_grpc/,
  )
})

test('a call needs no socket: headers and bytes are enough', async () => {
  const { options, spans } = receiverOptions()
  const call = createGrpcCall(createIntake('otlp_grpc', options), options.signals)
  const headers = { ':path': tracesMethod, 'grpc-encoding': 'gzip' }
  const answer = await call(headers, Readable.from([frame(gzipSync(goodBytes), true)]))
  expect(answer).toEqual({ status: { 'grpc-status': 0 }, message: frame(Buffer.alloc(0)) })
  expect(spans()).toHaveLength(1)
})

const detailsOf = (trailers: Metadata) => trailers.get('grpc-status-details-bin')
