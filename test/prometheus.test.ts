/** A real Prometheus scrapes a running instance, and answers what SQL answers. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { prometheus } from './support/debian.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'

const rulesFile = new URL('../grafana/prometheus-rules.yml', import.meta.url).pathname

interface Call {
  provider: string
  model: string
  durationMs: number
  ttftMs: number
  error?: string
}

/** Three models, one of which nobody has a price for; some fail; durations from a tenth of a second to twenty. */
const calls: Call[] = Array.from({ length: 240 }, (_, index) => {
  const [provider = '', model = ''] = [
    ['openai', 'gpt-4o-2024-08-06'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['vllm', 'house-model'],
  ][index % 3] as string[]
  const durationMs = 100 + (index * index) / 3
  return {
    provider,
    model,
    durationMs,
    ttftMs: durationMs / 8,
    ...(index % 20 === 7 ? { error: index % 40 === 7 ? 'RateLimitError' : 'APIError' } : {}),
  }
})

/** An OTLP request with a span of each. */
function otlp(of: readonly Call[]): string {
  const end = BigInt(Date.now()) * 1_000_000n
  const hex = (value: number, length: number) => value.toString(16).padStart(length, '0')
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const spans = of.map(({ provider, model, durationMs, ttftMs, error }, index) => ({
    traceId: hex(index + 1, 32),
    spanId: hex(index + 1, 16),
    name: `chat ${model}`,
    kind: 3,
    startTimeUnixNano: String(end - BigInt(Math.round(durationMs * 1e6))),
    endTimeUnixNano: String(end),
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', provider),
      text('gen_ai.request.model', model),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: 100 + index } },
      { key: 'gen_ai.usage.output_tokens', value: { intValue: 10 + index } },
      { key: 'gen_ai.request.stream', value: { boolValue: true } },
      { key: 'gen_ai.response.time_to_first_chunk', value: { doubleValue: ttftMs / 1000 } },
      ...(error ? [text('error.type', error)] : []),
    ],
    status: error ? { code: 2 } : {},
  }))
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] })
}

