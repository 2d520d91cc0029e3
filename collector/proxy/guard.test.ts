/** Whatever an observer does, the client gets what it would have got; what is no longer observed is counted. */
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { IssueLog } from '../issues.ts'
import { GuardedObservation } from './guard.ts'
import type { CallObserver, CallStart } from './observer.ts'
import { quiet, startProxied, type Proxied } from './testing.ts'

const events = ['data: {"n":1}\n\n', 'data: {"n":2}\n\n', 'data: {"usage":3}\n\n', 'data: [DONE]\n\n']
const body = JSON.stringify({ model: 'gpt-4o', stream: true })

/** Streams the events one by one, as the client takes them, then the request that it saw. */
const upstream = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const seen = { body: Buffer.concat(chunks).toString(), traceparent: request.headers.traceparent }
    response.setHeader('x-seen', encodeURIComponent(JSON.stringify(seen)))
    if (request.url === '/plain') return response.end(Buffer.from(events.join('')))
    if (request.url === '/abort') return response.write(events[0], () => response.destroy())
    const next = (at: number) => {
      const event = events[at]
      if (event === undefined) response.end()
      else response.write(event, () => setImmediate(next, at + 1))
    }
    return next(0)
  })
})
let url: string
beforeAll(async () => {
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
})
afterAll(() => upstream.close())

let proxied: Proxied | null = null
afterEach(async () => {
  await proxied?.stop()
  proxied = null
})

const boom = (): never => {
  throw new TypeError('sk-secret in a message')
}

/** Takes 60 ms of the processor, however busy the machine is. */
const spin = () => {
  const start = process.threadCpuUsage()
  for (let used = 0; used < 60_000;) {
    const { user, system } = process.threadCpuUsage(start)
    used = user + system
  }
}

describe('an observer that throws', () => {
  test.each<[string, CallObserver]>([
    ['at the beginning', { begin: boom }],
    ['at the body', observing({ wantsBody: true, requestBody: boom })],
    ['at a part of the request', observing({ requestChunk: boom })],
    ['at the head of the answer', observing({ responseHead: boom })],
    ['at a part of the answer', observing({ responseChunk: boom })],
    ['at the end', observing({ end: boom })],
  ])('%s', async (_, observer) => {
    const { text, seen } = await call(observer)
    expect([text, seen.body]).toEqual([events.join(''), body])
    await expect.poll(() => proxied?.issues.counts()).toEqual({ 'proxy observer_failed': 1 })
  })
})

test('it is told when it is asked no more, and by nothing else', async () => {
  const told: string[] = []
  const dropped = () => {
    told.push('dropped')
    boom()
  }
  await call(observing({ responseChunk: boom, end: () => void told.push('end'), dropped }))
  await expect.poll(() => proxied?.issues.counts()).toEqual({ 'proxy observer_failed': 1 })
  await proxied?.stop()
  expect(told).toEqual(['dropped'])
  await call(observing({ end: () => void told.push('end'), dropped }))
  await expect.poll(() => told).toEqual(['dropped', 'end'])
})

describe('an observer that is slow', () => {
  test.each<[string, CallObserver]>([
    ['at the beginning', { begin: () => (spin(), quiet) }],
    ['at the body', observing({ wantsBody: true, requestBody: () => (spin(), null) })],
    ['at a part of the request', observing({ requestChunk: spin })],
    ['at the head of the answer', observing({ responseHead: spin })],
    ['at a part of the answer', observing({ responseChunk: (chunk: Buffer) => (spin(), chunk) })],
  ])('%s is asked no more', async (_, observer) => {
    const { text, seen } = await call(observer)
    expect([text, seen.body]).toEqual([events.join(''), body])
    expect(proxied?.issues.counts()).toEqual({ 'proxy observer_slow': 1 })
  })

  test('now and then is forgiven, again and again is not', () => {
    const issues = new IssueLog()
    const guarded = new GuardedObservation(quiet, issues)
    for (let turn = 0; turn < 10; turn++) for (const ms of [30, 0, 0, 0, 0, 0]) guarded.charge('responseChunk', ms)
    expect(issues.counts()).toEqual({})
    for (const ms of [30, 30]) guarded.charge('responseChunk', ms)
    expect(issues.counts()).toEqual({ 'proxy observer_slow': 1 })
  })
})

