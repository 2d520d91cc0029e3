/** What the receiver takes and what it refuses. */
import { request as httpRequest } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ingestConfig } from '../config.ts'
import { fromProtobuf, jsonRequest, jsonSpan, toProtobuf } from './testing.ts'
import { key, good, half, asJson, asProtobuf, startReceiver, stopReceivers } from './testing-receiver.ts'

afterEach(stopReceivers)

describe('taken', () => {
  test('JSON', async () => {
    const { post, spans } = await startReceiver()
    const answer = await post(JSON.stringify(good), asJson)
    expect(answer).toMatchObject({ status: 200, type: 'application/json' })
    expect(answer.body.toString()).toBe('{}')
    expect(spans()).toHaveLength(1)
  })

  test('protobuf, gzip, a path that Langfuse uses', async () => {
    const { post, spans } = await startReceiver()
    const gzip = { ...asProtobuf, 'content-encoding': 'GZIP' }
    const answer = await post(gzipSync(toProtobuf(good)), gzip, '/api/public/otel/v1/traces?x=1')
    expect(answer).toMatchObject({ status: 200, type: 'application/x-protobuf' })
    expect(answer.body).toHaveLength(0)
    expect(spans()).toHaveLength(1)
  })

  test('protobuf by another of its names, which the answer goes by too', async () => {
    const { post, spans } = await startReceiver()
    for (const type of ['application/protobuf', 'application/vnd.google.protobuf'])
      expect(await post(toProtobuf(good), { 'content-type': type })).toMatchObject({ status: 200, type })
    expect(spans()).toHaveLength(2)
  })

  test('paths below a configured one, beside the usual; a reload changes them', async () => {
    const { post, spans, receiver } = await startReceiver({ extra_paths: ['/otlp', '/a/b'] })
    const send = async (path: string) => (await post(JSON.stringify(good), asJson, path)).status
    for (const path of ['/v1/traces', '/otlp/v1/traces', '/a/b/v1/traces/']) expect(await send(path)).toBe(200)
    expect((await post('{}', asJson, '/otlp/v1/logs')).status).toBe(200)
    expect(await send('/otlp/v1/trace')).toBe(404)
    receiver.reload(ingestConfig.parse({ extra_paths: ['/new'] }))
    expect([await send('/otlp/v1/traces'), await send('/new/v1/traces')]).toEqual([404, 200])
    expect(spans()).toHaveLength(4)
  })

  test.each(['otlp', '/otlp/', '/', '/a b'])('%j is no path', (path) => {
    const parsed = ingestConfig.safeParse({ extra_paths: [path] })
    expect(parsed.error?.issues[0]?.message ?? 'taken').toContain('such as /otlp')
  })

  test.each([
    ['JSON', '{}', asJson],
    ['protobuf', Buffer.alloc(0), asProtobuf],
  ])('an empty request in %s', async (_, body, headers) => {
    const { post, taken } = await startReceiver()
    expect(await post(body, headers)).toMatchObject({ status: 200 })
    expect(taken).toEqual([])
  })

  test('a body in pieces, without a length', async () => {
    const { url, spans } = await startReceiver()
    const body = JSON.stringify(jsonRequest([jsonSpan({ name: 'x'.repeat(500_000) })]))
    const pieces = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.length; at += 30_000) controller.enqueue(Buffer.from(body.slice(at, at + 30_000)))
        controller.close()
      },
    })
    const init = { method: 'POST', headers: asJson, body: pieces, duplex: 'half' }
    expect((await fetch(`${url}/v1/traces`, init as RequestInit)).status).toBe(200)
    expect(spans()).toHaveLength(1)
  })

  test('the good spans of a half-bad request, which is told how many are not', async () => {
    const { post, spans, issues } = await startReceiver()
    const message =
      'zero_trace_id: 1 (resourceSpans[0].scopeSpans[0].spans[1]); missing_span_id: 1 (resourceSpans[0].scopeSpans[0].spans[2])'
    const json = await post(JSON.stringify(half), asJson)
    expect(json.status).toBe(200)
    expect(JSON.parse(json.body.toString())).toEqual({ partialSuccess: { rejectedSpans: '2', errorMessage: message } })
    const proto = await post(toProtobuf(half), asProtobuf)
    expect(fromProtobuf('Response', proto.body)).toEqual({ partialSuccess: { rejected: 2, errorMessage: message } })
    expect(spans()).toHaveLength(2)
    expect(issues.counts()).toEqual({ 'otlp_http zero_trace_id': 2, 'otlp_http missing_span_id': 2 })
  })

  test('metrics and logs that are not stored are answered so that clients go on, and counted', async () => {
    const { post, issues } = await startReceiver()
    const metrics = {
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [{ gauge: { dataPoints: [{}, {}] } }, { histogram: { dataPoints: [{}] } }] }] },
      ],
    }
    const answer = await post(JSON.stringify(metrics), asJson, '/v1/metrics')
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body.toString())).toEqual({
      partialSuccess: {
        rejectedDataPoints: '3',
        errorMessage: 'not_genai: 3 (resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0])',
      },
    })
    // ResourceLogs › ScopeLogs › two LogRecords
    const logs = Buffer.from([10, 6, 18, 4, 18, 0, 18, 0])
    const proto = await post(logs, asProtobuf, '/v1/logs')
    expect(fromProtobuf('Response', proto.body)).toEqual({
      partialSuccess: { rejected: 2, errorMessage: 'not_genai: 2 (resourceLogs[0].scopeLogs[0].logRecords[0])' },
    })
    expect(issues.counts()).toEqual({ 'otlp_http not_genai': 5 })
  })
})

