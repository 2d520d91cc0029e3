/** Virtual keys as clients use them: real HTTP through the proxy, to a stand-in that keeps every byte it gets. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Anthropic } from '@anthropic-ai/sdk'
import { OpenAI } from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { emptyRequest } from '../../../records/llm-request.ts'
import { proxyConfig, type EndpointConfig } from '../../config.ts'
import { IssueLog } from '../../issues.ts'
import { startProxied, type Proxied } from '../testing.ts'
import { changeKeys } from './file.ts'
import { createKeys, type Keys } from './index.ts'
import { hashOf } from './ring.ts'

const kinds = [
  'openai',
  'anthropic',
  'azure',
  'bedrock',
  'vertex',
  'gemini',
  'cohere',
  'mistral',
  'ollama',
  'other',
] as const satisfies EndpointConfig['kind'][]
const real = 'sk-the-real-one'
const secret = 'iw-the-key-of-search'

/** Answers each request with `{}`, an upgrade with 101, and keeps what it was sent. */
let upstream: Server
let sent = ''
const sockets = new Set<Socket>()
beforeAll(async () => {
  upstream = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.on('data', (chunk) => {
      sent += chunk.toString('latin1')
      const isUpgrade = /\r\nupgrade: websocket/i.test(chunk.toString('latin1'))
      socket.write(
        isUpgrade
          ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
      )
    })
  })
  await once(upstream.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  upstream.close()
})

