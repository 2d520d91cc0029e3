/** The ClickHouse HTTP interface, as clients use it, over the real engine. */
import { readFileSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStorage } from '../testing.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
let password: string
beforeAll(async () => {
  storage = await testStorage()
  password = readFileSync(join(storage.data_dir, 'keys', 'writer'), 'utf8').trim()
  await storage.db.command('CREATE TABLE lines (a String, b UInt32) ENGINE = MergeTree ORDER BY b')
})
afterAll(() => storage.stop())

async function send(query: Record<string, string>, init: RequestInit = {}) {
  return fetch(`${storage.url}/?${new URLSearchParams(query)}`, init)
}
const asWriter = (): Record<string, string> => ({ user: 'writer', password })

test('says that it is there', async () => {
  for (const path of ['/', '/ping', '/replicas_status']) {
    const response = await fetch(storage.url + path)
    expect([path, response.status, await response.text()]).toEqual([path, 200, 'Ok.\n'])
  }
  for (const page of ['play', 'dashboard']) expect((await fetch(`${storage.url}/${page}`)).status).toBe(404)
})

test.each<[string, number, HeadersInit, Record<string, string>]>([
  ['nobody is the reader', 200, {}, {}],
  ['reader', 200, { authorization: `Basic ${btoa('reader:')}` }, {}],
  ['default is the reader', 200, { authorization: `Basic ${btoa('default:')}` }, {}],
  ['writer without password', 401, { authorization: `Basic ${btoa('writer:')}` }, {}],
  ['writer with a wrong one', 403, { 'x-clickhouse-user': 'writer', 'x-clickhouse-key': 'no' }, {}],
  ['reader with a wrong one', 403, {}, { user: 'reader', password: 'no' }],
  ['somebody else', 403, {}, { user: 'root', password: 'x' }],
  ['somebody else without a password', 401, {}, { user: 'root' }],
  ['a bearer of tokens', 403, { authorization: 'Bearer x' }, {}],
])('who asks: %s', async (_, status, headers, query) => {
  const response = await send({ query: 'SELECT 1', ...query }, { headers })
  expect([response.status, await response.text()]).toEqual([status, expect.any(String)])
})

test('the writer by header, by basic auth and by parameters', async () => {
  const basic = { headers: { authorization: `Basic ${btoa(`writer:${password}`)}` } }
  const keys = { headers: { 'x-clickhouse-user': 'writer', 'x-clickhouse-key': password } }
  const query = { query: "SELECT count() FROM system.processes WHERE query LIKE '%processes%'" }
  for (const [params, init] of [
    [query, basic],
    [query, keys],
    [{ ...query, ...asWriter() }, {}],
  ] as const) {
    expect(await (await send(params, init)).text()).toBe('1\n')
  }
})

/** As written, where clients would put an address in order. */
function sendLine(target: string, host = '127.0.0.1'): Promise<string> {
  const port = Number(new URL(storage.url).port)
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    )
    let text = ''
    socket
      .on('data', (data) => (text += data.toString()))
      .on('end', () => resolve(text))
      .on('error', reject)
  })
}

