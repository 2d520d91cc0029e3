/** A client that speaks HTTP/2 in the clear sees what it would see without the proxy. */
import { once } from 'node:events'
import { createServer, get as httpGet, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { startProxied, type ProxiedOptions } from '../testing.ts'
import { makeExchange } from '../testing-exchanges.ts'
import { lenient } from './headers.ts'
import { acceptHttp2 } from './incoming.ts'
import { playDirectly, startExchanges, type Essence, type Played } from './testing.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('100 exchanges, directly and through the proxy, HTTP/2 on both sides', async () => {
  const standIn = await startExchanges()
  const proxied = await startProxied(standIn.url, { endpoint: { http2: true } })
  stops.push(
    () => standIn.stop(),
    () => proxied.stop(),
  )
  const through = { origin: `http://127.0.0.1:${proxied.port}`, prefix: '/proxy/stand-in' }
  for (let seed = 1_000; seed < 1_100; seed++) {
    const exchange = makeExchange(seed)
    const cut = exchange.leaves || exchange.broken !== 'none' || exchange.expect === 'refuse'
    const comparable = (message: Essence) => ({
      ...message,
      // The length may have to go last.
      headers: message.headers.toSorted(([a], [b]) => Number(a === 'content-length') - Number(b === 'content-length')),
      ...(cut ? { body: '', trailers: [], complete: false } : {}),
    })
    const [direct, passed] = [await playDirectly(exchange, standIn), await playDirectly(exchange, standIn, through)]
    expect(comparable(passed.answer), `seed ${seed}`).toEqual(comparable(direct.answer))
    if (cut) continue
    expect(oneCookie(passed), `seed ${seed}`).toEqual(oneCookie(direct))
  }
})

/** The pieces that HTTP/2 cuts Cookie into are one field to whoever reads it (RFC 9113 §8.2.3). */
function oneCookie({ request, interim }: Played) {
  const cookies = (request?.headers ?? []).filter(([name]) => name === 'cookie').map(([, value]) => value)
  const others = (request?.headers ?? []).filter(([name]) => name !== 'cookie')
  return { request: { ...request, headers: others }, cookies: cookies.join('; ').trim(), interim }
}

test('every part of an answer is there before the next', async () => {
  const { stream, response } = await begin()
  const parts = []
  response.writeHead(200).flushHeaders()
  await once(stream, 'response')
  for (const part of ['data: 1\n\n', 'data: 2\n\n']) {
    response.write(part)
    parts.push(String((await once(stream, 'data'))[0]))
  }
  expect(parts).toEqual(['data: 1\n\n', 'data: 2\n\n'])
})

test('a stream that the client resets is an abort', async () => {
  const { stream, response } = await begin()
  const closed = once(response, 'close')
  stream.close(constants.NGHTTP2_CANCEL)
  await closed
  expect(response.writableFinished).toBe(false)
})

test('so is one whose connection the client closes', async () => {
  const { stream, response } = await begin()
  stream.on('error', () => undefined)
  const closed = once(response, 'close')
  stream.session?.destroy()
  await closed
  expect(response.writableFinished).toBe(false)
})

test('an answer that breaks off is reset, not ended', async () => {
  const { stream, response } = await begin()
  response.write('some', () => response.destroy())
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  stream
    .on('error', () => undefined)
    .on('close', resolve)
    .resume()
  await closed
  expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
})

test('a connection is told by its first bytes, however few come at once, and one that says nothing does not hold up the end', async () => {
  const { proxied } = await start((_, response) => response.end('ok'))
  const slow = connect(proxied.port, '127.0.0.1').setNoDelay()
  for (const byte of 'POST /proxy/stand-in/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi') {
    slow.write(byte)
    await new Promise((resolve) => setImmediate(resolve))
  }
  let text = ''
  for await (const chunk of slow) text += String(chunk)
  expect(text).toMatch(/^HTTP\/1\.1 200 OK[^]*ok/)
  const silent = connect(proxied.port, '127.0.0.1')
  await once(silent, 'connect')
  const closed = once(silent, 'close')
  const [answer] = (await once(httpGet(proxied.url, { agent: false }), 'response')) as [IncomingMessage]
  expect(answer.statusCode).toBe(200)
  answer.resume()
  await proxied.stop()
  await closed
})

