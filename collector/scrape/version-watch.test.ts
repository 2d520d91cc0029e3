/** What servers tell of their version, when they are asked, and what they are told about who asks. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fixture } from './testing.ts'
import { settled, testExporter, until, type Answer, type TestExporter } from './testing-exporter.ts'
import { placeOf } from './version-watch.ts'

let exporter: TestExporter
let url: string
beforeEach(async () => {
  exporter = await testExporter()
  url = exporter.url
})
afterEach(() => exporter.stop())

/** A page of metrics, and beside it what else the server answers, by path. */
const beside =
  (page: string, answers: Record<string, string>): Answer =>
  (request, response) => {
    const path = request.url ?? ''
    const answer = path === '/metrics' ? page : answers[path]
    if (answer === undefined) response.writeHead(404)
    response.end(answer ?? '{"detail":"Not Found"}')
  }

/** KServe's own series alone: what runs in it has none. */
const sklearn = ['1', '+Inf']
  .map((le) => `request_predict_seconds_bucket{le="${le}",model_name="iris"} 4`)
  .concat(
    'request_predict_seconds_count{model_name="iris"} 4',
    'request_predict_seconds_sum{model_name="iris"} 0.2',
    '',
  )
  .join('\n')

const askedFor = (path: string) => exporter.requests.filter((request) => request.url === path)

test.each([
  ['vllm', 'vllm-v1.prom', '/version', '{"version":"0.11.0"}', '0.11.0'],
  ['sglang', 'sglang-ranks.prom', '/server_info', '{"model_path":"m","api_key":"s3cret","version":"0.5.3"}', '0.5.3'],
  ['sglang', 'sglang-ranks.prom', '/get_server_info', '{"version":"0.4.9.post2"}', '0.4.9.post2'],
  ['tgi', 'tgi.prom', '/info', '{"model_id":"m","version":"3.3.4","sha":"9f38d93"}', '3.3.4'],
  ['tei', 'tei.prom', '/info', '{"model_id":"m","version":"1.8.2","sha":null}', '1.8.2'],
  ['llama-cpp', 'llama-cpp.prom', '/props', '{"total_slots":4,"build_info":"b6503-9ab42dc7"}', 'b6503-9ab42dc7'],
  ['ollama', 'ollama.prom', '/api/version', '{"version":"0.12.3"}', '0.12.3'],
  ['nim', 'nim.prom', '/v1/version', '{"release":"1.13.1","api":"1.13.1"}', '1.13.1'],
  ['trtllm-serve', 'trtllm-serve.prom', '/version', '{"version":"1.1.0rc5"}', '1.1.0rc5'],
  ['kserve', null, '/v2', '{"name":"kserve","version":"0.16.0","extensions":[]}', '0.16.0'],
  ['litellm', 'litellm.prom', '/health/readiness', '{"status":"healthy","litellm_version":"1.77.5"}', '1.77.5'],
])('%s tells it by %s beside %s', async (kind, page, path, answer, version) => {
  exporter.answer = beside(page === null ? sklearn : fixture(page), { [path]: answer })
  await settled(exporter.scrape([{ url, kind }], {}, [{ name: 'chat', upstream: new URL(url).origin }]))
  await until(() => exporter.versions.length > 0)
  expect(exporter.versions).toMatchObject([{ server: kind, instance: new URL(url).host, endpoint: 'chat', version }])
})

test.each([
  ['a web page', '<!doctype html><title>Sign in</title>'],
  ['another shape', '{"version":{"major":1}}'],
  ['a text that is no version', '{"version":"<b>1</b> or so"}'],
  ['no such path', null],
])('%s: it stays unknown, and scrapes go on', async (_what, answer) => {
  exporter.answer = beside(fixture('vllm-v1.prom'), answer === null ? {} : { '/version': answer })
  const scraper = exporter.scrape([{ url }])
  await settled(scraper)
  await until(() => askedFor('/version').length === 1)
  await exporter.next(scraper)
  expect(scraper.targets()).toMatchObject([{ state: 'up', error: '' }])
  expect(exporter.versions).toEqual([])
})

test('asked at the first page, after a restart and every 5 minutes; kept when it changed, and once a day', async () => {
  const page = fixture('vllm-v1.prom')
  let version = '0.10.1'
  const answerWith =
    (text: string): Answer =>
    (request, response) =>
      void response.end(request.url === '/version' ? JSON.stringify({ version }) : text)
  exporter.answer = answerWith(page)
  const scraper = exporter.scrape([{ url }])
  await settled(scraper)
  await until(() => exporter.versions.length === 1)
  await exporter.next(scraper)
  expect(askedFor('/version')).toHaveLength(1)

  version = '0.11.0'
  exporter.answer = answerWith(page.replace('1.7600000005e+09', '1.7600005005e+09'))
  await exporter.next(scraper)
  await until(() => exporter.versions.length === 2)
  expect(exporter.versions.map((one) => one.version)).toEqual(['0.10.1', '0.11.0'])

  exporter.clock.advance(5 * 60_000)
  await until(() => askedFor('/version').length === 3)
  expect(exporter.versions).toHaveLength(2)
  exporter.clock.advance(86_400_000)
  await until(() => exporter.versions.length === 3)
  expect(exporter.versions[2]).toMatchObject({ version: '0.11.0' })
})