test('a client that ends its side after the question gets its answer', async () => {
  const query = new URLSearchParams({ query: 'SELECT sleep(0.5) + 7' })
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const port = Number(new URL(storage.url).port)
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () =>
      socket.end(`GET /?${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
    )
    socket
      .on('data', (data) => (text += data.toString()))
      .on('close', () => resolve(text))
      .on('error', reject)
  })
  expect(answer).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n7\n$/)
})

test('a page that rebinds its name to 127.0.0.1 is not a local reader', async () => {
  expect(await sendLine('/?query=SELECT+1', 'evil.example')).toMatch(/^HTTP\/1.1 401/)
})

test.each([
  ['whole', 'http://localhost/?query=SELECT+1', 200],
  ['whole, without a path', 'http://localhost', 200],
  ['of two slashes', '//localhost/?query=SELECT+1', 404],
  ['with a broken host', 'http://[', 404],
  ['with no such port', 'http://localhost:99999/?query=SELECT+1&compress=1', 404],
  ['of a long path', `/${'a'.repeat(100_000)}`, 404],
])('an address %s', async (_, target, status) => {
  const answer = await sendLine(target)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer.length).toBeLessThan(2000)
  expect(await (await send({ query: 'SELECT 1' })).text()).toBe('1\n')
})

test('answers carry the headers that clients read', async () => {
  const response = await send({ query: 'SELECT 1 AS a FORMAT JSONCompact', query_id: 'q-1' })
  expect(await response.json()).toMatchObject({ meta: [{ name: 'a' }], data: [[1]] })
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'x-clickhouse-query-id': 'q-1',
    'x-clickhouse-format': 'JSONCompact',
    'x-clickhouse-timezone': 'UTC',
    'content-type': 'application/json; charset=UTF-8',
  })
  expect(JSON.parse(response.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({ result_rows: '1' })
})

test.each<[string, Record<string, string>, HeadersInit, string]>([
  ['by default', {}, {}, '1\tx\n'],
  ['default_format', { default_format: 'JSONEachRow' }, {}, '{"a":1,"b":"x"}\n'],
  ['the header', {}, { 'x-clickhouse-format': 'CSV' }, '1,"x"\n'],
])('the format %s', async (_, query, headers, expected) => {
  const response = await send(query, { method: 'POST', body: "SELECT 1 AS a, 'x' AS b", headers })
  expect(await response.text()).toBe(expected)
})

test('errors: status, code and a body that clients parse', async () => {
  const cases: [string, number, string][] = [
    ['SELEC 1', 400, '62'],
    ['EXCHANGE TABLES a AND b', 403, '497'],
    ['SELECT FROM WHERE', 400, '62'],
    ['SELECT * FROM nope', 404, '60'],
    ['SELECT nope FROM requests', 404, '47'],
    ["SELECT 'x'::Nope", 404, '50'],
    ['SELECT throwIf(1)', 500, '395'],
    ['SELECT sleepEachRow(1) FROM numbers(30) SETTINGS max_execution_time = 1', 500, '164'],
  ]
  for (const [sql, status, code] of cases) {
    const response = await send({}, { method: 'POST', body: sql })
    const text = await response.text()
    expect([sql, response.status, response.headers.get('x-clickhouse-exception-code')]).toEqual([sql, status, code])
    expect(text).toMatch(
      new RegExp(`^Code: ${code}\\. DB::Exception: (?!Code)[^]+\\([A-Z_0-9]+\\) \\(version 26[.\\d]+\\)\\n$`),
    )
  }
  const late = await send(
    { max_execution_time: '1' },
    { method: 'POST', body: 'SELECT sum(number) FROM numbers(1e12)' },
  )
  expect([late.status, late.headers.get('x-clickhouse-exception-code')]).toEqual([408, '159'])
})

const failing = 'SELECT number, throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 1000'

test.each<[string, Record<string, string>, (answer: Response) => Promise<unknown>]>([
  ['', {}, (answer) => expect(answer.text()).rejects.toThrow('terminated')],
  ['as a whole', { wait_end_of_query: '1' }, (answer) => expect(answer.text()).resolves.toMatch(/^Code: 395/)],
])('what a failed query had found is not in front of the next answer %s', async (_, query, fails) => {
  for (let round = 0; round < 6; round++) {
    await fails(await send({ ...asWriter(), ...query }, { method: 'POST', body: failing }))
    expect(await (await send(asWriter(), { method: 'POST', body: 'SELECT 1' })).text()).toBe('1\n')
  }
})

test('gzip both ways', async () => {
  const rows = gzipSync(Array.from({ length: 2000 }, (_, i) => `${i}\tx\n`).join(''))
  const inserted = await send(
    { ...asWriter(), query: 'INSERT INTO lines (b, a) FORMAT TSV' },
    { method: 'POST', body: rows, headers: { 'content-encoding': 'gzip' } },
  )
  expect([inserted.status, await inserted.text()]).toEqual([200, ''])
  const response = await send({ query: 'SELECT b FROM lines ORDER BY b', enable_http_compression: '1' })
  expect(response.headers.get('content-encoding')).toBe('gzip')
  expect((await response.text()).length).toBe(8890)
  await storage.db.command('TRUNCATE TABLE lines')
})

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['gzip', gunzipSync],
  ['deflate', inflateSync],
  ['br', brotliDecompressSync],
  ['zstd', zstdDecompressSync],
])('an answer in %s, when that is what the client takes', async (encoding, unpack) => {
  const query = 'SELECT number FROM numbers(1000)'
  const path = `/?${new URLSearchParams({ query, enable_http_compression: '1' })}`
  const [head, body] = await rawGet(path, `Accept-Encoding: snappy, ${encoding};q=0.9, identity`)
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 200 [^]*\r\nContent-Encoding: ${encoding}\r\n`))
  expect(unpack(body).toString().split('\n')).toHaveLength(1001)
  const [plain] = await rawGet(path.replace('=1', '=0'), `Accept-Encoding: ${encoding}`)
  expect(plain).not.toContain('Content-Encoding')
  const [unknown] = await rawGet(path, 'Accept-Encoding: lz4, snappy')
  expect(unknown).not.toContain('Content-Encoding')
})

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
])('a question in %s', async (encoding, pack) => {
  const headers = { 'content-encoding': encoding }
  const body = new Uint8Array(pack(Buffer.from('SELECT 1')))
  expect(await (await send({}, { method: 'POST', body, headers })).text()).toBe('1\n')
  const broken = await send({}, { method: 'POST', body: body.subarray(0, -6), headers })
  expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('Code: 36')])
})

