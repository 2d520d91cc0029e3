/** A client that speaks HTTP/2 in the clear sees what it would see without the proxy. */
import { once } from 'node:events'
import { createServer, get as httpGet, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, constants, type ClientHttp2Stream } from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startProxied } from '../testing.ts'
import { makeExchange } from '../testing-exchanges.ts'
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

async function start(listener: (request: IncomingMessage, response: ServerResponse) => void) {
  const upstream = createServer(listener)
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  const proxied = await startProxied(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
  stops.push(
    () => (upstream.closeAllConnections(), upstream.close()),
    () => proxied.stop(),
  )
  return { proxied }
}

/** A call over HTTP/2 that is yet to be answered. */
async function begin(): Promise<{ stream: ClientHttp2Stream; response: ServerResponse }> {
  const held = Promise.withResolvers<ServerResponse>()
  const { proxied } = await start((_, response) => held.resolve(response))
  const session = connectHttp2(`http://127.0.0.1:${proxied.port}`)
  stops.push(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':path': '/proxy/stand-in/v1/x' })
  stream.end('{}')
  return { stream, response: await held.promise }
}
