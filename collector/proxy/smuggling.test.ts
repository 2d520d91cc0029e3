/** Odd framing, sent as bytes: the upstream sees what it would have seen of the client itself, or nothing at all. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProxied, type Proxied } from './testing.ts'
import { readMessage, startWireServer, valueOf, type WireServer } from './testing-wire.ts'

const smuggled = 'GET /proxy/stand-in/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
const chunkedBody = `5\r\nhello\r\n0\r\n\r\n`

function post(headers: string, body: string, path = '/proxy/stand-in/first', version = '1.1'): string {
  return `POST ${path} HTTP/${version}\r\nHost: localhost\r\n${headers}\r\n${body}`
}

const odd: Record<string, string> = {
  'a length and chunks': post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`),
  'chunks and a length': post('Transfer-Encoding: chunked\r\nContent-Length: 60\r\n', chunkedBody + smuggled),
  'two lengths': post(`Content-Length: 5\r\nContent-Length: ${smuggled.length + 5}\r\n`, `hello${smuggled}`),
  'the same length twice': post('Content-Length: 5\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'a list of lengths': post('Content-Length: 5, 5\r\n', `hello${smuggled}`),
  'a signed length': post('Content-Length: +5\r\n', `hello${smuggled}`),
  'a negative length': post('Content-Length: -5\r\n', `hello${smuggled}`),
  'a hexadecimal length': post('Content-Length: 0x5\r\n', `hello${smuggled}`),
  'a length with a space in it': post('Content-Length: 1 0\r\n', `hello${smuggled}`),
  'an empty length': post('Content-Length: \r\n', smuggled),
  'an endless length': post(`Content-Length: ${'9'.repeat(30)}\r\n`, `hello${smuggled}`),
  'an unknown coding': post('Transfer-Encoding: xchunked\r\n', chunkedBody + smuggled),
  'a coding before chunks': post('Transfer-Encoding: gzip, chunked\r\n', chunkedBody + smuggled),
  'a coding after chunks': post('Transfer-Encoding: chunked, identity\r\n', chunkedBody + smuggled),
  identity: post('Transfer-Encoding: identity\r\n', `hello${smuggled}`),
  'identity and a length': post('Transfer-Encoding: identity\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'chunked twice': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', chunkedBody + smuggled),
  'chunked and identity in two fields': post(
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    chunkedBody + smuggled,
  ),
  'chunked in capitals': post('Transfer-Encoding: CHUNKED\r\n', chunkedBody + smuggled),
  'a tab before chunked': post('Transfer-Encoding:\tchunked\r\n', chunkedBody + smuggled),
  'a vertical tab before chunked': post('Transfer-Encoding: \x0bchunked\r\n', chunkedBody + smuggled),
  'a space before the colon': post('Transfer-Encoding : chunked\r\n', chunkedBody + smuggled),
  'a folded field': post('Transfer-Encoding:\r\n chunked\r\n', chunkedBody + smuggled),
  'a folded length': post('X: 1\r\n Content-Length: 5\r\n', `hello${smuggled}`),
  'a field without a name': post(': chunked\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'a field without a colon': post('nonsense\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'NUL in a value': post('X: a\0b\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'a bare CR in a value': post('X: a\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'bare LF': post('Content-Length: 5\r\n', `hello${smuggled}`).replaceAll('\r\n', '\n'),
  'bare LF before a field': post('X: a\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'an extension of a chunk': post('Transfer-Encoding: chunked\r\n', `5;a=b\r\nhello\r\n0\r\n\r\n${smuggled}`),
  'LF in an extension': post('Transfer-Encoding: chunked\r\n', `5;a\nhello\r\n0\r\n\r\n${smuggled}`),
  'a space before a size': post('Transfer-Encoding: chunked\r\n', ` 5\r\nhello\r\n0\r\n\r\n${smuggled}`),
  'a prefixed size': post('Transfer-Encoding: chunked\r\n', `0x5\r\nhello\r\n0\r\n\r\n${smuggled}`),
  'a huge size': post('Transfer-Encoding: chunked\r\n', `FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n${smuggled}`),
  'a chunk that is too long': post('Transfer-Encoding: chunked\r\n', `5\r\nhelloXX\r\n0\r\n\r\n${smuggled}`),
  'a chunk ended by LF': post('Transfer-Encoding: chunked\r\n', `5\r\nhello\n0\r\n\r\n${smuggled}`),
  'framing in trailers': post(
    'Transfer-Encoding: chunked\r\n',
    `5\r\nhello\r\n0\r\nContent-Length: 60\r\n\r\n${smuggled}`,
  ),
  'Connection names the length': post('Connection: content-length\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'Connection names the coding': post(
    'Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n',
    chunkedBody + smuggled,
  ),
  'chunks in HTTP/1.0': post('Transfer-Encoding: chunked\r\n', chunkedBody + smuggled, undefined, '1.0'),
  'HTTP/2.0': post('Content-Length: 5\r\n', `hello${smuggled}`, undefined, '2.0'),
  'HTTP/1.10': post('Content-Length: 5\r\n', `hello${smuggled}`, undefined, '1.10'),
  'a GET with a length': `GET /proxy/stand-in/first HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello${smuggled}`,
  'a GET in chunks': `GET /proxy/stand-in/first HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedBody}${smuggled}`,
  'an upgrade with a body': `GET /proxy/stand-in/first HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello${smuggled}`,
  'an upgrade to h2c with a body': post(
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n',
    `hello${smuggled}`,
  ),
  'no Host': `POST /proxy/stand-in/first HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello${smuggled}`,
  'two Hosts': post('Host: evil.example\r\nContent-Length: 5\r\n', `hello${smuggled}`),
  'an unknown method': post('Content-Length: 5\r\n', `hello${smuggled}`).replace('POST', 'PUST'),
  'a space in the path': post('Content-Length: 5\r\n', `hello${smuggled}`, '/proxy/stand-in/a b'),
  'a control character in the path': post('Content-Length: 5\r\n', `hello${smuggled}`, '/proxy/stand-in/a\x01b'),
  'letters beyond ASCII in the path': post('Content-Length: 5\r\n', `hello${smuggled}`, '/proxy/stand-in/caf\xe9'),
}

let bare: { port: number; seen: string[]; stop: () => Promise<unknown> }
let wire: WireServer & { bytes: string[] }
let toBare: Proxied
let toWire: Proxied

beforeAll(async () => {
  bare = await startBare()
  wire = await startWire()
  toBare = await startProxied(`http://127.0.0.1:${bare.port}`)
  toWire = await startProxied(wire.url)
})
afterAll(async () => {
  await toBare?.stop()
  await toWire?.stop()
  await bare?.stop()
  await wire?.stop()
})

describe.each(Object.entries(odd))('%s', (_, bytes) => {
  test('is to the upstream what it is without the proxy', async () => {
    const direct = await send(bare.port, bytes.replaceAll('/proxy/stand-in', ''))
    const seenDirectly = bare.seen.splice(0)
    const through = await send(toBare.port, bytes)
    const seenThrough = bare.seen.splice(0)
    const isRefused = statuses(through).some((status) => status >= 400)
    // What came before one that is refused may have been passed on, as it was.
    const expected = isRefused ? seenDirectly.slice(0, seenThrough.length) : seenDirectly
    // Requests that come together go on over connections of their own, of which neither is first for sure.
    expect(seenThrough.toSorted()).toEqual(expected.toSorted())
    expect(isRefused ? [] : statuses(through)).toEqual(isRefused ? [] : statuses(direct))
  })

  test('leaves the proxy as plain messages', async () => {
    await send(toWire.port, bytes)
    const left = wire.bytes.splice(0).filter((text) => text !== '')
    for (const text of left)
      for (let rest = text; rest !== '';) {
        const read = readMessage(rest, {})
        expect(read, JSON.stringify(rest)).not.toBeNull()
        if (!read) return
        const { headers } = read.message
        const framing = headers.filter(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
        expect(framing.length).toBeLessThanOrEqual(1)
        expect(valueOf(read.message, 'host')).toBe(`127.0.0.1:${wire.port}`)
        expect(headers.filter(([name]) => /^host$/i.test(name))).toHaveLength(1)
        expect(read.message.start).toMatch(/^[A-Z]+ \/(first|smuggled|a|caf)\S* HTTP\/1\.1$/)
        rest = read.rest
      }
  })
})

test.each([
  ['an absolute URI', 'GET http://evil.example/proxy/stand-in/x HTTP/1.1'],
  ['an absolute URI of our own', 'GET http://localhost/proxy/stand-in/x HTTP/1.1'],
  ['another host after two slashes', 'GET //evil.example/proxy/stand-in/x HTTP/1.1'],
  ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1'],
  ['a tunnel to a path', 'CONNECT /proxy/stand-in/x HTTP/1.1'],
  ['a user in the endpoint', 'GET /proxy/stand-in@evil.example/x HTTP/1.1'],
  ['a port in the endpoint', 'GET /proxy/stand-in:80/x HTTP/1.1'],
  ['another server as an endpoint', 'GET /proxy/http://evil.example/x HTTP/1.1'],
  ['everything', 'OPTIONS * HTTP/1.1'],
])('%s leads nowhere', async (_, line) => {
  const text = await send(toWire.port, `${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  expect(wire.bytes.splice(0).join('')).toBe('')
  expect(statuses(text).every((status) => status === 404 || status === 400)).toBe(true)
})

/** Sends bytes, says nothing more, and resolves with all that came once that is over. */
async function send(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => undefined)
  socket.write(Buffer.from(bytes, 'latin1'))
  const { promise, resolve } = Promise.withResolvers<void>()
  let quiet = setTimeout(resolve, 150)
  socket.on('close', () => resolve())
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    clearTimeout(quiet)
    quiet = setTimeout(resolve, 40)
  })
  await promise
  clearTimeout(quiet)
  socket.destroy()
  return text
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

/** The upstream that most of the odd bytes are compared on: node:http as it is. */
async function startBare() {
  const seen: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${JSON.stringify(body)}`)
      response.end('ok')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    seen,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Keeps what each connection sent, and answers what it can read. */
async function startWire() {
  const bytes: string[] = []
  const server = await startWireServer((socket) => {
    const at = bytes.push('') - 1
    let unread = ''
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1')
      bytes[at] = (bytes[at] ?? '') + text
      unread += text
      for (let read = readMessage(unread, {}); read && unread !== ''; read = readMessage(unread, {})) {
        unread = read.rest
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
        socket.end()
      }
    })
  })
  return Object.assign(server, { bytes })
}
