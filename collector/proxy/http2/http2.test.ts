/** An upstream that speaks HTTP/2 answers as one that speaks HTTP/1.1: byte for byte, at once, to the end or to where it broke off. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { proxyConfig } from '../../config.ts'
import type { CallEnd } from '../observer.ts'
import { quiet, startProxied, type ProxiedOptions } from '../testing.ts'
import { authority, certificate, privateKey } from '../testing-certificate.ts'
import { makeExchange, play, type StandIn } from '../testing-exchanges.ts'
import { essenceOf, playDirectly, startExchanges, startHttp2, type Essence, type Played } from './testing.ts'

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } =
  constants

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

test('150 exchanges, directly and through the proxy', async () => {
  const standIn = await startExchanges()
  stops.push(() => standIn.stop())
  const { port } = await before(standIn.url)
  for (let seed = 1; seed <= 150; seed++) {
    const exchange = makeExchange(seed)
    const direct = await playDirectly(exchange, standIn)
    const { interim, answer } = await play(exchange, standIn as unknown as StandIn, port, '/proxy/stand-in')
    const through = { request: standIn.request, interim: interim.map(essenceOf), answer: essenceOf(answer) }
    expect(comparable(through, exchange), `seed ${seed}`).toEqual(comparable(direct, exchange))
  }
})

/** Who left saw as much as was there; of what broke off, how much came is the network's. */
function comparable({ request, interim, answer }: Played, { leaves, expect, broken }: ReturnType<typeof makeExchange>) {
  const last = (message: Essence) => ({
    ...message,
    headers: message.headers.toSorted(([a], [b]) => Number(a === 'content-length') - Number(b === 'content-length')),
    trailers: message.complete ? message.trailers : [],
  })
  if (leaves) return { request: expect === 'none' ? request && last(request) : null, status: answer.start }
  const isCut = expect === 'refuse' || broken !== 'none'
  return {
    request: request && last(request),
    interim: interim.map(last),
    answer: isCut
      ? { ...last(answer), body: '', trailers: [], complete: expect === 'refuse' || answer.complete }
      : last(answer),
  }
}

describe('streams', () => {
  test('every part reaches the other side before the next is there, heads first', async () => {
    const streams = Promise.withResolvers<ServerHttp2Stream>()
    const { url } = await beforeStreams((stream) => streams.resolve(stream))
    const client = open(url, { method: 'POST' })
    client.flushHeaders()
    const stream = await streams.promise
    for (const part of ['one', 'two']) {
      client.write(part)
      const [chunk] = (await once(stream, 'data')) as [Buffer]
      expect(chunk.toString()).toBe(part)
    }
    stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    for (const part of ['data: 1\n\n', 'data: 2\n\n']) {
      stream.write(part)
      const [chunk] = (await once(answer, 'data')) as [Buffer]
      expect(chunk.toString()).toBe(part)
    }
    client.destroy()
  })

  test('many calls share a connection, and more than it takes get another', async () => {
    const held: ServerHttp2Stream[] = []
    const standIn = await startHttp2((stream) => held.push(stream), { settings: { maxConcurrentStreams: 2 } })
    stops.push(() => standIn.stop())
    const { url } = await before(standIn.url)
    const first = get(url)
    await expect.poll(() => held.length).toBe(1)
    const others = [get(url), get(url), get(url), get(url)]
    await expect.poll(() => held.length).toBe(5)
    expect(standIn.sessions.size).toBe(3)
    for (const [at, stream] of held.entries()) {
      stream.respond({ ':status': 200 })
      stream.end(`${at}`)
    }
    const texts = (await Promise.all([first, ...others])).map(({ text }) => text)
    expect(texts.toSorted()).toEqual(['0', '1', '2', '3', '4'])
  })

  test('a client that does not read holds the upstream up', async () => {
    let sent = 0
    const { url } = await beforeStreams((stream) => {
      stream.respond({ ':status': 200 })
      const fill = () => {
        do sent += 2 ** 16
        while (stream.write(Buffer.alloc(2 ** 16)))
      }
      stream.on('drain', fill)
      fill()
    })
    const client = open(url).on('error', () => undefined)
    client.end()
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    answer.pause()
    let before = -1
    await expect.poll(() => before === (before = sent), { interval: 200 }).toBe(true)
    expect(sent).toBeLessThan(16 * 2 ** 20)
    client.destroy()
  })

  test('20 MB up and down', async () => {
    const size = 20 * 2 ** 20
    const { url } = await beforeStreams((stream) => {
      let taken = 0
      stream.on('data', (chunk: Buffer) => (taken += chunk.length))
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'x-taken': String(taken), 'content-length': String(size) })
        stream.end(Buffer.alloc(size))
      })
    })
    const client = open(url, { method: 'POST' })
    client.end(Buffer.alloc(size))
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    let got = 0
    for await (const chunk of answer) got += (chunk as Buffer).length
    expect([answer.headers['x-taken'], got]).toEqual([String(size), size])
  })
})

