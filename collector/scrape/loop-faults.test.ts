/** What can be wrong with a target, and how its page is asked for. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settled, testExporter, until, type Answer, type TestExporter } from './testing-exporter.ts'

let exporter: TestExporter
let url: string
beforeEach(async () => {
  exporter = await testExporter()
  url = exporter.url
})
afterEach(() => exporter.stop())

describe('what can be wrong with a target', () => {
  test.each<[string, Answer, object, string]>([
    ['404', (_, response) => response.writeHead(404).end(), {}, 'nothing at /metrics (404)'],
    ['401', (_, response) => response.writeHead(401).end(), {}, 'refuses access (401)'],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: '/login' }).end(),
      {},
      'redirects more than 5 times, last to http://127.0.0.1:',
    ],
    ['a web page', '<!DOCTYPE html><html></html>', {}, 'answers a web page'],
    ['JSON', '{"status":"ok"}', {}, 'answers JSON'],
    ['an empty page', '\n', {}, 'answers an empty page'],
    ['comments only', '# TYPE a gauge\n', {}, 'the page has no samples'],
    ['words', 'hello there\n', {}, 'answers something else than metrics: line 1: expected a number, found "there"'],
    ['another kind', 'a 1\n', { kind: 'vllm' }, 'configured as kind "vllm", but the page has none of its metrics'],
    ['another known kind', 'DCGM_FI_DEV_GPU_TEMP{gpu="0"} 1\n', { kind: 'vllm' }, 'it looks like dcgm'],
    ['an unknown kind', 'a 1\n', { kind: 'vlm' }, 'kind "vlm" is not known: write one of vllm, ray-vllm, sglang, '],
    [
      'a cut connection',
      (_, response) => response.write('a 1\n', () => response.destroy()),
      {},
      'the page ends in the middle, after 4 bytes',
    ],
  ])('%s', async (_, given, target, message) => {
    exporter.answer = given
    const scraper = exporter.scrape([{ url, ...target }])
    await settled(scraper)
    const [found] = scraper.targets()
    expect(found).toMatchObject({ state: 'down', samples: null })
    expect(found?.error).toContain(message)
    expect(exporter.batches).toEqual([])
    await until(() => exporter.inserted.length === 1)
    expect(exporter.inserted[0]).toMatchObject({ url, state: 'down', error: found?.error })
  })

  test('nobody listens', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const scraper = exporter.scrape([{ url: `http://127.0.0.1:${port}/metrics` }])
    await settled(scraper)
    expect(scraper.targets()[0]?.error).toBe(
      `connection refused by 127.0.0.1:${port}: is the server running, and is the port right?`,
    )
  })

  test('no answer in time', async () => {
    exporter.answer = () => undefined
    const scraper = exporter.scrape([{ url }], { timeout: '20ms' })
    await settled(scraper)
    expect(scraper.targets()[0]?.error).toContain('no answer within 20 ms')
  })

  test('a page that is too large once unpacked is not read to its end', async () => {
    const bomb = gzipSync('a 1\n'.repeat(100_000))
    exporter.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    const scraper = exporter.scrape([{ url }], { max_bytes: 10_000 })
    await settled(scraper)
    expect(bomb.length).toBeLessThan(10_000)
    expect(scraper.targets()[0]?.error).toBe('the page is larger than 10000 bytes: raise scrape.max_bytes')
  })

  test('one failing target does not hurt another, whatever breaks', async () => {
    exporter.answer = (request, response) => {
      if (request.url === '/bad') response.destroy()
      else if (request.url !== '/slow') response.end('a 1\n')
    }
    const other = (path: string) => url.replace('/metrics', path)
    const scraper = exporter.scrape([{ url: other('/bad') }, { url: other('/slow') }, { url }], { timeout: '1h' })
    await until(() => scraper.targets()[2]?.state === 'up')
    expect(scraper.targets().map(({ state }) => state)).toMatchObject([expect.anything(), 'unknown', 'up'])
  })
})

describe('how a page is asked for', () => {
  test('gzip is understood, credentials become a header and are shown nowhere', async () => {
    exporter.answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a 1\n'))
    const scraper = exporter.scrape([{ url: url.replace('//', '//user:p%40ss@') }])
    await settled(scraper)
    expect(scraper.targets()).toMatchObject([{ url, state: 'up', kind: 'prometheus', samples: 1 }])
    expect(exporter.requests[0]?.headers).toMatchObject({ authorization: `Basic ${btoa('user:p@ss')}` })
    expect(exporter.requests[0]?.headers['accept-encoding']).toContain('gzip')
    expect(JSON.stringify([exporter.batches, exporter.inserted])).not.toContain('ss@')
  })

  test('a key in the query goes to the target and nowhere else', async () => {
    exporter.answer = (_, response) => response.writeHead(302, { location: '/loop?state=hunter2' }).end()
    const scraper = exporter.scrape([{ url: `${url}?module=gpu&api_key=hunter2&X-Amz-Signature=hunter2` }])
    await settled(scraper)
    expect(exporter.requests[0]?.url).toContain('api_key=hunter2')
    exporter.answer = 'a 1\nnot a line\n'
    await exporter.next(scraper)
    await until(() => exporter.batches.length > 0)
    expect(exporter.inserted.at(-1)?.url).toBe(`${url}?module=gpu&api_key=***&X-Amz-Signature=***`)
    expect(JSON.stringify([scraper.targets(), exporter.inserted, exporter.batches])).not.toContain('hunter2')
  })

  test('a target has its own credentials, those of all, or none; none are shown where they are refused', async () => {
    const seen = new Map<string | undefined, string | undefined>()
    exporter.answer = (request, response) => {
      seen.set(request.url, request.headers.authorization)
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(request.headers.authorization)
    }
    const at = (path: string) => url.replace('/metrics', path)
    const targets = [
      { url: at('/all') },
      { url: at('/own'), auth: { bearer_token: 'own-secret' } },
      { url: at('/none'), auth: {} },
    ]
    const scraper = exporter.scrape(targets, { auth: { bearer_token: 'all-secret' } })
    await settled(scraper)
    expect(Object.fromEntries(seen)).toEqual({
      '/all': 'Bearer all-secret',
      '/own': 'Bearer own-secret',
      '/none': undefined,
    })
    await until(() => exporter.inserted.length === 3)
    expect(JSON.stringify([scraper.targets(), exporter.inserted, exporter.batches])).not.toContain('secret')
  })

  test('a byte order mark does not cost the first line', async () => {
    exporter.answer = '\uFEFFa 1\nb 2\n'
    await settled(exporter.scrape([{ url }]))
    expect(exporter.batches[0]?.metric_samples?.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  test('a scrape still running is not overlapped', async () => {
    let release = () => undefined as void
    exporter.answer = (_, response) => (release = () => void response.end('a 1\n'))
    const scraper = exporter.scrape([{ url }], { timeout: '1h' })
    await until(() => exporter.requests.length === 1)
    exporter.clock.advance(35_000)
    release()
    await settled(scraper)
    expect(exporter.requests).toHaveLength(1)
    exporter.answer = 'a 2\n'
    await exporter.next(scraper)
    expect(exporter.requests).toHaveLength(2)
  })

  test('once per interval, and health each minute although nothing changes', async () => {
    exporter.answer = 'a 1\n'
    const scraper = exporter.scrape([{ url }])
    await settled(scraper)
    await exporter.next(scraper)
    for (let round = 2; round <= 12; round++) await exporter.next(scraper)
    expect(exporter.requests).toHaveLength(13)
    expect(exporter.inserted).toHaveLength(3)
    expect(exporter.inserted[0]?.timestamp).toBe(1_700_000_000_000_000)
  })
})
