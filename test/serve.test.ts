/** The product as a whole, as a child process: what comes in over OTLP is seen in SQL, the API and /metrics. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { promtool } from './support/debian.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'
import { llmSpans } from './support/load.ts'
import { eventually } from './support/eventually.ts'

describe('a running instance', () => {
  let folder: string
  let instance: Instance
  beforeAll(async () => {
    folder = instanceFolder({}, 'none')
    instance = await startInstance(folder)
  })
  afterAll(async () => {
    await instance.stop()
    removeFolder(folder)
  })

  const post = (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ) => fetch(`${instance.urls.otlp_http}/v1/traces`, { method: 'POST', headers, body })

  test('a trace is acked with {} and then is in spans, requests and the overview, with its price', async () => {
    const { body, ids } = llmSpans(30, 'serve-test')
    const answer = await post(body)
    expect([answer.status, await answer.json()]).toEqual([200, {}])
    const rows = await eventually('the rows arrive', async () => {
      const found = await sql<{ model: string; n: string; input: string; usd: string }>(
        instance,
        `SELECT model, toString(count()) AS n, toString(sum(input_tokens)) AS input, toString(sum(cost_usd)) AS usd
         FROM requests WHERE service = 'serve-test' GROUP BY model ORDER BY model`,
      )
      return found.length === 3 ? found : null
    })
    // Ten requests a model with 100 + index in and 10 + index out; gpt-4o costs 2.50 and 10 dollars per million.
    expect(rows.find((row) => row.model === 'gpt-4o')).toEqual({
      model: 'gpt-4o',
      n: '10',
      input: '1135',
      usd: '0.0051875',
    })
    expect(await sql(instance, `SELECT count() AS n FROM spans WHERE trace_id = '${ids[0]?.trace_id}'`)).toEqual([
      { n: 1 },
    ])
  })

  test('half of a bad request is kept, and the rest is counted by reason', async () => {
    const { body } = llmSpans(2, 'half-bad')
    const request = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: { traceId: string }[] }[] }[] }
    const spans = request.resourceSpans[0]?.scopeSpans[0]?.spans ?? []
    if (spans[0]) spans[0].traceId = '0'.repeat(32)
    const answer = await post(JSON.stringify(request))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ partialSuccess: { rejectedSpans: '1' } })
    await eventually('the good span arrives', async () => {
      const [row] = await sql<{ n: number }>(instance, `SELECT count() AS n FROM requests WHERE service = 'half-bad'`)
      return row && row.n === 1 ? row : null
    })
    const metrics = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
    expect(metrics).toMatch(/^inferwatch_ingest_issues_total\{[^}]*reason="zero_trace_id"[^}]*\} 1$/m)
  })

  test.each([
    ['not JSON', '{"resourceSpans": [', { 'content-type': 'application/json' }, 400],
    ['JSON sent as protobuf', '{}', { 'content-type': 'application/x-protobuf' }, 400],
    ['a type that is not OTLP', 'x', { 'content-type': 'text/plain' }, 415],
    ['not gzip', '{}', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 400],
  ])('%s is answered with a Status', async (_, body, headers, status) => {
    const answer = await post(body, headers)
    expect(answer.status).toBe(status)
    const text = await answer.text()
    // The Status is in the request's own encoding: only JSON is JSON.
    expect(text.startsWith('{')).toBe(headers['content-type'] !== 'application/x-protobuf')
    expect(text.length).toBeGreaterThan(10)
  })

  test('healthz, readyz and metrics', async () => {
    expect((await fetch(`${instance.urls.dashboard}/healthz`)).status).toBe(200)
    expect((await fetch(`${instance.urls.dashboard}/readyz`)).status).toBe(200)
    const metrics = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
    expect(metrics).toMatch(/^process_start_time_seconds \d/m)
  })

  test.skipIf(promtool() === null)('promtool has nothing to say about /metrics', async () => {
    const metrics = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
    const said = execFileSync(promtool() ?? '', ['check', 'metrics'], {
      input: metrics,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    expect(said).toBe('')
  })

  test('the dashboard and its assets are served', async () => {
    const page = await (await fetch(instance.urls.dashboard)).text()
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1]
    expect(script).toBeDefined()
    expect((await fetch(`${instance.urls.dashboard}${script}`)).headers.get('content-type')).toMatch(/javascript/)
  })

  test('a broken configuration keeps the old one running and says so; a mended one is taken', async () => {
    const file = join(folder, 'inferwatch.yaml')
    writeFileSync(file, 'scrape: { intervall: 1s }\n')
    instance.kill('SIGHUP')
    await eventually('it says so', () =>
      Promise.resolve(/scrape\.intervall: unknown key/.test(instance.output()) || null),
    )
    expect((await fetch(`${instance.urls.dashboard}/healthz`)).status).toBe(200)
    writeFileSync(file, 'endpoints: [{ name: mended, upstream: "http://127.0.0.1:9" }]\nlog_level: info\n')
    instance.kill('SIGHUP')
    await eventually('it says so', () => Promise.resolve(/configuration reloaded/.test(instance.output()) || null))
  })

  test('the proxy stands beside the dashboard, on its port, and follows the configuration', async () => {
    const upstream = createServer((request, response) => response.end(`${request.method} ${request.url}`))
    await once(upstream.listen(0, '127.0.0.1'), 'listening')
    const { port } = upstream.address() as AddressInfo
    const endpoint = `{ name: stand-in, upstream: "http://127.0.0.1:${port}" }`
    writeFileSync(join(folder, 'inferwatch.yaml'), `endpoints: [${endpoint}]\nlog_level: info\n`)
    instance.kill('SIGHUP')
    const text = await eventually('it is served', async () => {
      const answer = await fetch(`${instance.urls.dashboard}/proxy/stand-in/v1/models?x=1`)
      return answer.ok ? answer.text() : null
    })
    upstream.close()
    upstream.closeAllConnections()
    expect(text).toBe('GET /v1/models?x=1')
    const metrics = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
    expect(metrics).toMatch(/^inferwatch_proxy_calls_total\{[^}]*endpoint="stand-in"[^}]*\} 1$/m)
  })

  test('a second instance on the same directory, and one on a taken port, are told in one line', async () => {
    const failure = async (where: string) => {
      try {
        await (await startInstance(where)).stop()
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
      return 'it started'
    }
    expect(await failure(folder)).toMatch(
      /^serve ended with 1:\nerror: data_dir \S+ is in use by another Inferwatch \(process \d+, [^\n]+\n$/,
    )
    const taken = new URL(instance.urls.dashboard).host
    const free = '127.0.0.1:0'
    const other = instanceFolder({ listen: { dashboard: taken, otlp_http: free, otlp_grpc: free, clickhouse: free } })
    expect(await failure(other)).toMatch(
      new RegExp(
        `^serve ended with 1:\\n(Building[^\\n]+\\n)?error: listen\\.dashboard: ${taken} is in use[^\\n]+\\n$`,
      ),
    )
    removeFolder(other)
  })
})

test('the product traces itself where OTEL_TRACES_EXPORTER says so', async () => {
  const folders = [instanceFolder(), instanceFolder()] as const
  const watcher = await startInstance(folders[0])
  const watched = await startInstance(folders[1], [], {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: watcher.urls.otlp_http,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  })
  await (await fetch(`${watched.urls.dashboard}/api/models`)).text()
  const names = await eventually('spans of the API, of storage and of the rules', async () => {
    const rows = await sql<{ name: string; parents: number }>(
      watcher,
      `SELECT name, countIf(parent_span_id != '') AS parents FROM spans WHERE service = 'inferwatch' GROUP BY name ORDER BY name`,
    )
    return rows.some((row) => row.name === 'GET /api/models') && rows.some((row) => row.name === 'rollup') ? rows : null
  })
  expect(names.find((row) => row.name === 'clickhouse query')?.parents).toBeGreaterThan(0)
  await Promise.all([watched.stop(), watcher.stop()])
  for (const folder of folders) removeFolder(folder)
})

test('SIGTERM drains and exits 0, and what was acked just before is there after the next start', async () => {
  const folder = instanceFolder()
  const first = await startInstance(folder)
  const { body } = llmSpans(20, 'last-moment')
  expect(
    (
      await fetch(`${first.urls.otlp_http}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
    ).status,
  ).toBe(200)
  expect(await first.stop()).toBe(0)
  const second = await startInstance(folder)
  await eventually('the rows are there', async () => {
    const [row] = await sql<{ n: number }>(second, `SELECT count() AS n FROM requests WHERE service = 'last-moment'`)
    return row && row.n === 20 ? row : null
  })
  expect(await second.stop()).toBe(0)
  removeFolder(folder)
})