describe('aborts', () => {
  test('the client’s resets the stream at once, and no other', async () => {
    const streams: ServerHttp2Stream[] = []
    const { url } = await beforeStreams((stream) => {
      streams.push(stream)
      stream.respond({ ':status': 200 })
      stream.write('some')
    })
    const [leaving, staying] = [open(url), open(url)]
    const answers = [leaving, staying].map(async (client) => {
      client.end()
      const [answer] = (await once(client, 'response')) as [IncomingMessage]
      return answer.resume()
    })
    await Promise.all(answers)
    const closed = Promise.race(streams.map(async (stream) => (await once(stream, 'close'), stream)))
    leaving.destroy()
    const reset = await closed
    expect(reset.rstCode).toBe(NGHTTP2_CANCEL)
    const other = streams.find((stream) => stream !== reset)
    expect(other?.closed).toBe(false)
    other?.end()
    await once((await answers[1]) as IncomingMessage, 'end')
  })

  test('the client’s while it uploads', async () => {
    const closed = Promise.withResolvers<number>()
    const { url } = await beforeStreams((stream) => {
      stream.once('data', () => client.destroy())
      stream.on('close', () => closed.resolve(stream.rstCode))
    })
    const client = open(url, { method: 'POST', headers: { 'content-length': 1_000 } }).on('error', () => undefined)
    client.write('some')
    expect(await closed.promise).toBe(NGHTTP2_CANCEL)
  })

  test.each([
    ['a reset', (stream: ServerHttp2Stream) => stream.close(NGHTTP2_INTERNAL_ERROR)],
    ['a cancelled stream', (stream: ServerHttp2Stream) => stream.close(NGHTTP2_CANCEL)],
    ['the end of its connection', (stream: ServerHttp2Stream) => stream.session?.destroy()],
  ])('the upstream’s in the middle of an answer reaches the client: %s', async (_, abort) => {
    const ends: CallEnd[] = []
    const { url } = await beforeStreams(
      (stream) => {
        // Else node:http2 ends it before it resets it.
        stream.respond({ ':status': 200 }, { waitForTrailers: true })
        stream.write('some', () => setTimeout(() => abort(stream), 20))
      },
      { observer: ending(ends) },
    )
    const client = open(url)
    client.end()
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    const failed = Promise.withResolvers<Error>()
    answer.on('error', failed.resolve).resume()
    expect(await failed.promise).toMatchObject({ code: 'ECONNRESET' })
    await expect.poll(() => ends).toMatchObject([{ how: 'upstream_aborted', responseBytes: 4 }])
  })

  test('the upstream’s before an answer reaches the client, and nothing is sent again', async () => {
    let calls = 0
    const { url } = await beforeStreams((stream) => {
      calls++
      stream.close(NGHTTP2_INTERNAL_ERROR)
    })
    await expect(get(url)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(calls).toBe(1)
  })
})

describe('what the upstream says it took nothing of', () => {
  test('a refused stream is sent again, its body too', async () => {
    const bodies: string[] = []
    const { url } = await beforeStreams(async (stream) => {
      if (bodies.length === 0) {
        bodies.push('refused')
        return stream.close(NGHTTP2_REFUSED_STREAM)
      }
      bodies.push(await textOf(stream))
      stream.respond({ ':status': 200 })
      stream.end('ok')
    })
    expect(await post(url, 'hello')).toMatchObject({ status: 200, text: 'ok' })
    expect(bodies).toEqual(['refused', 'hello'])
  })

  test('one that is refused every time is given up', async () => {
    let calls = 0
    const { url } = await beforeStreams((stream) => {
      calls++
      stream.close(NGHTTP2_REFUSED_STREAM)
    })
    await expect(post(url, 'hello')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(calls).toBe(3)
  })

  test.each([
    ['in order', NGHTTP2_NO_ERROR],
    ['in anger', NGHTTP2_ENHANCE_YOUR_CALM],
  ])('calls after the last that a connection takes go to another: goodbye %s', async (_, code) => {
    let calls = 0
    const { url } = await beforeStreams((stream) => {
      if (++calls === 2) return stream.session?.goaway(code, 1)
      stream.respond({ ':status': 200 })
      stream.end(`call ${calls}`)
    })
    expect(await post(url, 'hello')).toMatchObject({ status: 200, text: 'call 1' })
    expect(await post(url, 'hello')).toMatchObject({ status: 200, text: 'call 3' })
  })

  test('calls that it took before it said goodbye are answered, and later ones go to another connection', async () => {
    const held = Promise.withResolvers<ServerHttp2Stream>()
    const { url, standIn } = await beforeStreams((stream, headers) => {
      if (headers[':path'] === '/first') {
        stream.respond({ ':status': 200 })
        stream.session?.goaway(NGHTTP2_NO_ERROR, stream.id)
        return held.resolve(stream)
      }
      stream.respond({ ':status': 200 })
      stream.end('second')
    })
    const first = get(`${url}/first`)
    const stream = await held.promise
    await expect.poll(async () => (await get(url)).text).toBe('second')
    expect(standIn.sessions.size).toBe(2)
    stream.end('first')
    expect((await first).text).toBe('first')
  })
})

describe('TLS', () => {
  const secure = async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inferwatch-http2-'))
    stops.push(() => rmSync(folder, { recursive: true }))
    const ca_file = join(folder, 'ca.pem')
    writeFileSync(ca_file, authority)
    return { ca_file }
  }
  const answering = (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 })
    stream.end('h2')
  }

  test('an upstream that offers HTTP/2 is spoken to in it, over one connection', async () => {
    const standIn = await startHttp2(answering, { secure: true })
    stops.push(() => standIn.stop())
    const { url } = await before(standIn.url, { endpoint: await secure() })
    const texts = await Promise.all([get(url), get(url), get(url)])
    expect(texts.map(({ text }) => text)).toEqual(['h2', 'h2', 'h2'])
    expect(standIn.sessions.size).toBe(1)
  })

  test('one that does not is spoken to in HTTP/1.1', async () => {
    const upstream = createTlsServer({ cert: certificate, key: privateKey }, (request, response) => {
      response.end(request.httpVersion)
    })
    await once(upstream.listen(0, '127.0.0.1'), 'listening')
    stops.push(() => (upstream.closeAllConnections(), upstream.close()))
    const { port } = upstream.address() as AddressInfo
    const { url } = await before(`https://localhost:${port}`, { endpoint: await secure() })
    expect([(await get(url)).text, (await post(url, 'x')).text]).toEqual(['1.1', '1.1'])
  })

  test('a certificate that nobody vouches for is no upstream', async () => {
    const standIn = await startHttp2(answering, { secure: true })
    stops.push(() => standIn.stop())
    const { url } = await before(standIn.url)
    const refused = await get(url)
    expect(refused).toMatchObject({ status: 502, headers: { 'x-inferwatch-error': 'upstream_unreachable' } })
    expect(refused.text).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  test('one that never shakes hands', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume())
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    stops.push(() => silent.close())
    const { port } = silent.address() as AddressInfo
    const { url } = await before(`https://localhost:${port}`, { config: { timeouts: { connect: '40ms' } } })
    expect(await get(url)).toMatchObject({ status: 504, headers: { 'x-inferwatch-error': 'upstream_timeout' } })
  })

  test('a WebSocket goes over HTTP/1.1', async () => {
    const upstream = createTlsServer({ cert: certificate, key: privateKey })
    upstream.on('upgrade', (request: IncomingMessage, socket) => {
      socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${request.url}`)
    })
    await once(upstream.listen(0, '127.0.0.1'), 'listening')
    stops.push(() => (upstream.closeAllConnections(), upstream.close()))
    const { port } = upstream.address() as AddressInfo
    const proxied = await before(`https://localhost:${port}`, { endpoint: await secure() })
    const socket = connect(proxied.port, '127.0.0.1')
    socket.write(
      'GET /proxy/stand-in/v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 101 [^]*\/v1\/realtime$/)
  })
})

test('heads of any number of fields, both ways, and as large as the configuration says', async () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`x-${at}`, 'v']))
  const { url } = await beforeStreams(
    (stream, headers) => {
      stream.respond({ ':status': 200, ...many, 'x-got': String(headers['x-longer']).length })
      stream.end('ok')
    },
    { config: { max_header_bytes: 150_000 } },
    { maxHeaderListSize: 200_000 },
  )
  const request = open(url, { headers: { ...many, 'x-long': 'x'.repeat(60_000), 'x-longer': 'x'.repeat(60_000) } })
  const answer = await exchange(request)
  expect(answer).toMatchObject({ status: 200, headers: { 'x-299': 'v', 'x-got': '60000' } })
})