describe.skipIf(prometheus() === null)('a Prometheus beside a running instance', () => {
  let instance: Instance
  let server: ChildProcess
  let url: string
  let folder: string
  let data: string

  beforeAll(async () => {
    folder = instanceFolder()
    data = mkdtempSync(join(tmpdir(), 'inferwatch-prometheus-'))
    instance = await startInstance(folder)
    const listen = `127.0.0.1:${await freePort()}`
    url = `http://${listen}`
    const target = new URL(instance.urls.dashboard).host
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [rulesFile],
      scrape_configs: [{ job_name: 'inferwatch', scrape_timeout: '1s', static_configs: [{ targets: [target] }] }],
    }
    writeFileSync(join(data, 'prometheus.yml'), stringify(config))
    const args = [
      `--config.file=${join(data, 'prometheus.yml')}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${listen}`,
    ]
    server = spawn(prometheus() ?? '', args, { cwd: data, stdio: 'ignore' })
    const post = async (body: string) => {
      const answer = await fetch(`${instance.urls.otlp_http}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      if (!answer.ok) throw new Error(await answer.text())
    }
    const body = otlp(calls)
    await post(body)
    // As a client that heard no answer would: that makes no calls of it.
    await post(body)
    await eventually('Prometheus has seen the calls', async () => {
      const [result] = await query('sum(inferwatch_requests_total)')
      return Number(result?.value) >= calls.length ? true : null
    })
    await eventually('the rows are there', async () => {
      const [row] = await sql<{ n: number }>(instance, 'SELECT count() AS n FROM requests FINAL')
      return row?.n === calls.length ? row : null
    })
  })

  afterAll(async () => {
    if (server.exitCode === null && server.kill('SIGTERM')) await once(server, 'exit')
    await instance.stop()
    removeFolder(folder)
    removeFolder(data)
  })

  async function query(expression: string): Promise<{ metric: Record<string, string>; value: string }[]> {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
    const { data } = (await answer.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] }
    }
    return data.result.map(({ metric, value }) => ({ metric, value: value[1] }))
  }
  const number = async (expression: string) => Number((await query(expression))[0]?.value)
  const rows = <Row>(text: string) => sql<Row>(instance, text)

  test('the same requests and errors of each model', async () => {
    const counted = await rows<{ model: string; requests: number; errors: number }>(
      `SELECT model, count() AS requests, countIf(status IN ('error', 'rate_limited', 'timeout')) AS errors
       FROM requests FINAL GROUP BY model ORDER BY model`,
    )
    expect(counted.map(({ requests }) => requests)).toEqual([80, 80, 80])
    const byModel = async (expression: string) =>
      Object.fromEntries(
        (await query(`sum by (gen_ai_response_model) (${expression})`)).map(({ metric, value }) => [
          metric['gen_ai_response_model'],
          Number(value),
        ]),
      )
    const expected = (field: 'requests' | 'errors') => Object.fromEntries(counted.map((row) => [row.model, row[field]]))
    expect(await byModel('inferwatch_requests_total')).toEqual(expected('requests'))
    expect(await byModel('gen_ai_client_operation_duration_seconds_count')).toEqual(expected('requests'))
    expect(await byModel('gen_ai_client_operation_duration_seconds_count{error_type!=""}')).toEqual(expected('errors'))
  })

  test('the same errors by type', async () => {
    const types = await rows<{ error_type: string; n: number }>(
      `SELECT error_type, count() AS n FROM requests FINAL WHERE error_type != '' GROUP BY error_type ORDER BY error_type`,
    )
    const counted = await query(
      'sort(sum by (error_type) (gen_ai_client_operation_duration_seconds_count{error_type!=""}))',
    )
    expect(Object.fromEntries(counted.map(({ metric, value }) => [metric['error_type'], Number(value)]))).toEqual(
      Object.fromEntries(types.map(({ error_type, n }) => [error_type, n])),
    )
    expect(types).toHaveLength(2)
  })

  test('the same spend, and what has no price', async () => {
    const [row] = await rows<{ usd: number; unpriced: number }>(
      'SELECT toFloat64(sum(cost_usd)) AS usd, countIf(cost_usd IS NULL) AS unpriced FROM requests FINAL',
    )
    expect(row?.usd).toBeGreaterThan(0)
    expect(await number('sum(inferwatch_cost_usd_total)')).toBeCloseTo(row?.usd ?? 0, 9)
    expect(await number('sum(inferwatch_requests_unpriced_total)')).toBe(row?.unpriced)
    expect(row?.unpriced).toBe(80)
  })

  test('the same tokens', async () => {
    const [row] = await rows<{ input: number; output: number }>(
      'SELECT sum(input_tokens) AS input, sum(output_tokens) AS output FROM requests FINAL',
    )
    for (const type of ['input', 'output'] as const)
      expect(await number(`sum(gen_ai_client_token_usage_sum{gen_ai_token_type="${type}"})`)).toBe(row?.[type])
  })

  test.each([
    ['gen_ai_client_operation_duration_seconds', 'duration_ms'],
    ['gen_ai_server_time_to_first_token_seconds', 'ttft_ms'],
    ['gen_ai_server_time_per_output_token_seconds', 'tpot_ms'],
  ])('the same percentiles of %s, up to the bucket', async (metric, column) => {
    const bounds = (await query(`sum by (le) (${metric}_bucket)`))
      .map((each) => Number(each.metric['le']))
      .sort((a, b) => a - b)
    const bucketOf = (seconds: number) => bounds.findIndex((bound) => seconds <= bound)
    for (const level of [0.5, 0.95]) {
      const [row] = await rows<{ ms: number }>(`SELECT quantile(${level})(${column}) AS ms FROM requests FINAL`)
      const seconds = await number(`histogram_quantile(${level}, sum by (le) (${metric}_bucket))`)
      expect(bucketOf(seconds)).toBe(bucketOf((row?.ms ?? NaN) / 1000))
      expect(bucketOf(seconds)).toBeGreaterThan(0)
    }
  })

  test('evaluates our rules, which name nothing that is not there', async () => {
    const rules = await eventually('every rule was evaluated', async () => {
      const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
        data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] }
      }
      const all = data.groups.flatMap((group) => group.rules)
      return all.length > 0 && all.every(({ health }) => health !== 'unknown') ? all : null
    })
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    const { groups } = parse(readFileSync(rulesFile, 'utf8')) as { groups: { rules: { expr: string }[] }[] }
    const asked = groups
      .flatMap((group) => group.rules)
      .flatMap(({ expr }) => expr.match(/(?<![\w:])(inferwatch|gen_ai)_\w+(?=[{[ ])/g) ?? [])
    const text = await (await fetch(`${instance.urls.dashboard}/metrics`)).text()
    const there = new Set([...text.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) => name))
    expect(asked.length).toBeGreaterThan(5)
    expect([...new Set(asked)].filter((name) => !there.has(name))).toEqual([])
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
