/** What the proxy does with calls: streams, aborts, errors, limits, time-outs, upgrades, TLS. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { endpointConfig, proxyConfig } from '../config.ts'
import type { CallEnd, CallObserver } from './observer.ts'
import { startProxied, type Proxied, type ProxiedOptions } from './testing.ts'
import { authority, certificate, privateKey } from './testing-certificate.ts'
import { startWireServer } from './testing-wire.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

describe('streams', () => {
  test('every part of an answer reaches the client before the next is there, its head first', async () => {
    let part = () => {}
    const { url } = await before((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      part = () => response.write(`data: ${++sent}\n\n`)
    })
    let sent = 0
    const { answer } = await begin(url)
    for (const expected of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      part()
      const [chunk] = (await once(answer, 'data')) as [Buffer]
      expect(chunk.toString()).toBe(expected)
    }
  })

  test('every part of a request reaches the upstream before the next is there, its head first', async () => {
    const heads = Promise.withResolvers<IncomingMessage>()
    const { url } = await before((request) => heads.resolve(request))
    const client = open(url, { method: 'POST' })
    client.flushHeaders()
    const request = await heads.promise
    for (const part of ['one', 'two']) {
      client.write(part)
      const [chunk] = (await once(request, 'data')) as [Buffer]
      expect(chunk.toString()).toBe(part)
    }
  })

  test('300 MB up and 300 MB down pass with less than all of them in memory', async () => {
    const size = 300 * 2 ** 20
    const part = Buffer.alloc(2 ** 16, 7)
    let taken = 0
    const { url } = await before((request, response) => {
      request.on('data', (chunk: Buffer) => (taken += chunk.length))
      request.on('end', () => void pour(response.writeHead(200, { 'content-length': size })))
    })
    const pour = async (to: ServerResponse | ReturnType<typeof open>) => {
      for (let sent = 0; sent < size; sent += part.length) if (!to.write(part)) await once(to, 'drain')
      to.end()
    }
    const base = heldBytes()
    let peak = 0
    const watch = setInterval(() => (peak = Math.max(peak, heldBytes() - base)), 100)
    stops.push(() => clearInterval(watch))
    const client = open(url, { method: 'POST', headers: { 'content-length': size } })
    void pour(client)
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    let got = 0
    for await (const chunk of answer) got += (chunk as Buffer).length
    expect([taken, got]).toEqual([size, size])
    // What was passed on is given back by and by.
    expect(peak).toBeLessThan(200 * 2 ** 20)
  })

  test('a client that does not read holds the upstream up', async () => {
    const { url, proxied } = await before((_, response) => {
      const fill = () => {
        while (response.write(Buffer.alloc(2 ** 16)));
      }
      response.on('drain', fill)
      fill()
    })
    const { answer, client } = await begin(url)
    answer.pause()
    const base = heldBytes()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(heldBytes() - base).toBeLessThan(64 * 2 ** 20)
    client.destroy()
    await proxied.proxy.stop(2_000)
  })
})

describe('aborts', () => {
  test.each([
    ['before the answer', () => undefined],
    ['in the middle of it', (response: ServerResponse) => response.write('data: 1\n\n')],
  ])('the client’s reaches the upstream: %s', async (_, answer) => {
    const closed = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const ends: CallEnd[] = []
    const { url } = await before(
      (request, response) => {
        request.resume()
        response.on('close', closed.resolve)
        answer(response)
        arrived.resolve()
      },
      { observer: ending(ends) },
    )
    const client = open(url, { method: 'POST' }).on('error', () => undefined)
    client.end('{}')
    await arrived.promise
    if (answer.length > 0) await Promise.race([once(client, 'response'), arrived.promise])
    client.destroy()
    await closed.promise
    await expect.poll(() => ends).toMatchObject([{ how: 'client_aborted', requestBytes: 2 }])
  })

  test('of an upload reaches the upstream', async () => {
    const aborted = Promise.withResolvers<void>()
    const { url } = await before((request) => {
      request.on('error', () => aborted.resolve())
      request.once('data', () => client.destroy())
      request.resume()
    })
    const client = open(url, { method: 'POST', headers: { 'content-length': 1_000 } }).on('error', () => undefined)
    client.write('some')
    await expect(aborted.promise).resolves.toBeUndefined()
  })

  test('of an upload that was answered early reaches the upstream, and gives up its place', async () => {
    const aborted = Promise.withResolvers<void>()
    const { url } = await before(
      (request, response) => {
        request.resume().socket.on('close', () => aborted.resolve())
        response.end('early')
      },
      { config: { max_concurrent: 1 } },
    )
    const client = open(url, { method: 'POST', headers: { 'content-length': 1_000 } })
    client.flushHeaders()
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    await once(answer.resume(), 'end')
    client.destroy()
    await aborted.promise
    await expect.poll(async () => (await get(url)).status).toBe(200)
  })

  test('the upstream’s in the middle of an answer reaches the client, with what came before', async () => {
    const ends: CallEnd[] = []
    const { url } = await before(
      (_, response) => {
        response.write('data: 1\n\n', () => response.destroy())
      },
      { observer: ending(ends) },
    )
    const { answer } = await begin(url)
    let text = ''
    const failed = Promise.withResolvers<Error>()
    answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', failed.resolve)
    expect(await failed.promise).toMatchObject({ code: 'ECONNRESET' })
    expect([text, answer.complete]).toEqual(['data: 1\n\n', false])
    await expect.poll(() => ends).toMatchObject([{ how: 'upstream_aborted', responseBytes: 9 }])
  })

  test('the upstream’s before an answer reaches the client', async () => {
    const { url } = await before((request) => request.socket.destroy())
    await expect(get(url)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('an upstream that changes protocols unasked breaks the call off', async () => {
    const upstream = await startWireServer((socket) =>
      socket.on('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      ),
    )
    stops.push(() => upstream.stop())
    const { url } = await startBefore(upstream.url)
    await expect(get(url)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('a connection that the upstream closed while nobody used it costs no call without a body', async () => {
    let calls = 0
    const upstream = await startWireServer((socket) => {
      socket.on('data', () => {
        // The second request on a connection finds it closing.
        if (++calls === 2) socket.destroy()
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    stops.push(() => upstream.stop())
    const { url } = await startBefore(upstream.url)
    expect((await get(url)).text).toBe('ok')
    expect((await get(url)).text).toBe('ok')
    expect(calls).toBe(3)
  })
})

describe('answers of the proxy itself', () => {
  test('an endpoint that is not there names those that are', async () => {
    const { proxied } = await before(answerOk, { endpoints: [{ name: 'no upstream' }] })
    const { status, text, headers } = await get(`http://127.0.0.1:${proxied.port}/proxy/gpt/v1/models`)
    expect([status, headers['x-inferwatch-error']]).toEqual([404, 'unknown_endpoint'])
    expect(JSON.parse(text)).toMatchObject({ error: { message: expect.stringContaining('/proxy/stand-in') } })
    expect(text).not.toContain('no upstream')
  })

  test.each([
    ['openai', { error: { code: 'upstream_unreachable', type: 'server_error', message: expect.any(String) } }],
    ['azure', { error: { code: 'upstream_unreachable' } }],
    ['anthropic', { type: 'error', error: { type: 'api_error', message: expect.any(String) } }],
    ['gemini', { error: { code: 502, status: 'UNAVAILABLE' } }],
    ['bedrock', { message: expect.any(String) }],
    ['cohere', { message: expect.any(String) }],
    ['mistral', { object: 'error', type: 'upstream_unreachable' }],
    ['ollama', { error: expect.any(String) }],
  ])('nobody listens at the upstream of %s', async (kind, body) => {
    const ends: CallEnd[] = []
    const { url } = await startBefore(`http://127.0.0.1:${await freePort()}`, {
      endpoint: { kind },
      observer: ending(ends),
    })
    const { status, text, headers } = await post(url, 'hello')
    expect([status, headers['x-inferwatch-error']]).toEqual([502, 'upstream_unreachable'])
    expect(JSON.parse(text)).toMatchObject(body)
    expect(ends).toMatchObject([{ how: 'upstream_unreachable', error: expect.stringContaining('ECONNREFUSED') }])
  })

  test('an upstream that speaks something else', async () => {
    const upstream = await startWireServer((socket) => socket.on('data', () => socket.end('SSH-2.0-x\r\n')))
    stops.push(() => upstream.stop())
    const { url } = await startBefore(upstream.url)
    expect(await get(url)).toMatchObject({ status: 502, headers: { 'x-inferwatch-error': 'upstream_invalid' } })
  })

  test('a proxy that is switched off', async () => {
    const { url } = await before(answerOk, { config: { enabled: false } })
    expect(await get(url)).toMatchObject({ status: 404, headers: { 'x-inferwatch-error': 'proxy_disabled' } })
  })
})

describe('time-outs', () => {
  const quick = (timeouts: object) => ({ config: { timeouts } })

  test('connecting, TLS included', async () => {
    const silent = await startWireServer((socket) => socket.resume())
    stops.push(() => silent.stop())
    const { url } = await startBefore(silent.url.replace('http:', 'https:'), quick({ connect: '40ms' }))
    expect(await get(url)).toMatchObject({ status: 504, headers: { 'x-inferwatch-error': 'upstream_timeout' } })
  })

  test('waiting for an answer', async () => {
    const ends: CallEnd[] = []
    const { url } = await before((request) => request.resume(), {
      ...quick({ headers: '40ms' }),
      observer: ending(ends),
    })
    expect(await post(url, 'hello')).toMatchObject({ status: 504 })
    expect(ends).toMatchObject([{ how: 'timeout', error: 'no answer within 40 ms' }])
  })

  test('between two parts of an answer', async () => {
    const { url } = await before((_, response) => response.write('a'), quick({ idle: '40ms' }))
    await expect(get(url)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('between two parts of a request', async () => {
    const { url } = await before((request) => request.resume(), quick({ idle: '40ms' }))
    const client = open(url, { method: 'POST', headers: { 'content-length': 10 } })
    client.write('some')
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    expect(answer).toMatchObject({ statusCode: 408, headers: { connection: 'close' } })
    client.on('error', () => undefined).destroy()
  })
})

describe('limits', () => {
  test.each([
    ['in all', { max_concurrent: 1 }],
    ['to one endpoint', { max_concurrent_per_endpoint: 1 }],
  ])('calls at once, %s', async (_, config) => {
    const held = Promise.withResolvers<ServerResponse>()
    const { url } = await before((_request, response) => held.resolve(response), { config })
    const first = get(url)
    const response = await held.promise
    const second = await get(url)
    expect(second).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'x-inferwatch-error': 'too_many_requests' },
    })
    response.end('ok')
    expect((await first).text).toBe('ok')
    const third = get(url)
    await expect(Promise.race([third, new Promise((resolve) => setTimeout(resolve, 50, 'held'))])).resolves.toBe('held')
    void third.catch(() => undefined)
  })

  const aws = { region: 'us-east-1', access_key_id: 'a', secret_access_key: 'b' }
  const chunked = { 'transfer-encoding': 'chunked' }
  test.each<[string, Record<string, number | string>, object]>([
    ['announced', { 'content-length': 2_000 }, {}],
    ['in chunks', chunked, {}],
    ['in chunks that are waited for', { ...chunked, 'content-type': 'application/json' }, { aws }],
  ])('a body that is too large, %s', async (_, headers, endpoint) => {
    const ends: CallEnd[] = []
    const { url } = await before((request) => request.resume(), {
      config: { max_body_bytes: 1_000 },
      endpoint,
      observer: ending(ends),
    })
    const { status, headers: answered } = await post(url, 'x'.repeat(2_000), headers)
    expect([status, answered['x-inferwatch-error']]).toEqual([413, 'body_too_large'])
    expect(ends).toMatchObject([{ how: 'refused' }])
  })

  test('a head that is too large', async () => {
    const { url } = await before(answerOk, { config: { max_header_bytes: 4_096 } })
    expect((await get(url, { 'x-long': 'x'.repeat(5_000) })).status).toBe(431)
  })

  test('the head of an answer that is too large', async () => {
    const { url } = await before((_, response) => response.writeHead(200, { 'x-long': 'x'.repeat(5_000) }).end(), {
      config: { max_header_bytes: 4_096 },
    })
    expect(await get(url)).toMatchObject({ status: 502, headers: { 'x-inferwatch-error': 'upstream_invalid' } })
  })

  test('more fields than node:http keeps by itself', async () => {
    const { url } = await before((request, response) => response.end(String(request.rawHeaders.length)))
    const many = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`x-${i}`, '1']))
    expect(Number((await get(url, many)).text)).toBeGreaterThan(5_000)
  })
})

describe('paths', () => {
  const seen = async (base: string, path: string) => {
    const { proxied } = await before((request, response) => response.end(request.url), {}, base)
    return raw(proxied.port, `GET /proxy/stand-in${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  }

  test.each([
    ['', '', '/'],
    ['', '?a', '/?a'],
    ['/', '/a/../../b', '/a/../../b'],
    ['/v1/', '/chat', '/v1/chat'],
    ['/v1', '//x//', '/v1//x//'],
    ['/v1', '/a/../b', '/v1/a/../b'],
    ['/v1', '?q=/../..', '/v1?q=/../..'],
    ['/v1', '/a%2Fb%20c', '/v1/a%2Fb%20c'],
  ])('base %j and %j are %j', async (base, path, expected) => {
    expect((await seen(base, path)).split('\r\n\r\n')[1]).toContain(expected)
  })

  test.each([
    '/..',
    '/../x',
    '/%2e%2E/x',
    '/.%2e/',
    '/a/../../x',
    '/a/..%2f..%2fx',
    '/..\\x',
    '/a/%2e%2e%5c..%5cx',
    '/..;x/y',
  ])('%j leads out of a base', async (path) => {
    expect(await seen('/v1', path)).toMatch(/^HTTP\/1\.1 400 [^]*bad_path/)
  })
})

describe('access', () => {
  test('without the key that is configured nothing passes, with it all but the key', async () => {
    const { url } = await before((request, response) => response.end(JSON.stringify(request.headers)), {
      config: { api_keys: ['a key of sixteen letters'] },
    })
    expect(await get(url, { authorization: 'Bearer a key of sixteen letters' })).toMatchObject({ status: 401 })
    const { status, text } = await get(url, {
      authorization: 'Bearer sk-vendor',
      'x-inferwatch-key': 'a key of sixteen letters',
      'x-inferwatch-user': 'ada',
    })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ authorization: 'Bearer sk-vendor' })
    expect(text).not.toContain('inferwatch')
  })

  test('a page of another site gets nothing, and no leave to try', async () => {
    const { url } = await before(answerOk, { endpoint: { origins: ['https://app.example'] } })
    const refused = await post(url, 'x', { origin: 'https://evil.example' })
    expect(refused).toMatchObject({ status: 403, headers: { 'x-inferwatch-error': 'cross_site' } })
    expect(Object.keys(refused.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect((await post(url, 'x', { origin: 'https://app.example' })).status).toBe(200)
    expect((await get(url, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  })
})

describe('upgrades', () => {
  test('a WebSocket’s bytes pass both ways and are counted', async () => {
    const ends: CallEnd[] = []
    const upstream = createServer()
    upstream.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\nX-Path: ${request.url}\r\n\r\nhi`,
      )
      socket.write(head)
      socket.pipe(socket)
    })
    const { proxied } = await startBefore(await listen(upstream), { observer: ending(ends) })
    const socket = connect(proxied.port, '127.0.0.1')
    stops.push(() => socket.destroy())
    const read = reader(socket)
    socket.write(
      'GET /proxy/stand-in/v1/realtime?model=x HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\nearly',
    )
    const head = await read('early')
    expect(head).toContain('HTTP/1.1 101 Switching Protocols\r\n')
    expect(head).toContain('X-Path: /v1/realtime?model=x\r\n')
    expect(head).toContain('\r\n\r\nhiearly')
    socket.write('ping')
    await read('ping')
    socket.end()
    await once(socket, 'close')
    await expect.poll(() => ends).toMatchObject([{ how: 'complete', requestBytes: 9, responseBytes: 11 }])
  })

  test('one that the upstream refuses is refused as it refused it', async () => {
    const { proxied } = await before((_, response) => response.writeHead(401, { 'x-why': 'no key' }).end('no'))
    const text = await raw(
      proxied.port,
      'GET /proxy/stand-in/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\nx-why: no key\r\n[^]*no/)
  })

  test('one to nowhere is answered', async () => {
    const { proxied } = await before(answerOk)
    const text = await raw(
      proxied.port,
      'GET /proxy/nowhere/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    expect(text).toMatch(/^HTTP\/1\.1 404 /)
  })

  test('a client that goes away before it is upgraded is missed', async () => {
    const asked = Promise.withResolvers<Socket>()
    const upstream = createServer()
    upstream.on('upgrade', (_: IncomingMessage, socket: Socket) => asked.resolve(socket.resume()))
    const ends: CallEnd[] = []
    const { proxied } = await startBefore(await listen(upstream), { observer: ending(ends) })
    const client = connect(proxied.port, '127.0.0.1')
    client.write(
      'GET /proxy/stand-in/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    const socket = await asked.promise
    const ended = once(socket, 'end')
    client.end()
    await ended
    socket.end()
    await expect.poll(() => ends).toMatchObject([{ how: 'client_aborted' }])
  })

  test('the end of either side is that of the other', async () => {
    const upgraded = Promise.withResolvers<Socket>()
    const upstream = createServer()
    upstream.on('upgrade', (_: IncomingMessage, socket: Socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      upgraded.resolve(socket)
    })
    const ends: CallEnd[] = []
    const { proxied } = await startBefore(await listen(upstream), { observer: ending(ends) })
    const socket = connect(proxied.port, '127.0.0.1')
    socket.write(
      'GET /proxy/stand-in/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    socket.resume()
    const other = (await upgraded.promise).resume()
    const closed = once(other, 'close')
    other.on('error', () => undefined).on('end', () => other.end())
    socket.resetAndDestroy()
    await closed
    await expect.poll(() => ends).toMatchObject([{ how: 'client_aborted' }])
  })
})

describe('TLS', () => {
  test('with a certificate of a private authority, which has to be named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inferwatch-proxy-'))
    stops.push(() => rmSync(folder, { recursive: true }))
    const ca_file = join(folder, 'ca.pem')
    writeFileSync(ca_file, authority)
    const upstream = createTlsServer({ cert: certificate, key: privateKey }, answerOk)
    const at = (await listen(upstream)).replace('http://127.0.0.1', 'https://localhost')
    const { url, proxied } = await startBefore(at, {
      endpoint: { ca_file },
      endpoints: [{ name: 'strict', upstream: at }],
    })
    expect(await get(url)).toMatchObject({ status: 200, text: 'ok' })
    const refused = await get(`http://127.0.0.1:${proxied.port}/proxy/strict/`)
    expect(refused).toMatchObject({ status: 502, headers: { 'x-inferwatch-error': 'upstream_unreachable' } })
    expect(refused.text).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })
})

describe('an endpoint with credentials of AWS', () => {
  const aws = { region: 'us-east-1', access_key_id: 'AKID', secret_access_key: 'secret' }
  const echo: RequestListener = (request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify(request.headers)))
  }
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')

  test.each([
    ['the hash that the client sent', { 'x-amz-content-sha256': hashOf('{}') }],
    ['the hash of a JSON body', { 'content-type': 'application/json' }],
  ])('signs %s', async (_, headers) => {
    const { url } = await before(echo, { endpoint: { aws } })
    const { text } = await post(`${url}/model/x/converse`, '{}', { authorization: 'Bearer mine', ...headers })
    expect(JSON.parse(text)).toMatchObject({
      authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKID\//),
      'x-amz-content-sha256': hashOf('{}'),
    })
  })

  test('passes on no body whose hash it cannot know', async () => {
    const { url } = await before(echo, { endpoint: { aws, kind: 'bedrock' } })
    const refused = await post(`${url}/model/x/invoke`, 'x', { 'content-type': 'text/plain' })
    expect(refused).toMatchObject({ status: 400, headers: { 'x-inferwatch-error': 'bad_request' } })
    expect(refused.text).toContain('x-amz-content-sha256')
  })
})

describe('lifetime', () => {
  test('the end waits for calls under way and lets none begin', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    const { url, proxied } = await before((_, response) => held.resolve(response))
    const first = get(url)
    const response = await held.promise
    const stopped = proxied.proxy.stop(5_000)
    expect(await get(url)).toMatchObject({ status: 503, headers: { 'x-inferwatch-error': 'stopping' } })
    response.end('ok')
    expect((await first).text).toBe('ok')
    await stopped
  })

  test('and then cuts what is left, whose end is told before its own', async () => {
    const ends: CallEnd[] = []
    const { url, proxied } = await before((_, response) => response.write('a'), { observer: ending(ends) })
    const { answer } = await begin(url)
    const failed = once(answer.resume(), 'error')
    await proxied.proxy.stop(10)
    expect(ends).toMatchObject([{ how: 'upstream_aborted', error: 'the proxy stopped' }])
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
  })

  test('a reload of what is no matter of an upstream’s keeps its connections', async () => {
    const ports = new Set<number | undefined>()
    const upstream = await listen(
      createServer((request, response) => {
        ports.add(request.socket.remotePort)
        response.end('ok')
      }),
    )
    const config = { timeouts: { keep_alive: '1h' } }
    const { proxied, url } = await startBefore(upstream, { config })
    await get(url)
    const endpoint = endpointConfig.parse({ name: 'stand-in', upstream })
    proxied.proxy.reload(proxyConfig.parse({ ...config, max_body_bytes: 10 }), [endpoint])
    await get(url)
    expect(ports.size).toBe(1)
  })

  test('a connection of an upstream that a reload takes away ends with its call', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    let closed = false
    const { proxied, url } = await before(
      (request, response) => {
        request.socket.once('close', () => (closed = true))
        held.resolve(response)
      },
      { config: { timeouts: { keep_alive: '1h' } } },
    )
    const call = get(url)
    const response = await held.promise
    proxied.proxy.reload(proxyConfig.parse({}), [])
    response.end('ok')
    expect((await call).text).toBe('ok')
    await expect.poll(() => closed).toBe(true)
  })

  test('a reload moves an endpoint, and keeps calls under way', async () => {
    const held = Promise.withResolvers<ServerResponse>()
    const { url, proxied } = await before((_, response) => held.resolve(response))
    const first = get(url)
    const response = await held.promise
    const upstream = await listen(createServer(answerOk))
    proxied.proxy.reload(proxyConfig.parse({}), [endpointConfig.parse({ name: 'stand-in', upstream })])
    expect((await get(url)).text).toBe('ok')
    response.end('first')
    expect((await first).text).toBe('first')
  })
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What buffers really hold. */
function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

