/** One page from real servers: what is sent, what is taken, and what is said when it goes wrong. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { authority, certificate, privateKey } from '../proxy/testing-certificate.ts'
import { scrapeConfig } from './config.ts'
import { Connections } from './connections.ts'
import { fetchPage, type Access } from './fetch-page.ts'

const dir = mkdtempSync(join(tmpdir(), 'inferwatch-fetch-'))
const ending: (() => unknown)[] = []
afterEach(() => Promise.all(ending.splice(0).map((end) => end())))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const page = 'up 1\n'
const ok: RequestListener = (_, response) => response.end(page)

async function listen(server: TcpServer, close: () => void): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ending.push(close)
  return (server.address() as AddressInfo).port
}

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  const port = await listen(server, () => (server.close(), server.closeAllConnections()))
  return `http://127.0.0.1:${port}/metrics`
}

async function serveTls(options: ServerOptions = {}, handler = ok): Promise<string> {
  const server = createTlsServer({ cert: certificate, key: privateKey, ...options }, handler)
  const port = await listen(server, () => (server.close(), server.closeAllConnections()))
  return `https://127.0.0.1:${port}/metrics`
}

/** Answers every request with `bytes` and then closes, or leaves the connection open. */
async function serveBytes(bytes: string, closes = true): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', () => (closes ? socket.end(bytes) : bytes && socket.write(bytes)))
  })
  const port = await listen(server, () => (server.close(), sockets.forEach((socket) => socket.destroy())))
  return `http://127.0.0.1:${port}/metrics`
}

