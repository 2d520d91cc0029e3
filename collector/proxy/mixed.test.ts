/** Calls of every sort at once, with a virtual key: it never goes on, each call is settled once, and nothing is left of any. */
import { once, type EventEmitter } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Stream } from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { IngestIssue } from '../../records/ingest-issue.ts'
import { attributionConfig, endpointConfig, proxyConfig } from '../config.ts'
import { IssueLog } from '../issues.ts'
import { startTelemetry } from '../self/telemetry.ts'
import type { Spool } from '../spool/index.ts'
import { silent } from '../spool/testing.ts'
import { startHttp2 } from './http2/testing.ts'
import { createProxy } from './index.ts'
import { createKeys } from './keys/index.ts'
import { readJournal } from './keys/journal.ts'
import { Ledger, type Entry } from './keys/ledger.ts'
import { hashOf } from './keys/ring.ts'
import { spendingDir } from './keys/spending.ts'
import { createObserver } from './observe/index.ts'
import { startProxyServer } from './server.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const secret = 'iw-the-key-of-search'
const secrets = /iw-|sk-the-real|of-aws/
const tokens = 11
const answer = JSON.stringify({
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: tokens },
})
const asked = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }] })
const json = { 'content-type': 'application/json' }
const head = { ...json, authorization: `Bearer ${secret}` }
const path = '/v1/chat/completions'
const now = Date.parse('2026-11-26T22:06:18Z')
const maxBody = 10_000

test('300 calls, while the configuration is reloaded', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'inferwatch-mixed-'))
  stops.push(() => rmSync(dataDir, { recursive: true }))
  const telemetry = startTelemetry('0')
  stops.push(() => telemetry.stop())
  const upstream = await startUpstreams()
  const endpointsOf = (round: number) =>
    [
      { name: 'one', upstream: upstream.http1, api_key: 'sk-the-real-one' },
      { name: 'two', upstream: upstream.http2, api_key: 'sk-the-real-one', http2: true },
      { name: 'ask', upstream: upstream.http1, ask_usage: true },
      {
        name: 'aws',
        upstream: upstream.http1,
        aws: { region: 'us-east-1', access_key_id: `AKIA${round}`, secret_access_key: 'of-aws' },
      },
    ].map((endpoint) => endpointConfig.parse(endpoint))
  const configOf = (round: number) =>
    proxyConfig.parse({
      keys: [
        { name: 'search', hash: hashOf(secret), limits: { tokens_per_day: 1e9, requests_per_minute: 1e6 + round } },
      ],
      max_body_bytes: maxBody,
      require_key: true,
      timeouts: { keep_alive: `${1 + (round % 2)}h` },
    })
  const issues = new IssueLog()
  const keys = createKeys({ config: configOf(0), dataDir, issues, clock: () => now })
  let used = 0
  const observed = { content: 'full', attribution: attributionConfig.parse({}) } as const
  const observer = createObserver({
    ...observed,
    endpoints: endpointsOf(0),
    acceptCalls: async (calls) => {
      for (const { request, key } of calls) {
        used += (request.input_tokens ?? 0) + (request.output_tokens ?? 0)
        request.cost_usd = 0
        key?.settle(request)
      }
    },
    appendSamples: async () => undefined,
    issues,
    // Room for the calls of one round: it would not do for all of them.
    maxCopiedBytes: 32 * 1024,
  })
  const proxy = createProxy({ config: configOf(0), endpoints: endpointsOf(0), observer, keys, issues, log: silent })
  const server = await startProxyServer(proxy, '127.0.0.1:0')
  stops.push(() => server.stop())

  const ways = waysTo(Number(server.address.split(':').at(-1)), upstream)
  const rounds = 300 / ways.length
  for (let round = 1; round <= rounds; round++) {
    const calls = ways.map((way) => way())
    if (round % 3 === 0) {
      keys.reload(configOf(round))
      observer.reload({ ...observed, endpoints: endpointsOf(round) })
      proxy.reload(configOf(round), endpointsOf(round))
    }
    await Promise.all(calls)
    await observer.flushed()
  }
  await expect.poll(() => telemetry.metricsText(), { timeout: 10_000 }).toMatch(/^inferwatch_proxy_active_calls\S* 0$/m)
  expect(await telemetry.metricsText()).not.toMatch(secrets)
  expect(upstream.sent()).toContain('sk-the-real-one')
  expect(upstream.sent()).not.toMatch(/iw-|of-aws/)
  await server.stop()
  await observer.stop()
  await keys.stop()

  expect(issues.counts()).not.toHaveProperty('proxy no_room_for_copies')
  expect(JSON.stringify(await rowsOf(issues))).not.toMatch(secrets)
  const ledger = new Ledger()
  for (const entry of readJournal<Entry>(spendingDir(dataDir)).entries) ledger.apply(entry)
  expect(used).toBeGreaterThan(tokens)
  expect(ledger.used('search', now)).toEqual({ requests: 300, tokens: used, usd: 0 })
  expect([...ledger.abandon()]).toEqual([])
  for (const name of readdirSync(spendingDir(dataDir)))
    expect(statSync(join(spendingDir(dataDir), name)).mode & 0o777).toBe(0o600)
})