/** An observer that keeps how each call ended. */
function ending(ends: CallEnd[]): CallObserver {
  return {
    begin: () => ({
      addedHeaders: {},
      wantsBody: false,
      requestBody: () => null,
      requestChunk: () => undefined,
      responseHead: () => undefined,
      responseChunk: (chunk) => chunk,
      end: (end) => void ends.push(end),
    }),
  }
}

const answerOk: RequestListener = (request, response) => {
  request.resume()
  response.end('ok')
}

/** A proxy before a server with this listener; `base` is the path of its upstream. */
async function before(listener: RequestListener, options: ProxiedOptions = {}, base = '') {
  const server = createServer({ maxHeaderSize: 2 ** 17 }, listener)
  server.maxHeadersCount = 0
  return startBefore((await listen(server)) + base, options)
}

async function startBefore(upstream: string, options: ProxiedOptions = {}): Promise<{ proxied: Proxied; url: string }> {
  const proxied = await startProxied(upstream, options)
  stops.push(() => proxied.stop())
  return { proxied, url: proxied.url }
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  stops.push(() => {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function open(url: string, options: RequestOptions = {}) {
  return httpRequest(url, { agent: false, ...options }).on('error', () => undefined)
}

async function begin(url: string) {
  const client = open(url).on('error', () => undefined)
  client.end()
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  return { client, answer }
}

interface Answered {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

const get = (url: string, headers: Record<string, string> = {}) => exchange(open(url, { headers }))

const post = (url: string, body: string, headers: Record<string, string | number> = {}) =>
  exchange(open(url, { method: 'POST', headers }), body)

async function exchange(client: ReturnType<typeof open>, body?: string): Promise<Answered> {
  client.end(body)
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return { status: answer.statusCode ?? 0, headers: answer.headers, text }
}

async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

/** Resolves with all that came since the last time, once it ends with this. */
function reader(socket: Socket): (end: string) => Promise<string> {
  let text = ''
  let check = () => {}
  socket.on('data', (chunk) => {
    text += chunk.toString()
    check()
  })
  return (end) =>
    new Promise((resolve) => {
      check = () => {
        if (!text.endsWith(end)) return
        const all = text
        text = ''
        resolve(all)
      }
      check()
    })
}