function file(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

interface Limits {
  timeoutMs?: number
  maxBytes?: number
  connections?: Connections
}

function get(url: string, access: object = {}, limits: Limits = {}): Promise<string> {
  const target = scrapeConfig.parse({ targets: [{ url, ...access }] }).targets[0] as Access
  const connections = limits.connections ?? new Connections()
  ending.push(() => connections.close())
  const { signal } = new AbortController()
  return fetchPage(url, { ...target, connections, timeoutMs: 30_000, maxBytes: 1_000_000, ...limits, signal })
}

const failure = (promise: Promise<string>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.message,
  )

describe('credentials', () => {
  const basic = (pair: string) => `Basic ${btoa(pair)}`
  test.each<[string, object, Record<string, string>]>([
    ['basic', { username: 'u', password: 'p:w' }, { authorization: basic('u:p:w') }],
    ['basic without a password', { username: 'u' }, { authorization: basic('u:') }],
    [
      'a password file',
      { username: 'u', password_file: file('password', 'secret\n') },
      { authorization: basic('u:secret') },
    ],
    ['bearer', { bearer_token: 'token' }, { authorization: 'Bearer token' }],
    ['a token file', { bearer_token_file: file('token', 'token\n') }, { authorization: 'Bearer token' }],
    ['headers', { headers: { 'X-Scope-OrgID': 'a' } }, { 'x-scope-orgid': 'a' }],
    [
      'headers beside a token',
      { bearer_token: 't', headers: { 'X-A': 'a' } },
      { authorization: 'Bearer t', 'x-a': 'a' },
    ],
  ])('%s', async (_, auth, headers) => {
    let seen: object = {}
    const url = await serve((request, response) => {
      seen = request.headers
      ok(request, response)
    })
    expect(await get(url, { auth })).toBe(page)
    expect(seen).toMatchObject(headers)
    expect('authorization' in seen).toBe('authorization' in headers)
  })

  test('those of the url count before those configured', async () => {
    let seen = ''
    const url = await serve((request, response) => {
      seen = request.headers.authorization ?? ''
      ok(request, response)
    })
    await get(url.replace('//', '//u:p%40@'), { auth: { bearer_token: 'token' } })
    expect(seen).toBe(basic('u:p@'))
  })

  test('a file that is not there, or holds no token, is said without its content', async () => {
    const url = await serve(ok)
    expect(await failure(get(url, { auth: { bearer_token_file: join(dir, 'none') } }))).toBe(
      `${join(dir, 'none')} cannot be read (ENOENT): correct the path or its rights`,
    )
    const odd = await failure(get(url, { auth: { bearer_token_file: file('odd', 'sec\nret') } }))
    expect(odd).toMatch(/authorization/)
    expect(odd).not.toMatch(/sec|ret/)
  })

  test.each<[object, string]>([
    [{ username: 'u', bearer_token: 't' }, 'give one of them'],
    [{ password: 'p' }, 'expected the user that the password is of'],
    [{ username: 'u', password: 'p', password_file: 'f' }, 'give one of them'],
    [{ bearer_token: 't', bearer_token_file: 'f' }, 'give one of them'],
    [{ headers: { 'X-A': 'a\r\nX-B: b' } }, 'on one line'],
    [{ headers: { 'X A': 'a' } }, 'expected a header name'],
  ])('%j is refused', (auth, message) => {
    expect(JSON.stringify(scrapeConfig.safeParse({ auth }).error?.issues)).toContain(message)
  })
})

describe('redirects', () => {
  const access = { auth: { bearer_token: 'secret-token', headers: { 'X-Key': 'secret-key' } } }

  test('on the same host are followed with credentials', async () => {
    const seen: (string | undefined)[] = []
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization)
      if (request.url === '/metrics') response.writeHead(307, { location: '/metrics/' }).end('moved')
      else ok(request, response)
    })
    expect(await get(url, access)).toBe(page)
    expect(seen).toEqual(['Bearer secret-token', 'Bearer secret-token'])
  })

  test('to another host are followed without, and not given back on the way home', async () => {
    const seen: object[] = []
    const home = await serve((request, response) => {
      seen.push(request.headers)
      if (request.url === '/metrics') response.writeHead(302, { location: other }).end()
      else ok(request, response)
    })
    const other = await serve((request, response) => {
      seen.push(request.headers)
      response.writeHead(301, { location: home.replace('/metrics', '/home') }).end()
    })
    expect(await get(home, access)).toBe(page)
    expect(seen).toHaveLength(3)
    expect(JSON.stringify(seen[0])).toMatch(/secret-key.*secret-token/)
    expect(JSON.stringify(seen.slice(1))).not.toContain('secret')
  })

  test('where the other host wants credentials, the error says which address to write', async () => {
    const other = await serve((_, response) => response.writeHead(401).end())
    const home = await serve((_, response) => response.writeHead(302, { location: `${other}?state=s3cret` }).end())
    const message = await failure(get(home, access))
    expect(message).toContain(`refuses access (401) at ${other}, to which it redirects and credentials are not sent`)
    expect(message).not.toContain('s3cret')
  })

  test('that never end are given up', async () => {
    let requests = 0
    const url = await serve((_, response) => {
      requests++
      response.writeHead(308, { location: '/again?token=s3cret' }).end()
    })
    expect(await failure(get(url))).toBe(
      `redirects more than 5 times, last to ${new URL(url).origin}/again: write the page's own address as the target's url`,
    )
    expect(requests).toBe(6)
  })

  test.each(['', 'file:///etc/passwd', 'http://'])('to %j lead nowhere', async (location) => {
    const url = await serve((_, response) => response.writeHead(302, { location }).end())
    expect(await failure(get(url))).toBe("redirects (302) to no web address: look at the server's own log")
  })
})