test('an encoding that is not known is named', async () => {
  const response = await send({}, { method: 'POST', body: 'x', headers: { 'content-encoding': 'lz4' } })
  expect([response.status, await response.text()]).toEqual([
    501,
    expect.stringContaining('use gzip, deflate, br, zstd'),
  ])
})

test('GET changes nothing, whoever asks', async () => {
  const get = async (query: string) => {
    const response = await send({ ...asWriter(), query })
    return [response.status, response.headers.get('x-clickhouse-exception-code')]
  }
  expect(await get('SELECT 1')).toEqual([200, null])
  expect(await get('TRUNCATE TABLE lines')).toEqual([500, '164'])
  expect(await get("INSERT INTO lines VALUES ('a', 1)")).toEqual([500, '164'])
  expect(await get('WITH x AS (SELECT 1) INSERT INTO lines SELECT 1, 1 FROM x')).toEqual([500, '164'])
  expect(await get('SELECT 1; DROP TABLE lines')).toEqual([500, '164'])
})

test('a form that is none, and one with tables of its own', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const broken = await send({}, { method: 'POST', body: 'not a form', headers })
  expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('no multipart form')])
})

async function rawGet(path: string, headers: string): Promise<[head: string, body: Buffer]> {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = []
    const socket = connect(Number(new URL(storage.url).port), '127.0.0.1', () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n\r\n`),
    )
    socket
      .on('data', (data: Buffer) => parts.push(data))
      .on('end', () => resolve(Buffer.concat(parts)))
      .on('error', reject)
  })
  const end = bytes.indexOf('\r\n\r\n')
  return [bytes.subarray(0, end + 2).toString('latin1'), bytes.subarray(end + 4)]
}

test('a body is data, whatever stands in it: blank lines do not end it', async () => {
  const sql = 'x","b":1}\n\nTRUNCATE TABLE requests\n\n'
  const bodies: [string, string][] = [
    ['JSONEachRow', `${JSON.stringify({ a: 'one', b: 1 })}\n\n\n${JSON.stringify({ a: sql, b: 2 })}\n`],
    ['TSV', 'three\t3\n'],
    ['RowBinary', '\u0002\n\n\n\n\n\n\u0001c\n\n\n\n'],
  ]
  for (const [format, body] of bodies) {
    const url = await send(
      { ...asWriter(), query: `INSERT INTO lines (a, b) FORMAT ${format}` },
      { method: 'POST', body },
    )
    expect([format, url.status, await url.text()]).toEqual([format, 200, ''])
  }
  const inline = await send(asWriter(), {
    method: 'POST',
    body: `INSERT INTO lines FORMAT JSONEachRow\n${JSON.stringify({ a: '\n\n', b: 4 })}\n\n{"a":"DROP","b":5}\n`,
  })
  expect([inline.status, await inline.text()]).toEqual([200, ''])
  expect(await storage.db.query('SELECT a, b FROM lines ORDER BY b')).toEqual([
    { a: 'one', b: 1 },
    { a: sql, b: 2 },
    { a: 'three', b: 3 },
    { a: '\n\n', b: 4 },
    { a: 'DROP', b: 5 },
    { a: '\n\n', b: 168_430_090 },
    { a: 'c', b: 168_430_090 },
  ])
  expect(readdirSync(join(storage.data_dir, 'clickhouse', 'bodies'))).toEqual([])
})

test.each([
  ['in the body', {}, "INSERT INTO lines SELECT a, b FROM input('a UInt8, b String') FORMAT TSV\n1\tx\n"],
  ['in the address', { query: "INSERT INTO lines SELECT * FROM INPUT('a UInt8, b String') FORMAT TSV" }, '1\tx\n'],
  ['without a format', { query: "INSERT INTO lines SELECT * FROM input('a UInt8, b String')" }, "(1, 'x')"],
])('rows that input() would read are refused, not lost: %s', async (_, query, body) => {
  const answer = await send({ ...asWriter(), ...query }, { method: 'POST', body })
  expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([501, '48'])
  expect(await answer.text()).toContain('does not read rows by input()')
})

test('a body that breaks off inserts nothing', async () => {
  const port = Number(new URL(storage.url).port)
  const query = new URLSearchParams({ ...asWriter(), query: 'INSERT INTO lines (a, b) FORMAT TSV' })
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`POST /?${query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nbroken\t999\n`)
      setTimeout(() => socket.destroy(), 100)
    })
    socket.on('close', () => resolve())
  })
  await expect.poll(() => readdirSync(join(storage.data_dir, 'clickhouse', 'bodies'))).toEqual([])
  expect(await storage.db.query('SELECT a FROM lines WHERE b = 999')).toEqual([])
})

test('a client that goes away stops its query', async () => {
  const slow =
    'SELECT sum(sleepEachRow(0.1)) FROM numbers(300) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0'
  const control = new AbortController()
  const answer = send(asWriter(), { method: 'POST', body: `/* mark */ ${slow}`, signal: control.signal })
  const running = () =>
    storage.db.query(
      "SELECT 1 FROM system.processes WHERE query LIKE '%sleepEachRow%' AND query NOT LIKE '%processes%'",
    )
  await expect.poll(running).toHaveLength(1)
  control.abort()
  await expect(answer).rejects.toThrow('aborted')
  await expect.poll(running).toHaveLength(0)
})

test('a multipart form brings query and values', async () => {
  const form = new FormData()
  form.set('query', 'SELECT {a:Array(String)}')
  form.set('param_a', "['x','it\\'s']")
  expect(await (await send({}, { method: 'POST', body: form })).text()).toBe("['x','it\\'s']\n")
})

test('forty queries at once: each gets its own values', async () => {
  const ask = async (i: number) => {
    const [row] = await storage.reader.query<{ v: string; n: number }>(
      'SELECT {v:String} AS v, {n:UInt32} AS n FROM numbers(1) WHERE sleep(0.01) = 0',
      { v: `it's\n\\${i}`, n: i },
    )
    return row
  }
  const rows = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(i)))
  expect(rows).toEqual(Array.from({ length: 40 }, (_, i) => ({ v: `it's\n\\${i}`, n: i })))
})

