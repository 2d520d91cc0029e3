import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { authority, certificate, privateKey } from '../../proxy/testing-certificate.ts'
import { ManualClock } from '../clock.ts'
import { discoveryConfig } from './config.ts'
import { startHttpProvider } from './http.ts'
import type { Provider } from './provider.ts'
import { hear, until, type Heard } from './testing.ts'

let answer: RequestListener
let requests: IncomingMessage[]
let server: Server
let folder: string
let heard: Heard
let provider: Provider
let clock: ManualClock

const listen = async (made: Server) => {
  server = made
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const handle: RequestListener = (request, response) => {
  requests.push(request)
  answer(request, response)
}
const start = (config: object) => {
  const [one] = discoveryConfig.parse({ http: [config] }).http
  if (!one) throw new Error('no provider')
  ;({ heard, provider } = hear((events, services) => startHttpProvider(one, events, services), clock))
}
const json =
  (text: string): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(text)
  }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferwatch-http-sd-'))
  requests = []
  clock = new ManualClock()
})
afterEach(async () => {
  await provider.stop()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

test('asked on the interval; what fails keeps the targets of before', async () => {
  const url = `http://127.0.0.1:${await listen(createServer(handle))}/sd`
  answer = json('[{"targets": ["a:1"], "labels": {"rack": "r1"}}]')
  start({ url: `${url}?key=secret`, refresh_interval: '30s' })
  await until(() => heard.times === 1)
  expect(heard.labels).toEqual([{ __address__: 'a:1', rack: 'r1', __meta_url: url }])
  expect(requests[0]?.url).toBe('/sd?key=secret')
  expect(requests[0]?.headers['x-prometheus-refresh-interval-seconds']).toBe('30')
  const faults: [RequestListener, string][] = [
    [(_, response) => response.writeHead(500).end(), 'answers 500, not 200'],
    [(_, response) => response.writeHead(302, { location: '/' }).end(), 'redirects (302)'],
    [(_, response) => response.writeHead(401).end(), 'refuses access (401)'],
    [json('[{'), 'answers no JSON'],
    [json('[{}]'), '[0].targets'],
    [
      (_, response) => void response.writeHead(200, { 'content-length': '9' }).write('[', () => response.destroy()),
      'cut off',
    ],
  ]
  for (const [fault, message] of faults) {
    answer = fault
    const before = heard.errors.length
    clock.advance(30_000)
    await until(() => heard.errors.length > before)
    expect(heard.error).toContain(message)
    expect(heard.error).not.toContain('secret')
    expect(heard.addresses()).toEqual(['a:1'])
  }
  answer = json('[]')
  clock.advance(30_000)
  await until(() => heard.times === 2)
  expect([heard.error, heard.labels]).toEqual(['', []])
})

test('nobody listens; no answer in time', async () => {
  const port = await listen(createServer(handle))
  answer = () => undefined
  start({ url: `http://127.0.0.1:${port}/`, timeout: '50ms' })
  await until(() => heard.error !== '')
  expect(heard.error).toContain('no answer within 50 ms')
  await provider.stop()
  start({ url: 'http://127.0.0.1:1/' })
  await until(() => heard.error !== '')
  expect(heard.error).toContain('ECONNREFUSED')
})

describe('who asks', () => {
  test.each<[string, () => object, string]>([
    [
      'basic',
      () => ({ basic_auth: { username: 'u', password: 'p' } }),
      `Basic ${Buffer.from('u:p').toString('base64')}`,
    ],
    ['a token', () => ({ bearer_token: 'secret' }), 'Bearer secret'],
    [
      'a token of a file',
      () => {
        writeFileSync(join(folder, 'token'), 'of-a-file\n')
        return { bearer_token_file: join(folder, 'token') }
      },
      'Bearer of-a-file',
    ],
  ])('%s', async (_, config, expected) => {
    const url = `http://127.0.0.1:${await listen(createServer(handle))}/`
    answer = json('[]')
    start({ url, ...config() })
    await until(() => heard.times === 1)
    expect(requests[0]?.headers.authorization).toBe(expected)
  })

  test('two ways at once are refused', async () => {
    await listen(createServer(handle))
    start({ url: 'http://127.0.0.1:1/' })
    const both = { http: [{ url: 'http://a/', bearer_token: 't', basic_auth: { username: 'u' } }] }
    expect(discoveryConfig.safeParse(both).error?.issues[0]).toMatchObject({ path: ['http', 0, 'bearer_token'] })
  })
})

test('a private authority', async () => {
  const port = await listen(createTlsServer({ key: privateKey, cert: certificate }, handle))
  answer = json('[{"targets": ["a:1"]}]')
  const ca_file = join(folder, 'ca.pem')
  writeFileSync(ca_file, authority)
  start({ url: `https://localhost:${port}/` })
  await until(() => heard.error !== '')
  expect(heard.error).toMatch(/certificate/)
  await provider.stop()
  start({ url: `https://localhost:${port}/`, ca_file })
  await until(() => heard.times === 1)
  expect(heard.addresses()).toEqual(['a:1'])
})