test("with the target's own credentials, which go to no other host", async () => {
  const elsewhere = await testExporter()
  elsewhere.answer = '{"version":"9.9.9"}'
  exporter.answer = (request, response) => {
    if (request.url === '/version') response.writeHead(302, { location: `${elsewhere.url}/version` }).end()
    else response.end(fixture('vllm-v1.prom'))
  }
  await settled(exporter.scrape([{ url, auth: { bearer_token: 'a-token' } }]))
  await until(() => elsewhere.requests.length === 1)
  expect(askedFor('/version')[0]?.headers.authorization).toBe('Bearer a-token')
  expect(elsewhere.requests[0]?.headers.authorization).toBeUndefined()
  await elsewhere.stop()
  expect(exporter.versions).toEqual([])
})

test('of GPU hosts the driver, which their page names', async () => {
  exporter.answer = fixture('dcgm.prom')
  await settled(exporter.scrape([{ url, labels: { host: 'gpu-node-1' } }]))
  await until(() => exporter.versions.length > 0)
  expect(exporter.versions).toMatchObject([{ server: 'gpu-driver', instance: 'gpu-node-1', endpoint: '' }])
  expect(exporter.versions[0]?.version).toMatch(/^\d+\.\d+/)
})

test('of a host whose last GPU does not say', async () => {
  const page = fixture('dcgm.prom')
  const of = (gpu: string) =>
    page.replaceAll(new RegExp(`gpu="${gpu}"(.*)DCGM_FI_DRIVER_VERSION="[^"]*"`, 'g'), `gpu="${gpu}"$1a="b"`)
  exporter.answer = of('1')
  expect(exporter.answer).not.toBe(page)
  await settled(exporter.scrape([{ url, labels: { host: 'gpu-node-1' } }]))
  await until(() => exporter.versions.length > 0)
})

test.each([
  ['http://h:8000/metrics', 'http://h:8000/version'],
  ['http://h:8000/v1/metrics', 'http://h:8000/version'],
  ['http://h:8000/prometheus/metrics', 'http://h:8000/version'],
  ['https://h/models/a/metrics/?token=k', 'https://h/models/a/version?token=k'],
  ['http://h:8000/', 'http://h:8000/version'],
])('beside %s', (page, expected) => {
  expect(placeOf(page, { path: '/version' })).toEqual({ url: expected, itself: true })
})

describe('a page on a port of its own', () => {
  const source = { path: '/v2', ports: { page: '8002', api: '8000' } }
  test.each([
    ['http://h:8002/metrics', undefined, { url: 'http://h:8000/v2', itself: false }],
    ['http://user:secret@[::1]:8002/metrics?token=k', undefined, { url: 'http://[::1]:8000/v2', itself: false }],
    ['http://h:9002/metrics', undefined, null],
    ['http://h/triton/metrics', undefined, null],
    ['http://h/triton/metrics', 'https://api.h/triton/', { url: 'https://api.h/triton/v2', itself: true }],
    ['http://h:8002/metrics', 'http://h:9000', { url: 'http://h:9000/v2', itself: true }],
  ])('%s, said to answer at %s', (page, apiUrl, expected) => {
    expect(placeOf(page, source, apiUrl)).toEqual(expected)
  })

  test.each([
    ['triton', '2.60.0'],
    ['kserve', ''],
  ])(
    '%s answers where its target says: it is asked with its credentials, and believed if it is Triton',
    async (name, version) => {
      const rest = await testExporter()
      rest.answer = JSON.stringify({ name, version: '2.60.0', extensions: ['statistics'] })
      exporter.answer = fixture('triton.prom')
      const api_url = new URL(rest.url).origin
      const scraper = exporter.scrape([{ url, api_url, auth: { bearer_token: 'a-token' } }])
      await settled(scraper)
      const asked = () => rest.requests.find((request) => request.url === '/v2')
      const told = () => exporter.versions.filter((one) => one.server === 'triton').map((one) => one.version)
      await until(() => asked() !== undefined && (version === '' || told().length > 0))
      expect(asked()?.headers.authorization).toBe('Bearer a-token')
      await scraper.stop()
      expect(told()).toEqual(version === '' ? [] : [version])
      await rest.stop()
    },
  )
})