test('the official client: streams, JSON, errors with their type', async () => {
  const client = createClient({
    url: storage.url,
    username: 'reader',
    database: 'inferwatch',
    compression: { response: true },
  })
  try {
    expect(await client.ping()).toEqual({ success: true })
    expect(await client.ping({ select: true })).toEqual({ success: true })
    const json = await client.query({ query: 'SELECT number AS n FROM numbers(3)', format: 'JSON' })
    expect((await json.json()).data).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
    const stream = await client.query({ query: 'SELECT number FROM numbers(100000)', format: 'JSONEachRow' })
    let count = 0
    for await (const rows of stream.stream()) count += rows.length
    expect(count).toBe(100_000)
    await expect(client.query({ query: 'SELECT * FROM nope' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    })
  } finally {
    await client.close()
  }
})

test("Grafana's client: the first question is answered at its revision, data as plain Native", async () => {
  const query = { default_format: 'Native', client_protocol_version: '54460', database: 'inferwatch' }
  const hello = await send(query, { method: 'POST', body: 'SELECT displayName(), version(), revision(), timezone()' })
  const bytes = Buffer.from(await hello.arrayBuffer())
  expect(bytes.subarray(0, 10)).toEqual(Buffer.from([1, 0, 2, 255, 255, 255, 255, 0, 4, 1]))
  expect(bytes.toString('latin1')).toContain('\nrevision()\u0006UInt32\0\0\0\0\0')
  const data = await send(query, { method: 'POST', body: 'SELECT toUInt8(7) AS a' })
  expect(Buffer.from(await data.arrayBuffer())).toEqual(Buffer.from('\u0001\u0001\u0001a\u0005UInt8\u0007'))
})

test("the engine keeps no logs of its own in the database's directory", async () => {
  const growing = await storage.db.query(
    "SELECT name FROM system.tables WHERE database = 'system' AND (engine LIKE '%MergeTree' OR engine LIKE '%Log')",
  )
  expect(growing).toEqual([])
})