let dataDir = ''
let issues: IssueLog
let now = Date.parse('2026-11-26T22:06:18Z')
let keys: Keys | null = null
let proxied: Proxied | null = null
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'inferwatch-keys-'))
  issues = new IssueLog()
  sent = ''
  now = Date.parse('2026-11-26T22:06:18Z')
})
afterEach(async () => {
  await proxied?.stop()
  await keys?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const configOf = (config: object) => proxyConfig.parse({ keys: [{ name: 'search', hash: hashOf(secret) }], ...config })

/** Endpoints named by their kinds, each with the real key; `bare` has none. */
async function start(config: object = {}, api_key: string | null = real): Promise<Proxied> {
  const address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const endpoints = kinds.map((kind) => ({ name: kind, upstream: address, kind, ...(api_key ? { api_key } : {}) }))
  keys = createKeys({ config: configOf(config), dataDir, issues, clock: () => now })
  proxied = await startProxied(address, { config: configOf(config), endpoints, keys })
  return proxied
}

interface Answered {
  status: number
  headers: IncomingMessage['headers']
  body: unknown
}

async function post(kind: string, headers: Record<string, string>, rest = '/v1/x'): Promise<Answered> {
  const url = `http://127.0.0.1:${proxied?.port}/proxy/${kind}${rest}`
  const client = httpRequest(url, { method: 'POST', headers, agent: false }).end('{}')
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(text) }
}

const spentRequest = Object.assign(emptyRequest(), { http_status: 200, output_tokens: 0 })
const bearer = { authorization: `Bearer ${secret}` }

describe('a virtual key', () => {
  const ways: [string, Record<string, string>, string][] = [
    ['Authorization', bearer, ''],
    ['x-api-key', { 'x-api-key': secret }, ''],
    ['api-key', { 'api-key': secret }, ''],
    ['x-goog-api-key', { 'x-goog-api-key': secret }, ''],
    ['x-inferwatch-key', { 'x-inferwatch-key': secret }, ''],
    ['x-inferwatch-key beside a vendor’s key', { 'x-inferwatch-key': secret, authorization: 'Bearer sk-mine' }, ''],
    ['a query', {}, `?key=${secret}`],
    ['two places', { ...bearer, 'x-api-key': secret }, `?key=${secret}`],
  ]

  test.each(ways)('sent as %s becomes the key of each kind, and never reaches it', async (_, headers, query) => {
    await start()
    for (const kind of kinds) {
      sent = ''
      expect(await post(kind, headers, `/v1/x${query}`)).toMatchObject({ status: 200, body: {} })
      const [line = '', ...fields] = sent.split('\r\n\r\n')[0]?.split('\r\n') ?? []
      expect(line).toBe('POST /v1/x HTTP/1.1')
      const given = fields.filter((field) =>
        /^(authorization|x-api-key|api-key|x-goog-api-key|x-inferwatch)/i.test(field),
      )
      expect(given).toEqual([forms[kind]])
      expect(sent).not.toContain('iw-')
      expect(sent).not.toContain('sk-mine')
    }
    expect(issues.counts()).toEqual({})
  })

  test('is taken off where the endpoint needs no key', async () => {
    await start({}, null)
    expect(await post('openai', bearer)).toMatchObject({ status: 200 })
    expect(sent).not.toMatch(/authorization|iw-/i)
  })

  test('leaves all else of the request as it came', async () => {
    await start()
    await post('openai', { 'x-custom': 'a', ...bearer, accept: 'b' }, '/v1/x?b=%20&a')
    const swapped = sent
    sent = ''
    await post('openai', { 'x-custom': 'a', authorization: `Bearer ${real}`, accept: 'b' }, '/v1/x?b=%20&a')
    expect(swapped.replace('Authorization', 'authorization')).toBe(sent)
  })

  test('is swapped in an upgrade too, in a header and among protocols', async () => {
    const { port } = await start()
    for (const header of [
      `Authorization: Bearer ${secret}`,
      `Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.${secret}`,
    ]) {
      sent = ''
      const text = await upgrade(port, header)
      expect(text).toMatch(/^HTTP\/1\.1 101 /)
      expect(sent).toContain(`\r\nAuthorization: Bearer ${real}\r\n`)
      expect(sent).not.toContain('iw-')
    }
    sent = ''
    expect(await upgrade(port, 'Authorization: Bearer iw-nobodys')).toMatch(/^HTTP\/1\.1 401 /)
    expect(sent).toBe('')
  })

  test('opens a proxy whose port needs a key', async () => {
    await start({ api_keys: ['a-key-of-sixteen-letters'] })
    expect(await post('openai', bearer)).toMatchObject({ status: 200 })
    expect(await post('openai', { authorization: 'Bearer sk-mine' })).toMatchObject({ status: 401 })
  })
})

const forms: Record<(typeof kinds)[number], string> = {
  openai: `Authorization: Bearer ${real}`,
  anthropic: `x-api-key: ${real}`,
  azure: `api-key: ${real}`,
  bedrock: `Authorization: Bearer ${real}`,
  vertex: `x-goog-api-key: ${real}`,
  gemini: `x-goog-api-key: ${real}`,
  cohere: `Authorization: Bearer ${real}`,
  mistral: `Authorization: Bearer ${real}`,
  ollama: `Authorization: Bearer ${real}`,
  other: `Authorization: Bearer ${real}`,
}

describe('refused, and nothing goes upstream', () => {
  test.each<[string, object, Record<string, string>, number, string]>([
    ['an unknown key', {}, { 'x-api-key': 'iw-nobodys' }, 401, 'key_unknown'],
    ['an unknown key as ours', {}, { 'x-inferwatch-key': 'iw-nobodys' }, 401, 'key_unknown'],
    ['a key but for its last letter', {}, { authorization: `Bearer ${secret.slice(0, -1)}` }, 401, 'key_unknown'],
    ['any key where there are none', { keys: [] }, bearer, 401, 'key_unknown'],
    [
      'an expired key',
      { keys: [{ name: 'a', hash: hashOf(secret), expires: '2026-11-26T22:06:18Z' }] },
      bearer,
      401,
      'key_expired',
    ],
    [
      'a key of another endpoint',
      { keys: [{ name: 'a', hash: hashOf(secret), endpoints: ['azure'] }] },
      bearer,
      403,
      'key_not_allowed',
    ],
    [
      'a vendor’s key where a virtual one is needed',
      { require_key: true },
      { authorization: 'Bearer sk-mine' },
      401,
      'key_missing',
    ],
  ])('%s', async (_, config, headers, status, code) => {
    await start(config)
    const answer = await post('openai', headers)
    expect(answer).toMatchObject({ status, headers: { 'x-inferwatch-error': code } })
    expect(sent).toBe('')
    expect(issues.counts()).toEqual({ [`proxy ${code}`]: 1 })
    expect(JSON.stringify(answer)).not.toMatch(/iw-|sk-mine/)
  })

  test('a revoked one', async () => {
    await start({ keys: [] })
    const key = { name: 'late', hash: hashOf(secret), limits: {}, created_at: '2026-11-01T00:00:00Z' }
    changeKeys(dataDir, () => [key])
    keys?.reload(configOf({ keys: [] }))
    expect(await post('openai', bearer)).toMatchObject({ status: 200 })
    changeKeys(dataDir, () => [{ ...key, revoked_at: '2026-11-02T00:00:00Z' }])
    keys?.reload(configOf({ keys: [] }))
    sent = ''
    expect(await post('openai', bearer)).toMatchObject({
      status: 401,
      headers: { 'x-inferwatch-error': 'key_revoked' },
    })
    expect(sent).toBe('')
  })

  test('at the millisecond in which it expires, not before', async () => {
    await start({ keys: [{ name: 'a', hash: hashOf(secret), expires: '2026-11-27' }] })
    now = Date.parse('2026-11-26T23:59:59.999Z')
    expect(await post('openai', bearer)).toMatchObject({ status: 200 })
    now++
    expect(await post('openai', bearer)).toMatchObject({ status: 401 })
  })

  test('a vendor’s own key passes untouched unless a virtual one is needed', async () => {
    await start()
    await post('openai', { authorization: 'Bearer sk-mine' })
    expect(sent).toContain('authorization: Bearer sk-mine\r\n')
  })

  test('a key of the proxy that looks like a virtual one stays one', async () => {
    await start({ api_keys: ['iw-a-key-of-sixteen-letters'] })
    await post('openai', { 'x-inferwatch-key': 'iw-a-key-of-sixteen-letters', authorization: 'Bearer sk-mine' })
    expect(sent).toContain('authorization: Bearer sk-mine\r\n')
    expect(sent).not.toContain('iw-')
  })
})

describe('beside a key of the proxy that looks like a virtual one', () => {
  const own = 'iw-a-key-of-sixteen-letters'

  test.each([{}, { require_key: true }])('a virtual one is what counts, whichever comes first: %j', async (config) => {
    await start({ api_keys: [own], ...config })
    for (const headers of [
      { 'x-inferwatch-key': own, ...bearer },
      { ...bearer, 'x-inferwatch-key': own },
    ]) {
      sent = ''
      expect(await post('openai', headers)).toMatchObject({ status: 200 })
      expect(sent).toContain(`Authorization: Bearer ${real}\r\n`)
      expect(sent).not.toContain('iw-')
    }
    expect(await post('openai', { 'x-inferwatch-key': own }, `/v1/x?key=iw-nobodys`)).toMatchObject({ status: 401 })
  })
})

test('a key that stands in other fields, in the query or in trailers as well goes nowhere', async () => {
  const { url } = await start()
  await post(
    'openai',
    { ...bearer, cookie: `k=${secret}` },
    `/v1/x?token=${secret}&a=1&b=${encodeURIComponent(`x ${secret}`)}`,
  )
  expect(sent).toMatch(/^POST \/v1\/x\?a=1 HTTP/)
  const client = httpRequest(url.replace('stand-in', 'openai'), {
    method: 'POST',
    headers: { ...bearer, 'transfer-encoding': 'chunked', trailer: 'x-sum, x-key' },
    agent: false,
  })
  // Its answer may be cut off by the end of the test.
  client.on('response', (answer) => answer.resume()).on('error', () => undefined)
  client.write('{}')
  client.addTrailers({ 'x-key': secret, 'x-sum': '1' })
  client.end()
  await expect.poll(() => sent).toContain('x-sum: 1')
  expect(sent).not.toContain('iw-')
})

describe('a limit', () => {
  const limited = (limits: object) => ({ keys: [{ name: 'search', hash: hashOf(secret), limits }] })
  const message = expect.stringContaining('the key "search" has used its') as string

  test.each<[EndpointConfig['kind'], unknown, Record<string, string>]>([
    [
      'openai',
      { error: { message, type: 'requests', param: null, code: 'rate_limit_exceeded' } },
      { 'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '42s' },
    ],
    ['azure', { error: { code: 'RateLimitReached', message } }, { 'x-ratelimit-limit-requests': '2' }],
    [
      'anthropic',
      { type: 'error', error: { type: 'rate_limit_error', message } },
      {
        'anthropic-ratelimit-requests-limit': '2',
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-11-26T22:07:00.000Z',
      },
    ],
    ['bedrock', { message }, { 'x-amzn-errortype': 'ThrottlingException' }],
    ['gemini', { error: { code: 429, message, status: 'RESOURCE_EXHAUSTED', details: [retryInfo('42s')] } }, {}],
    ['vertex', { error: { code: 429, message, status: 'RESOURCE_EXHAUSTED', details: [retryInfo('42s')] } }, {}],
    ['cohere', { message }, {}],
    ['mistral', { object: 'error', message, type: 'requests_exhausted', param: null, code: '429' }, {}],
    ['ollama', { error: message }, {}],
    ['other', { error: { message, type: 'requests', param: null, code: 'rate_limit_exceeded' } }, {}],
  ])('of requests is told in the words of %s, with the seconds to wait', async (kind, body, headers) => {
    await start(limited({ requests_per_minute: 2 }))
    for (const status of [200, 200]) expect(await post(kind, bearer)).toMatchObject({ status })
    sent = ''
    expect(await post(kind, bearer)).toMatchObject({ status: 429, body, headers: { 'retry-after': '42', ...headers } })
    expect(sent).toBe('')
    expect(issues.counts()).toEqual({ 'proxy requests_exhausted': 1 })
    now = Date.parse('2026-11-26T22:07:00Z')
    expect(await post(kind, bearer)).toMatchObject({ status: 200 })
  })

  test('that lasts longer than clients retry says so, and tells of no dollars in headers', async () => {
    await start(limited({ usd_per_month: 1, tokens_per_day: 1_000 }))
    const spend = (tokens: number, usd: number) => {
      const use = keys?.begin({ key: { ...configOf(limited({})).keys[0]!, limits: {} }, secret })
      if (use && 'settle' in use) use.settle({ ...spentRequest, input_tokens: tokens, cost_usd: usd })
    }
    spend(1_000, 0)
    expect(await post('openai', bearer)).toMatchObject({
      status: 429,
      body: { error: { type: 'tokens', code: 'rate_limit_exceeded' } },
      headers: { 'retry-after': '6822', 'x-should-retry': 'false', 'x-ratelimit-limit-tokens': '1000' },
    })
    spend(0, 1)
    const answer = await post('openai', bearer)
    expect(answer).toMatchObject({
      status: 429,
      body: { error: { type: 'insufficient_quota', code: 'insufficient_quota' } },
      headers: { 'retry-after': '352422', 'x-should-retry': 'false' },
    })
    expect(Object.keys(answer.headers).filter((name) => name.includes('ratelimit'))).toEqual([])
  })

  test('counts no call that is refused for another reason', async () => {
    await start(limited({ requests_per_minute: 1 }))
    expect(await post('nowhere', bearer)).toMatchObject({ status: 404 })
    expect(await post('openai', { ...bearer, 'transfer-encoding': 'chunked' })).toMatchObject({ status: 200 })
    expect(await post('openai', bearer)).toMatchObject({ status: 429 })
  })

  test('is what SDKs take for their vendor’s', async () => {
    const { port } = await start(limited({ requests_per_minute: 1 }))
    await post('openai', bearer)
    const openai = new OpenAI({ apiKey: secret, baseURL: `http://127.0.0.1:${port}/proxy/openai/v1`, maxRetries: 0 })
    await expect(openai.models.list()).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
    const anthropic = new Anthropic({
      apiKey: secret,
      baseURL: `http://127.0.0.1:${port}/proxy/anthropic`,
      maxRetries: 0,
    })
    await expect(anthropic.models.list()).rejects.toBeInstanceOf(Anthropic.RateLimitError)
    const unknown = new OpenAI({ apiKey: 'iw-x', baseURL: `http://127.0.0.1:${port}/proxy/openai/v1`, maxRetries: 0 })
    await expect(unknown.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
    await expect(
      new Anthropic({
        apiKey: 'iw-x',
        baseURL: `http://127.0.0.1:${port}/proxy/anthropic`,
        maxRetries: 0,
      }).models.list(),
    ).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
  })
})

function retryInfo(retryDelay: string) {
  return { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }
}

/** The head of the answer to an upgrade. */
async function upgrade(port: number, header: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `GET /proxy/openai/v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${header}\r\n\r\n`,
  )
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString()
}