describe('encodings', () => {
  const packers: [string, (text: string) => Buffer][] = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ]
  const send = (name: string, body: Buffer) =>
    serve((_, response) => response.writeHead(200, { 'content-encoding': name }).end(body))

  test.each(packers)('%s', async (name, pack) => {
    const text = 'a{b="ü"} 1\n'.repeat(1000)
    expect(await get(await send(name, pack(text)))).toBe(text)
  })

  test.each(packers)('a bomb packed with %s is not unpacked to its end', async (name, pack) => {
    const bomb = pack('a 1\n'.repeat(1_000_000))
    expect(bomb.length).toBeLessThan(100_000)
    expect(await failure(get(await send(name, bomb), {}, { maxBytes: 100_000 }))).toBe(
      'the page is larger than 100000 bytes: raise scrape.max_bytes',
    )
  })

  test.each(packers)('half a page packed with %s', async (name, pack) => {
    const whole = pack(
      Array.from({ length: 1000 }, (_, index) => `a{i="${index * 7919}"} ${index * 104_729}\n`).join(''),
    )
    expect(await failure(get(await send(name, whole.subarray(0, whole.length >> 1))))).toBe(
      `the page cannot be unpacked as ${name}: it was cut short or is damaged`,
    )
  })

  test('one that was not asked for', async () => {
    expect(await failure(get(await send('snappy', Buffer.from(page))))).toContain('content-encoding snappy')
  })
})