interface Upstreams {
  http1: string
  http2: string
  /** All that came, as text. */
  sent(): string
  /** Resolves when the next call came that is not answered. */
  held(): Promise<unknown>
}

async function startUpstreams(): Promise<Upstreams> {
  let sent = ''
  const waiting: (() => void)[] = []
  const hold = () => waiting.shift()?.()
  const http1 = createServer((request, response) => {
    sent += JSON.stringify([request.url, request.rawHeaders])
    if (request.url?.startsWith('/hang')) return hold()
    request.on('data', (chunk: Buffer) => (sent += chunk.toString()))
    request.on('error', () => undefined)
    request.on('end', () => {
      response.writeHead(200, { ...json, 'content-length': answer.length })
      if (request.url?.startsWith('/break')) response.write(answer.slice(0, 9), () => response.destroy())
      else response.end(answer)
    })
  })
  http1.on('upgrade', (request: IncomingMessage, socket) => {
    sent += JSON.stringify([request.url, request.rawHeaders])
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello')
  })
  await once(http1.listen(0, '127.0.0.1'), 'listening')
  const http2 = await startHttp2((stream, headers, raw) => {
    sent += JSON.stringify(raw)
    if (String(headers[':path']).startsWith('/hang')) return hold()
    stream.on('data', (chunk: Buffer) => (sent += chunk.toString()))
    stream.on('end', () => {
      stream.respond({ ':status': 200, ...json })
      stream.end(answer)
    })
  })
  stops.push(
    () => (http1.closeAllConnections(), http1.close()),
    () => http2.stop(),
  )
  return {
    http1: `http://127.0.0.1:${(http1.address() as AddressInfo).port}`,
    http2: http2.url,
    sent: () => sent,
    held: () => new Promise<void>((resolve) => waiting.push(resolve)),
  }
}

/** Each makes one call and resolves when it is over. */
function waysTo(port: number, upstream: Upstreams): (() => Promise<unknown>)[] {
  const origin = `http://127.0.0.1:${port}`
  const session = connectHttp2(origin).on('error', () => undefined)
  stops.push(() => session.destroy())
  const post = (to: string, options: RequestOptions = {}) =>
    httpRequest(`${origin}/proxy/${to}`, { method: 'POST', headers: head, agent: false, ...options })
  const posted = async (to: string, status: number, options: RequestOptions = {}, body = asked) => {
    const client = post(to, options)
    client.on('error', () => undefined).end(body)
    const [found] = (await once(client, 'response')) as [IncomingMessage]
    found.on('error', () => undefined).resume()
    await closed(found)
    expect([to, found.statusCode]).toEqual([to, status])
  }
  const streamed = (to: string): ClientHttp2Stream => {
    const stream = session.request({ ':method': 'POST', ':path': `/proxy/${to}`, ...head })
    stream.on('error', () => undefined).end(asked)
    return stream.resume()
  }
  return [
    () => posted(`one${path}`, 200),
    () => posted(`two${path}?key=${secret}`, 200, { headers: json }),
    () => posted(`aws${path}`, 200, { headers: { ...json, 'x-amz-security-token': secret } }),
    () => posted(`ask${path}`, 200, { headers: { ...head, 'transfer-encoding': 'chunked' } }),
    () => posted(`one/break${path}`, 200),
    () => posted(`one${path}`, 413, {}, 'x'.repeat(maxBody + 1)),
    async () => {
      const socket = connect(port, '127.0.0.1')
      const protocol = `realtime, openai-insecure-api-key.${secret}`
      socket.write(
        `GET /proxy/two/v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
      )
      await closed(socket.on('error', () => undefined).resume())
    },
    async () => {
      const held = upstream.held()
      const client = post(`one/hang${path}`).on('error', () => undefined)
      client.end(asked)
      await held
      client.destroy()
    },
    async () => {
      const stream = streamed(`aws${path}`)
      const [found] = (await once(stream, 'response')) as [Record<string, unknown>]
      expect(found[':status']).toBe(200)
      await closed(stream)
    },
    async () => {
      const held = upstream.held()
      const stream = streamed(`two/hang${path}`)
      await held
      stream.close()
      await closed(stream)
    },
  ]
}

const closed = (it: EventEmitter) => new Promise((resolve) => it.once('close', resolve))

async function rowsOf(issues: IssueLog): Promise<IngestIssue[]> {
  const rows: IngestIssue[] = []
  const append: Spool['append'] = async ({ ingest_issues = [] }) => void rows.push(...ingest_issues)
  await issues.flush({ append }, now)
  return rows
}