test('nobody listens at the upstream', async () => {
  const { url } = await before('http://127.0.0.1:9')
  expect(await post(url, 'x')).toMatchObject({ status: 502, headers: { 'x-inferwatch-error': 'upstream_unreachable' } })
})

test('an upstream that speaks HTTP/1.1 only, in the clear, breaks the call off', async () => {
  const upstream = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  stops.push(() => upstream.close())
  const { url } = await before(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
  await expect(post(url, 'x')).rejects.toMatchObject({ code: 'ECONNRESET' })
})

test('a connection that nobody uses is closed', async () => {
  const standIn = await startHttp2((stream) => {
    stream.respond({ ':status': 200 })
    stream.end('ok')
  })
  stops.push(() => standIn.stop())
  const { url } = await before(standIn.url, { config: { timeouts: { keep_alive: '50ms' } } })
  expect((await get(url)).text).toBe('ok')
  await expect.poll(() => standIn.sessions.size).toBe(0)
  expect((await get(url)).text).toBe('ok')
})

test('a reload that takes the endpoint away lets its call end, and then its connection', async () => {
  const held = Promise.withResolvers<ServerHttp2Stream>()
  const { proxy, url, standIn } = await beforeStreams((stream) => held.resolve(stream), {
    config: { timeouts: { keep_alive: '1h' } },
  })
  const call = get(url)
  const stream = await held.promise
  proxy.reload(proxyConfig.parse({}), [])
  stream.respond({ ':status': 200 })
  stream.end('ok')
  expect((await call).text).toBe('ok')
  await expect.poll(() => standIn.sessions.size).toBe(0)
  expect((await get(url)).status).toBe(404)
})

async function before(upstream: string, { endpoint, ...options }: ProxiedOptions = {}) {
  const proxied = await startProxied(upstream, { ...options, endpoint: { http2: true, ...endpoint } })
  stops.push(() => proxied.stop())
  return proxied
}

async function beforeStreams(onStream: Parameters<typeof startHttp2>[0], options: ProxiedOptions = {}, settings = {}) {
  const standIn = await startHttp2(onStream, { settings })
  stops.push(() => standIn.stop())
  return { standIn, ...(await before(standIn.url, options)) }
}

/** An observer that keeps how each call ended. */
function ending(ends: CallEnd[]): NonNullable<ProxiedOptions['observer']> {
  return { begin: () => ({ ...quiet, end: (end) => void ends.push(end) }) }
}

function open(url: string, options: RequestOptions = {}) {
  return httpRequest(url, { agent: false, ...options }).on('error', () => undefined)
}

const get = (url: string) => exchange(open(url))
const post = (url: string, body: string) => exchange(open(url, { method: 'POST' }), body)

async function exchange(client: ReturnType<typeof open>, body?: string) {
  client.end(body)
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, headers: answer.headers, text: await textOf(answer) }
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

test('an upstream that takes connections and says nothing: calls give up in time, and later ones begin anew', async () => {
  let connections = 0
  const silent = createServer((socket) => {
    connections++
    socket.on('error', () => undefined).resume()
  })
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  stops.push(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const proxied = await startProxied(`https://127.0.0.1:${port}`, {
    endpoint: { http2: true },
    config: { timeouts: { connect: '200ms' } },
  })
  stops.push(() => proxied.stop())
  const status = async () => {
    const [answer] = (await once(httpRequest(`${proxied.url}/v1/models`).end(), 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode
  }
  expect(await status()).toBe(504)
  expect(connections).toBe(1)
  const next = async () => {
    expect(await status()).toBeGreaterThanOrEqual(502)
    return connections
  }
  await expect.poll(next).toBe(2)
})