describe('refused', () => {
  const bomb = gzipSync(Buffer.alloc(20 * 2 ** 20))
  const bombs = Buffer.concat(Array.from({ length: 400 }, () => gzipSync(Buffer.alloc(2 ** 20 - 1))))
  test.each<[string, number, string, string | Buffer, Record<string, string>, string?, string?]>([
    ['what is no JSON', 400, 'undecodable', 'hello', asJson],
    ['JSON sent as protobuf', 400, 'undecodable', '{"resourceSpans":[]}', asProtobuf],
    ['what is no gzip', 400, 'bad_gzip', 'hello', { ...asJson, 'content-encoding': 'gzip' }],
    ['half a gzip', 400, 'bad_gzip', gzipSync('{}').subarray(0, 12), { ...asJson, 'content-encoding': 'gzip' }],
    ['a large body', 413, 'body_too_large', Buffer.alloc(2 ** 20 + 1), asProtobuf],
    ['a gzip bomb', 413, 'body_too_large', bomb, { ...asProtobuf, 'content-encoding': 'gzip' }],
    ['many small bombs in one', 413, 'body_too_large', bombs, { ...asProtobuf, 'content-encoding': 'gzip' }],
    ['an unknown type', 415, 'content_type', 'x', { 'content-type': 'text/plain' }],
    ['no type', 415, 'content_type', Buffer.from('x'), {}],
    ['an unknown encoding', 415, 'content_encoding', 'x', { ...asJson, 'content-encoding': 'br' }],
    ['another method', 405, 'method_not_allowed', '', asJson, '/v1/traces', 'GET'],
    ['another path', 404, 'unknown_path', '{}', asJson, '/v1/trace'],
  ])('%s: %i', async (_, status, reason, body, headers, path, method) => {
    const { post, issues, taken } = await startReceiver({ max_body_bytes: 2 ** 20 })
    const answer = await post(body, headers, path, method)
    const protobuf = headers['content-type'] === asProtobuf['content-type']
    expect(answer).toMatchObject({ status, type: protobuf ? 'application/x-protobuf' : 'application/json' })
    const rpc = protobuf ? fromProtobuf('RpcStatus', answer.body) : JSON.parse(answer.body.toString())
    expect(rpc.code).toBeGreaterThan(0)
    expect(rpc.message.length).toBeGreaterThan(5)
    expect(issues.counts()).toEqual({ [`otlp_http ${reason}`]: 1 })
    expect(taken).toEqual([])
  })

  test.each([
    [undefined, 401],
    ['Bearer wrong', 401],
    ['Bearer', 401],
    [key, 401],
    [`Bearer ${key}`, 200],
    [`bearer ${key}`, 200],
    [`Basic ${Buffer.from(`public:${key}`).toString('base64')}`, 200],
  ])('keys: %s is answered %i', async (authorization, status) => {
    const { post } = await startReceiver({ api_keys: ['another-key-of-enough-length', key] })
    expect((await post('{}', { ...asJson, ...(authorization ? { authorization } : {}) })).status).toBe(status)
  })

  test('a large body of unknown length, which the client can finish sending', async () => {
    const { receiver } = await startReceiver({ max_body_bytes: 100_000 })
    const { hostname, port } = new URL(`http://${receiver.address}`)
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const request = httpRequest(
      { hostname, port, path: '/v1/traces', method: 'POST', headers: asProtobuf },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      },
    )
    request.on('error', reject)
    for (let i = 0; i < 40; i++) request.write(Buffer.alloc(100_000))
    request.end()
    expect(await promise).toBe(413)
  })

  test('JSON that is small on the wire and huge in memory', async () => {
    const { post, issues, taken } = await startReceiver()
    const gzip = { ...asJson, 'content-encoding': 'gzip' }
    // Not parsed: V8 needs gigabytes for these 50 MB of arrays in arrays.
    const deep = await post(gzipSync(Buffer.alloc(50e6, '[')), gzip)
    expect([deep.status, deep.body.toString()]).toEqual([400, expect.stringContaining('nested deeper than 200 levels')])
    const many = await post(gzipSync(`{"resourceSpans":[${'{},'.repeat(2_000_000)}{}]}`), gzip)
    expect([many.status, many.body.toString()]).toEqual([413, expect.stringContaining('more than 2000000 objects')])
    // Brackets in texts count for nothing.
    const text = jsonRequest([jsonSpan({ name: '\\"[{'.repeat(1_000_000) + '\\' })])
    expect((await post(JSON.stringify(text), asJson)).status).toBe(200)
    expect(taken).toHaveLength(1)
    expect(issues.counts()).toMatchObject({ 'otlp_http undecodable': 1, 'otlp_http body_too_large': 1 })
  })

  test('content does not get into what is stored of an undecodable body', async () => {
    const { post, issues } = await startReceiver()
    const examples: string[] = []
    vi.spyOn(issues, 'add').mockImplementation((_source, _reason, _items, example) => void examples.push(example))
    await post('my secret prompt', asJson)
    await post(JSON.stringify(jsonRequest([jsonSpan({ name: { secret: 1 } })])), asJson)
    expect(examples).toHaveLength(2)
    expect(examples.join()).not.toContain('secret')
  })
})