describe('half pages', () => {
  test.each([
    ['fewer bytes than announced', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na 1\nb 2\n', 8],
    ['a last chunk that never comes', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\na 1\n\r\n', 4],
    ['no length, and an end in the middle of a line', 'HTTP/1.0 200 OK\r\n\r\na 1\nb 12', 8],
    [
      'OpenMetrics without its end',
      'HTTP/1.0 200 OK\r\ncontent-type: application/openmetrics-text; version=1.0.0\r\n\r\na 1\n',
      4,
    ],
  ])('%s', async (_, bytes, count) => {
    expect(await failure(get(await serveBytes(bytes)))).toBe(
      `the page ends in the middle, after ${count} bytes: look at the server's own log`,
    )
  })

  test.each([
    ['no length, whole lines', 'HTTP/1.0 200 OK\r\n\r\na 1\n', 'a 1\n'],
    ['a length, and no line end', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na 1', 'a 1'],
    [
      'OpenMetrics with its end',
      'HTTP/1.0 200 OK\r\ncontent-type: application/openmetrics-text\r\n\r\na 1\n# EOF\n',
      'a 1\n# EOF\n',
    ],
  ])('whole: %s', async (_, bytes, text) => {
    expect(await get(await serveBytes(bytes))).toBe(text)
  })
})

test('a server that is slow, in whatever part of its answer', async () => {
  const slow = [
    ['', 'no answer'],
    ['HTTP/1.1 200 OK\r\nx-a: ', 'no answer'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n', 'only 0 bytes of the page'],
    ['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na 1\n', 'only 4 bytes of the page'],
    ['HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\n', 'only 0 bytes of the page'],
  ] as const
  const failures = slow.map(async ([bytes]) => failure(get(await serveBytes(bytes, false), {}, { timeoutMs: 1_500 })))
  expect(await Promise.all(failures)).toEqual(
    slow.map(([, what]) => `${what} within 1500 ms: raise scrape.timeout or look at the server`),
  )
})

describe('large pages', () => {
  const line = `metric{label="${'x'.repeat(1000)}"} 1\n`
  const lines = Math.ceil((50 * 2 ** 20) / line.length)

  test('50 MB are read where the limit allows it', async () => {
    const url = await serve((_, response) => response.end(line.repeat(lines)))
    expect((await get(url, {}, { maxBytes: 64 * 2 ** 20 })).length).toBe(line.length * lines)
  })

  test.each([
    ['announced', { 'content-length': String(line.length * lines) }],
    ['in chunks', {}],
  ])('%s, they are left where it does not, and the connection is closed', async (_, headers) => {
    let written = 0
    const closed = Promise.withResolvers<void>()
    const url = await serve((_, response) => {
      response.writeHead(200, headers).on('close', closed.resolve)
      const more = () => {
        let room = true
        for (; room && written < lines && !response.destroyed; written++) room = response.write(line)
        if (room) response.end()
        else response.once('drain', more)
      }
      more()
    })
    expect(await failure(get(url))).toBe('the page is larger than 1000000 bytes: raise scrape.max_bytes')
    await closed.promise
    expect(written).toBeLessThan(lines / 2)
  })
})

test.each([
  ['text/html', 'hello', 'answers a web page'],
  ['text/plain', '<!doctype html>', 'answers a web page'],
  ['application/json', '{"a":1}', 'answers JSON'],
  ['text/plain', '[]', 'answers JSON'],
  ['application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily', '\u0001\u0002', 'answers binary data'],
  ['application/octet-stream', 'a\0b', 'answers binary data'],
  ['text/plain', '', 'answers an empty page'],
])('%s with %j is no metrics page', async (type, body, message) => {
  const url = await serve((_, response) => response.writeHead(200, { 'content-type': type }).end(body))
  expect(await failure(get(url))).toContain(message)
})

describe('TLS', () => {
  const ca_file = file('ca.pem', authority)

  test('a private authority is trusted where it is named', async () => {
    const url = await serveTls()
    expect(await failure(get(url))).toMatch(/is not trusted \(.*\): give its authority as tls.ca_file/)
    expect(await get(url, { tls: { ca_file } })).toBe(page)
  })

  test('any certificate is taken by explicit word alone', async () => {
    const url = await serveTls()
    expect(await get(url, { tls: { insecure_skip_verify: true } })).toBe(page)
    expect(await failure(get(url, { tls: { insecure_skip_verify: false } }))).toContain('is not trusted')
  })

  test('the certificate must be for the name', async () => {
    const url = await serveTls()
    expect(await get(url, { tls: { ca_file, server_name: 'localhost' } })).toBe(page)
    expect(await failure(get(url, { tls: { ca_file, server_name: 'other.example' } }))).toContain('is for another name')
  })

  test('a client certificate is shown to the target, and to no host that it redirects to', async () => {
    const own = { cert_file: file('own.pem', certificate), key_file: file('own.key', privateKey), ca_file }
    const options = { requestCert: true, rejectUnauthorized: true, ca: authority }
    const url = await serveTls(options)
    expect(await get(url, { tls: own })).toBe(page)
    expect(await failure(get(url, { tls: { ca_file } }))).not.toBe('no error')
    const home = await serveTls(options, (_, response) => response.writeHead(302, { location: url }).end())
    expect(await failure(get(home, { tls: own }))).not.toBe('no error')
  })

  test('files that were replaced count from the next scrape on', async () => {
    const url = await serveTls()
    const connections = new Connections()
    const path = file('rotating.pem', '')
    expect(await failure(get(url, { tls: { ca_file: path } }, { connections }))).toContain('is not trusted')
    writeFileSync(path, authority)
    expect(await get(url, { tls: { ca_file: path } }, { connections })).toBe(page)
    rmSync(path)
    expect(await failure(get(url, { tls: { ca_file: path } }, { connections }))).toContain('cannot be read (ENOENT)')
  })

  test('a server without TLS', async () => {
    const url = await serve(ok)
    expect(await failure(get(url.replace('http:', 'https:')))).toContain('does not speak TLS')
  })
})

describe('connections', () => {
  test('are kept from one scrape to the next', async () => {
    const connections = new Connections()
    let opened = 0
    const server = createServer(ok).on('connection', () => opened++)
    const url = `http://127.0.0.1:${await listen(server, () => (server.close(), server.closeAllConnections()))}/metrics`
    for (let scrape = 0; scrape < 3; scrape++) await get(url, {}, { connections })
    expect(opened).toBe(1)
  })

  test('one that the server closes on us is opened again', async () => {
    const connections = new Connections()
    const seen = new WeakSet<Socket>()
    const url = await serve((request, response) => {
      // Every second request on a connection meets one that is going away.
      if (seen.has(request.socket)) return request.socket.destroy()
      seen.add(request.socket)
      return ok(request, response)
    })
    for (let scrape = 0; scrape < 3; scrape++) expect(await get(url, {}, { connections })).toBe(page)
  })
})