describe('an observer that has to wait', () => {
  /** The thread stands still, as when the machine runs others. */
  const stand = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)

  test.each<[string, CallObserver]>([
    ['at the beginning', { begin: () => (stand(), quiet) }],
    ['at a part of the answer', observing({ responseChunk: (chunk: Buffer) => (stand(), chunk) })],
    ['at the end', observing({ end: stand })],
  ])('%s is not slow', async (_, observer) => {
    const { text } = await call(observer)
    expect(text).toBe(events.join(''))
    expect(proxied?.issues.counts()).toEqual({})
  })

  test('at the end, whatever it does there, has seen all', async () => {
    const { text } = await call(observing({ end: spin }))
    expect(text).toBe(events.join(''))
    expect(proxied?.issues.counts()).toEqual({})
  })
})

describe('an observer that answers nonsense', () => {
  test.each<[string, object]>([
    ['no text as a header', { addedHeaders: { traceparent: 7 } }],
    ['a line break in a header', { addedHeaders: { traceparent: 'a\r\nx: y' } }],
    ['no name of a header', { addedHeaders: { 'trace parent': 'a' } }],
    ['a header that frames', { addedHeaders: { 'Content-Length': '3' } }],
    ['a key', { addedHeaders: { Authorization: 'Bearer other' } }],
    ['no headers', { addedHeaders: null, end: boom }],
    ['headers that throw', Object.defineProperty({}, 'addedHeaders', { get: boom, enumerable: true })],
    ['text as a body', { wantsBody: true, requestBody: () => 'text' }],
    ['nothing for a part of the answer', { responseChunk: () => undefined }],
    ['text for a part of the answer', { responseChunk: () => 'text' }],
  ])('%s', async (_, odd) => {
    const { text, seen } = await call(observing(odd))
    expect([text, seen]).toEqual([events.join(''), { body }])
    const counts = Object.keys(proxied?.issues.counts() ?? {})
    expect(counts).toHaveLength(1)
    expect(counts[0]).toMatch(/^proxy observer_(invalid|failed)$/)
  })

  test('another length for an answer that promised one', async () => {
    const { text } = await call(observing({ responseChunk: () => Buffer.from('short') }), '/plain')
    expect(text).toBe(events.join(''))
    expect(proxied?.issues.counts()).toEqual({ 'proxy observer_invalid': 1 })
  })

  test('a promise, which nobody waits for', async () => {
    const { text } = await call({ begin: () => Promise.resolve(quiet) as never })
    expect(text).toBe(events.join(''))
  })
})

