import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Probe } from '../../records/probe.ts'
import { endpointConfig, pricesConfig } from '../config.ts'
import { createPricer } from '../pricing.ts'
import { authority, certificate, privateKey } from '../proxy/testing-certificate.ts'
import { coldStart } from './cold-start.ts'
import { probeRequest } from './request.ts'
import { runProbe, type ProbedEndpoint } from './probe.ts'

interface Asked {
  method: string | undefined
  url: string | undefined
  headers: Record<string, unknown>
  body: unknown
}

const servers: Server[] = []
const folder = mkdtempSync(join(tmpdir(), 'inferwatch-probe-'))
const caFile = join(folder, 'ca.pem')
beforeAll(() => writeFileSync(caFile, authority))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(answer: RequestListener, secure = false): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const listener: RequestListener = (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { method, url, headers } = request
      asked.push({ method, url, headers, body: body === '' ? null : JSON.parse(body) })
      answer(request, response)
    })
  }
  const server = secure ? createSecureServer({ key: privateKey, cert: certificate }, listener) : createServer(listener)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`, asked }
}

const price = createPricer(
  pricesConfig.parse({ overrides: [{ name: 'p', model: 'tiny', input_usd: 1, output_usd: 10 }] }),
)

async function run(config: object, usual: number[] = []): Promise<Probe> {
  const endpoint = endpointConfig.parse({ name: 'e', ...config }) as ProbedEndpoint
  const [probe] = endpoint.probes ?? []
  if (!probe) throw new Error('no probe')
  return runProbe(endpoint, probe, usual, { now: Date.now, price, signal: new AbortController().signal })
}

const chat = { type: 'completion', model: 'tiny' }

const openAiStream: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const event = (data: object) => response.write(`data: ${JSON.stringify({ id: 'c-1', model: 'tiny', ...data })}\n\n`)
  const word = (content: string) => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
  word('o')
  setTimeout(() => {
    word('k')
    event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
    event({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 2, total_tokens: 14 } })
    response.end('data: [DONE]\n\n')
  }, 30)
}

describe('a completion', () => {
  test('of OpenAI’s API: timed, counted, priced', async () => {
    const { url, asked } = await serve(openAiStream)
    const row = await run({ upstream: url, probes: [{ ...chat, headers: { Authorization: 'Bearer secret-0123' } }] })
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: '/v1/chat/completions',
        headers: { authorization: 'Bearer secret-0123', 'content-type': 'application/json' },
        body: { model: 'tiny', max_tokens: 8, stream: true, stream_options: { include_usage: true } },
      },
    ])
    expect(row).toMatchObject({
      endpoint: 'e',
      probe: 'completion',
      type: 'completion',
      model: 'tiny',
      ok: true,
      status: 'ok',
      http_status: 200,
      interval_ms: 60_000,
      input_tokens: 12,
      output_tokens: 2,
      cost_usd: 0.000032,
      certificate_days: null,
      cold_start: '',
      objective_ratio: 0.999,
      error: '',
    })
    const { connect_ms, ttfb_ms, ttft_ms, duration_ms, tokens_per_second } = row
    expect([connect_ms, ttfb_ms, ttft_ms, tokens_per_second].every((value) => (value ?? 0) > 0)).toBe(true)
    expect(ttft_ms).toBeLessThan(duration_ms)
    expect(JSON.stringify(row)).not.toContain('secret')
  })

  test('of Anthropic’s and Ollama’s, and below an upstream that ends in /v1', () => {
    const of = (kind: 'anthropic' | 'ollama' | 'openai', upstream: string) => {
      const endpoint = endpointConfig.parse({ name: 'e', kind, upstream, probes: [chat] })
      const [probe] = endpoint.probes ?? []
      return probe && probeRequest(endpoint, probe)
    }
    expect(of('anthropic', 'http://a')).toMatchObject({
      path: '/v1/messages',
      headers: { 'anthropic-version': '2023-06-01' },
    })
    expect(of('ollama', 'http://a:11434')).toMatchObject({ path: '/api/chat' })
    expect(of('openai', 'https://api.openai.com/v1/')).toMatchObject({ path: '/chat/completions' })
  })

  test('carries the key of its endpoint, or its own', () => {
    const headersOf = (endpoint: object, probe: object = {}) => {
      const parsed = endpointConfig.parse({
        name: 'e',
        upstream: 'http://a',
        probes: [{ ...chat, ...probe }],
        ...endpoint,
      })
      const [only] = parsed.probes ?? []
      return only && probeRequest(parsed, only).headers
    }
    expect(headersOf({ api_key: 'sk-1' })).toMatchObject({ authorization: 'Bearer sk-1' })
    expect(headersOf({ kind: 'anthropic', api_key: 'sk-1' })).toMatchObject({ 'x-api-key': 'sk-1' })
    const own = { headers: { Authorization: 'Bearer sk-2' } }
    expect(headersOf({ api_key: 'sk-1' }, own)).toMatchObject({ authorization: 'Bearer sk-2' })
  })

  test('of any other by template, fields of it taken away or added', () => {
    const endpoint = endpointConfig.parse({
      name: 'e',
      upstream: 'http://a',
      probes: [{ ...chat, body: { max_tokens: null, max_completion_tokens: 20 } }],
    })
    const [probe] = endpoint.probes ?? []
    const body = JSON.parse((probe && probeRequest(endpoint, probe).body) ?? '') as object
    expect(body).toMatchObject({ model: 'tiny', max_completion_tokens: 20 })
    expect(body).not.toHaveProperty('max_tokens')
  })

  test('without a token is none', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ model: 'tiny', choices: [{ message: { content: '' }, finish_reason: 'length' }] }))
    })
    const row = await run({ upstream: url, probes: [chat] })
    expect(row).toMatchObject({ ok: false, status: 'error', http_status: 200, tokens_per_second: null })
    expect(row.error).toContain('no tokens')
  })

  test.each([
    [429, 'rate_limited', 'limit'],
    [401, 'error', 'key'],
    [503, 'error', 'starting'],
  ])('refused with %i', async (status, expected, advice) => {
    const { url } = await serve((_, response) => response.writeHead(status).end('{"error":{"message":"sk-leaked"}}'))
    const row = await run({ upstream: url, probes: [chat] })
    expect(row).toMatchObject({ ok: false, status: expected, http_status: status, cost_usd: null })
    expect(row.error).toContain(advice)
    expect(row.error).not.toContain('sk-leaked')
  })

  test('that ends in the middle', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[{"index":0,"delta":{"content":"o"}}]}\n\n')
      setTimeout(() => response.destroy(), 20)
    })
    expect(await run({ upstream: url, probes: [chat] })).toMatchObject({ ok: false, status: 'error', http_status: 200 })
  })
})

describe('any request', () => {
  const health = { type: 'http', path: '/health' }

  test('good by status and text', async () => {
    const { url, asked } = await serve((_, response) => response.end('{"status":"ready"}'))
    expect(await run({ upstream: url, probes: [{ ...health, expect_text: 'ready' }] })).toMatchObject({
      ok: true,
      probe: 'http',
      model: '',
      cost_usd: null,
      ttft_ms: null,
    })
    expect(asked).toMatchObject([{ method: 'GET', url: '/health', body: null }])
    expect(await run({ upstream: url, probes: [{ ...health, expect_text: 'steady' }] })).toMatchObject({ ok: false })
    expect(await run({ upstream: url, probes: [{ ...health, expect_status: [204, 301] }] })).toMatchObject({
      ok: false,
    })
  })

  test('good by text that stands at the start of a long answer', async () => {
    const { url } = await serve((_, response) => response.end(`status: ready\n${'detail\n'.repeat(2_000)}`))
    const ready = { ...health, expect_text: 'status: ready' }
    expect(await run({ upstream: url, probes: [ready] })).toMatchObject({ ok: true, error: '' })
  })

  test('nobody there', async () => {
    const { url } = await serve((_, response) => response.end())
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    const row = await run({ upstream: url, probes: [health] })
    expect(row).toMatchObject({ ok: false, http_status: null, ttfb_ms: null, connect_ms: null })
    expect(row.error).toContain('nothing listens there')
  })

  test('too late', async () => {
    const { url } = await serve(() => undefined)
    const row = await run({ upstream: url, probes: [{ ...health, timeout: '200ms' }] })
    expect(row).toMatchObject({ ok: false, status: 'timeout', http_status: null })
    expect(row.error).toContain('0.2 s')
  })

  test('over TLS: days that the certificate is good for; an unknown authority says what to do', async () => {
    const { url } = await serve((_, response) => response.end('ok'), true)
    const row = await run({ upstream: url, ca_file: caFile, probes: [health] })
    expect(row).toMatchObject({ ok: true })
    expect(row.certificate_days).toBeGreaterThan(30_000)
    const unknown = await run({ upstream: url, probes: [health] })
    expect(unknown).toMatchObject({ ok: false, certificate_days: null })
    expect(unknown.error).toContain('ca_file')
  })

  test('a file of its authority that went away is a failure like any other', async () => {
    const ca_file = join(folder, 'gone.pem')
    const row = await run({ upstream: 'https://127.0.0.1:1', ca_file, probes: [{ ...health, timeout: '20ms' }] })
    expect(row).toMatchObject({ ok: false, status: 'error', http_status: null })
    expect(row.error).toContain(ca_file)
    // Its timer must be gone, too: what a timer throws ends the process, and fails this run.
    await new Promise((resolve) => setTimeout(resolve, 30))
  })
})

describe('cold starts', () => {
  const usual = [200, 210, 190, 220, 205]
  test.each([
    [
      'llama.cpp loads',
      { status: 503, text: '{"error":{"message":"Loading model","code":503}}', ttft_ms: null },
      'reported',
    ],
    ['Ollama loaded', { status: 200, text: '{"done":true,"load_duration":4200000000}', ttft_ms: 4_400 }, 'reported'],
    ['Ollama had it', { status: 200, text: '{"done":true,"load_duration":42000000}', ttft_ms: 200 }, ''],
    ['far later than usual', { status: 200, text: '', ttft_ms: 9_000 }, 'suspected'],
    ['slower than usual', { status: 200, text: '', ttft_ms: 900 }, ''],
    ['overloaded', { status: 503, text: '{"error":"overloaded"}', ttft_ms: null }, ''],
    ['prose about it', { status: 200, text: 'the model is loading', ttft_ms: 200 }, ''],
  ])('%s', (_, answered, expected) => {
    expect(coldStart(answered, usual)).toBe(expected)
  })

  test('nothing is far from what is not known', () => {
    expect(coldStart({ status: 200, text: '', ttft_ms: 9_000 }, [200])).toBe('')
  })
})

describe('configuration', () => {
  const problems = (endpoint: object) =>
    endpointConfig.safeParse({ name: 'e', ...endpoint }).error?.issues.map(({ path }) => path.join('.')) ?? []
  test.each([
    ['no upstream', { probes: [chat] }, ['probes']],
    ['no model', { upstream: 'http://a', probes: [{}] }, ['probes.0.model']],
    ['a kind without a template', { kind: 'gemini', upstream: 'http://a', probes: [chat] }, ['probes.0.path']],
    ['a name twice', { upstream: 'http://a', probes: [chat, chat] }, ['probes.1.name']],
    ['longer than the interval', { upstream: 'http://a', probes: [{ ...chat, timeout: '2m' }] }, ['probes.0.timeout']],
    ['no time at all', { upstream: 'http://a', uptime_objective: 1, probes: [chat] }, ['uptime_objective']],
    [
      'no time between',
      { upstream: 'http://a', probes: [{ ...chat, interval: '0s', timeout: '0s' }] },
      ['probes.0.interval'],
    ],
    [
      'a header on two lines',
      { upstream: 'http://a', probes: [{ ...chat, headers: { 'x-a': 'b\n' } }] },
      ['probes.0.headers.x-a'],
    ],
    [
      'no header name',
      { upstream: 'http://a', probes: [{ ...chat, headers: { 'x a': 'b' } }] },
      ['probes.0.headers.x a'],
    ],
    ['nothing wrong', { upstream: 'http://a', probes: [chat, { type: 'http' }] }, []],
  ])('%s', (_, endpoint, paths) => {
    expect(problems(endpoint)).toEqual(paths)
  })
})