describe('bounds are those of HTTP/1.1', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`x-${at}`, 'v']))

  test('fields of a head, by their size and not their number', async () => {
    const { session } = await start((request, response) => {
      response.writeHead(200, { 'x-got': String(request.rawHeaders.filter((name) => name.startsWith('x-')).length) })
      response.end('ok')
    })
    expect(await call(session, many)).toMatchObject({ status: 200, headers: { 'x-got': '300' } })
    expect(await call(session, { 'x-long': 'x'.repeat(60_000) })).toMatchObject({ status: 200 })
    const seventy = { 'x-a': 'x'.repeat(35_000), 'x-b': 'x'.repeat(35_000) }
    expect(await call(session, seventy)).toMatchObject({ status: 431 })
    expect(await call(session, {})).toMatchObject({ status: 200, text: 'ok' })
  })

  test.each([{ 'content-length': '1000000' }, {}])('bytes of a body, with %j', async (headers) => {
    const { session } = await start((_, response) => response.end('ok'), { config: { max_body_bytes: 1_000 } })
    const answer = await call(session, { ':method': 'POST', ...headers }, Buffer.alloc(1_000_000))
    expect(answer).toMatchObject({ status: 413, headers: { 'x-inferwatch-error': 'body_too_large' } })
    expect(await call(session, {})).toMatchObject({ status: 200, text: 'ok' })
  })
})

test('a client that reads slowly gets the whole of an answer that was under way at the end', async () => {
  const size = 8_000_000
  const { proxied, session } = await start((_, response) => response.end(Buffer.alloc(size)))
  const stream = session.request({ ':path': '/proxy/stand-in/v1/x' })
  await once(stream, 'response')
  const stopping = proxied.proxy.stop(60_000)
  let got = 0
  for await (const chunk of stream) {
    got += (chunk as Buffer).length
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(got).toBe(size)
  await stopping
})

test('a client that reads nothing is cut at the end', async () => {
  const { proxied, session } = await start((_, response) => response.end(Buffer.alloc(8_000_000)))
  const stream = session.request({ ':path': '/proxy/stand-in/v1/x' }).on('error', () => undefined)
  await once(stream, 'response')
  const closed = once(session, 'close')
  await proxied.proxy.stop(1)
  await closed
  expect(stream.readableEnded).toBe(false)
})

test('a connection without streams is closed, one with a stream is not', async () => {
  const held = Promise.withResolvers<ServerResponse>()
  const server = createServer()
  const clients = acceptHttp2(server, 65_536)
  server.keepAliveTimeout = 100
  server.on('request', (_, response: ServerResponse) => held.resolve(response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  stops.push(
    () => (server.closeAllConnections(), server.close()),
    () => clients.stop(0),
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [silent, speaking] = [connectHttp2(url), connectHttp2(url)]
  const silentClosed = once(silent, 'close')
  const speakingClosed = once(speaking, 'close')
  const stream = speaking.request({ ':path': '/' })
  const response = await held.promise
  await silentClosed
  await sleep(300)
  response.end('ok')
  expect(await textOf(stream)).toBe('ok')
  await speakingClosed
})

async function start(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  options: ProxiedOptions = {},
) {
  const upstream = createServer({ maxHeaderSize: 2 ** 17 }, listener)
  upstream.maxHeadersCount = 0
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  const proxied = await startProxied(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, options)
  const session = connectHttp2(`http://127.0.0.1:${proxied.port}`, lenient).on('error', () => undefined)
  stops.push(
    () => (upstream.closeAllConnections(), upstream.close()),
    () => proxied.stop(),
    () => session.destroy(),
  )
  return { proxied, session }
}

async function call(session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer) {
  const stream = session.request({ ':path': '/proxy/stand-in/v1/x', ...headers }, { endStream: body === undefined })
  if (body) stream.end(body)
  const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
  return { status: answer[':status'], headers: answer, text: await textOf(stream) }
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** A call over HTTP/2 that is yet to be answered. */
async function begin(): Promise<{ stream: ClientHttp2Stream; response: ServerResponse }> {
  const held = Promise.withResolvers<ServerResponse>()
  const { session } = await start((_, response) => held.resolve(response))
  const stream = session.request({ ':method': 'POST', ':path': '/proxy/stand-in/v1/x' })
  stream.end('{}')
  return { stream, response: await held.promise }
}