describe('an observer that changes what it may', () => {
  test('adds a header, in place of the client’s', async () => {
    const { seen } = await call(observing({ addedHeaders: { traceparent: '00-a-b-01' } }), '/', {
      Traceparent: '00-x-y-00',
    })
    expect(seen.traceparent).toBe('00-a-b-01')
  })

  test.each([
    ['a length', {}],
    ['chunks', { 'transfer-encoding': 'chunked' }],
  ])('replaces a body with %s', async (_, headers) => {
    const asked: string[] = []
    const requestBody = (whole: Buffer) => {
      asked.push(whole.toString())
      return Buffer.from('{"stream_options":{"include_usage":true}}')
    }
    const { seen } = await call(observing({ wantsBody: true, requestBody }), '/', headers)
    expect([asked, seen.body]).toEqual([[body], '{"stream_options":{"include_usage":true}}'])
  })

  test.each<[string, Record<string, string>, object]>([
    ['is no JSON', { 'content-type': 'text/plain' }, {}],
    ['is compressed', { 'content-encoding': 'gzip' }, {}],
    ['is too large', {}, { max_rewritten_bytes: 10 }],
    ['turns out too large', { 'transfer-encoding': 'chunked' }, { max_rewritten_bytes: 10 }],
  ])('sees a body in parts that %s', async (_, headers, config) => {
    const parts: Buffer[] = []
    const observation = { wantsBody: true, requestBody: boom, requestChunk: (part: Buffer) => void parts.push(part) }
    const sent = headers['content-encoding'] ? gzipSync(body) : Buffer.from(body)
    const { text } = await call(observing(observation), '/', headers, config)
    expect(text).toBe(events.join(''))
    expect(Buffer.concat(parts).equals(sent)).toBe(true)
    expect(proxied?.issues.counts()).toEqual({})
  })

  test('hides an event', async () => {
    const responseChunk = (chunk: Buffer) => (chunk.includes('usage') ? Buffer.alloc(0) : chunk)
    const { text } = await call(observing({ responseChunk }))
    expect(text).toBe(events.filter((event) => !event.includes('usage')).join(''))
  })

  test.each(['/', '/abort'])('keeps part of an event until it has the rest, %s', async (path) => {
    let kept = Buffer.alloc(0)
    const responseChunk = (chunk: Buffer) => {
      const all = Buffer.concat([kept, chunk])
      kept = all.subarray(-3)
      return all.subarray(0, -3)
    }
    const { text } = await call(observing({ responseChunk, responseRest: () => kept }), path)
    expect(text).toBe(path === '/' ? events.join('') : events[0])
  })

  test.each([
    ['throws', boom],
    ['is slow', spin],
  ])('and then %s, with some of it kept', async (_, act) => {
    let turn = 0
    const responseChunk = (chunk: Buffer) => {
      if (++turn === 3) act()
      return turn === 1 ? chunk.subarray(0, 5) : Buffer.alloc(0)
    }
    const { text } = await call(observing({ responseChunk }))
    expect(text).toBe(events.join(''))
  })
})

test('what an observer is told of a call', async () => {
  const told: unknown[] = []
  let began: CallStart | null = null
  const observer: CallObserver = {
    begin(start) {
      began = start
      return {
        ...quiet,
        requestChunk: (chunk) => void told.push(chunk.toString()),
        responseHead: (status, headers, atMs) =>
          void told.push([status, headers['x-seen'] !== undefined, atMs >= start.startedMs]),
        responseChunk(chunk, atMs) {
          told.push(atMs >= start.startedMs)
          return chunk
        },
        end: (end) => void told.push(end),
      }
    },
  }
  const before = Date.now()
  await call(observer, '/v1/a%2Fb?x=1', { 'x-inferwatch-team': 'search' })
  await expect.poll(() => told.length).toBe(7)
  expect(began).toMatchObject({
    endpoint: 'stand-in',
    method: 'POST',
    path: '/v1/a%2Fb?x=1',
    headers: { 'x-inferwatch-team': 'search' },
  })
  expect((began as unknown as CallStart).startedMs).toBeGreaterThan(before - 100)
  const bytes = { requestBytes: body.length, responseBytes: events.join('').length }
  expect(told).toEqual([
    body,
    [200, true, true],
    true,
    true,
    true,
    true,
    { how: 'complete', atMs: expect.any(Number), ...bytes },
  ])
})

/** An observer of every call, which does this. */
function observing(odd: object): CallObserver {
  return {
    begin: () => Object.defineProperties({ ...quiet }, Object.getOwnPropertyDescriptors(odd)),
  }
}

interface Answered {
  /** What came, also where it then broke off. */
  text: string
  /** By the upstream. */
  seen: { body: string; traceparent?: string }
}

async function call(
  observer: CallObserver,
  path = '/',
  headers: Record<string, string> = {},
  config: object = {},
): Promise<Answered> {
  proxied = await startProxied(url, { observer, config })
  const client = httpRequest(proxied.url + path, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  })
  client.end(headers['content-encoding'] ? gzipSync(body) : body)
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  let text = ''
  answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined)
  await new Promise((resolve) => answer.on('close', resolve))
  return { text, seen: JSON.parse(decodeURIComponent(String(answer.headers['x-seen']))) as Answered['seen'] }
}
