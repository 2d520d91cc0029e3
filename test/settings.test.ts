/** The settings of a running instance over HTTP: what is shown and what never is, and that what people set holds at once. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../config.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'

const secrets = {
  dashboard: 'dashboard-key-4f1c9a77',
  ingest: 'ingest-key-8b20d1e5f0',
  upstream: 'sk-upstream-77c1d2e3f4',
  hook: 'https://hooks.slack.com/services/T0/B0/5d3f9e2c1b',
  environment: 'from-environment-91ac',
}
const hostile = `<img src=x onerror="alert(1)">: 'a'`

let folder: string
let instance: Instance
beforeAll(async () => {
  folder = instanceFolder({
    dashboard: { api_keys: [secrets.dashboard] },
    ingest: { api_keys: [secrets.ingest] },
    retention: { spans_days: 3 },
    proxy: { keys: [{ name: 'fixed', hash: `sha256:${'0'.repeat(64)}` }] },
    endpoints: [
      { name: 'llama', upstream: 'http://127.0.0.1:9/v1', api_key: secrets.upstream },
      { name: 'claude', upstream: 'http://127.0.0.1:9/v1', kind: 'anthropic', api_key: '${VENDOR_KEY}' },
    ],
    prices: { overrides: [{ name: 'contract', model: 'gpt-4o', input_usd: 1, output_usd: 2 }] },
    alerts: {
      receivers: [{ name: 'r', notify: [{ type: 'slack', webhook_url: secrets.hook }] }],
      route: { receiver: 'r' },
    },
  })
  instance = await startInstance(folder, [], { VENDOR_KEY: secrets.environment })
  await send('llama', 'house', 1)
  await send(hostile, hostile, 2)
  await send('openai', 'gpt-4o', 3)
})
afterAll(async () => {
  await instance?.stop()
  removeFolder(folder)
})

async function send(endpoint: string, model: string, id: number): Promise<void> {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const count = (key: string, intValue: number) => ({ key, value: { intValue } })
  const end = BigInt(Date.now()) * 1_000_000n
  const span = {
    traceId: String(id).padStart(32, '0'),
    spanId: String(id).padStart(16, '0'),
    name: 'chat',
    kind: 3,
    startTimeUnixNano: String(end - 1_000_000_000n),
    endTimeUnixNano: String(end),
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', model === 'gpt-4o' ? 'openai' : 'vllm'),
      text('gen_ai.request.model', model),
      text('gen_ai.response.model', model),
      text('inferwatch.endpoint', endpoint),
      count('gen_ai.usage.input_tokens', 1_000_000),
      count('gen_ai.usage.output_tokens', 1_000_000),
    ],
  }
  const response = await fetch(`${instance.urls.otlp_http}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secrets.ingest}` },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  })
  expect(response.status).toBe(200)
  await eventually('it is stored', async () => {
    const rows = await sql(instance, `select 1 from requests where trace_id = '${span.traceId}'`)
    return rows.length > 0 ? true : null
  })
}

/** What these tests read of any answer. */
interface Answer {
  status: number
  body: unknown
}

async function ask(path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${instance.urls.dashboard}/api/settings/${path}`, {
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${secrets.dashboard}`, 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, body: await response.json() }
}

const reads = ['installation', 'endpoints', 'prices', 'prices/use', 'reprice', 'keys', 'retention']

describe('no secret is in any answer, nor is one given without a key', () => {
  test.each(reads)('%s', async (path) => {
    const { status, body } = await ask(path)
    expect(status).toBe(200)
    const text = JSON.stringify(body)
    for (const [name, secret] of Object.entries(secrets)) expect([name, text.includes(secret)]).toEqual([name, false])
    expect(text).not.toContain('0'.repeat(64))
    expect((await ask(path, undefined, { authorization: '' })).status).toBe(401)
  })
})

test('the installation says what it is, and where each value comes from', async () => {
  const body = (await ask('installation')).body as { config: { file: string; settings: { path: string }[] } & object }
  expect(body).toMatchObject({
    version: expect.any(String),
    engine: 'embedded',
    rooms: ['collector', 'alerts', 'dashboard'],
    lease: { role: 'leader' },
    data_dir: join(folder, 'data'),
    disk: { bytes: expect.any(Number) },
    config: { file: join(folder, 'inferwatch.yaml'), problem: '', waiting: [] },
    warnings: [],
  })
  const of = (path: string) => body.config.settings.find((one) => one.path === path)
  expect(of('retention.spans_days')).toMatchObject({ value: '3', origin: 'file' })
  expect(of('endpoints[1].api_key')).toMatchObject({ secret: true, origin: 'environment', variables: ['VENDOR_KEY'] })
  expect(of('scrape.interval')).toMatchObject({ value: '10s', origin: 'default' })
})

test('what traffic shows and no file names comes with YAML that declares it, whatever it is called', async () => {
  interface Endpoints {
    endpoints: { name: string; use: { requests: number } | null }[]
    undeclared: { endpoint: string; requests: number; snippet: string }[]
  }
  const body = (await ask('endpoints')).body as Endpoints
  expect(body.endpoints).toMatchObject([
    { name: 'llama', key: 'endpoints[0]', proxied: '/proxy/llama/', use: { requests: 1 } },
    { name: 'claude', use: null },
  ])
  expect(body.undeclared.map(({ endpoint }) => endpoint).toSorted()).toEqual([hostile, 'openai'].toSorted())
  for (const { endpoint, snippet } of body.undeclared) {
    expect(parse(snippet)).toMatchObject({ endpoints: [{ name: endpoint }] })
    expect(parseConfig(snippet, 'snippet').endpoints[0]?.name).toBe(endpoint)
  }
})

describe('a price that is set', () => {
  const price = { provider: 'vllm', model: hostile, valid_from: null, input_usd: 2, output_usd: 3, by: 'Ada' }
  interface Use {
    models: { model: string; unpriced: number; unpriced_input_tokens: number; status: { price: object | null } }[]
  }
  const use = async (model: string) => {
    const body = (await ask('prices/use')).body as Use
    return body.models.find((one) => one.model === model)
  }

  test('is missing first, and prices what comes, then what is stored', async () => {
    const before = (await ask('prices/use')).body as Use
    expect(
      before.models
        .slice(0, 2)
        .map(({ model }) => model)
        .toSorted(),
    ).toEqual([hostile, 'house'].toSorted())
    expect(before.models[0]).toMatchObject({ unpriced: 1, unpriced_input_tokens: 1e6, status: { price: null } })
    expect(before.models[2]).toMatchObject({ status: { price: { origin: 'file', key: 'prices.overrides[0]' } } })

    expect((await ask('prices', price)).status).toBe(200)
    expect(await use(hostile)).toMatchObject({ unpriced: 1, status: { price: { origin: 'page' } } })
    await send('llama', hostile, 4)
    const costs = () =>
      sql<{ usd: number | null }>(
        instance,
        "select toFloat64(cost_usd) as usd from requests where provider = 'vllm' and model != 'house' order by trace_id",
      )
    expect(await costs()).toEqual([{ usd: null }, { usd: 5 }])

    const range = { from: Date.now() - 3_600_000, to: Date.now(), by: 'Ada', model: hostile }
    const run = async (dry_run: boolean) => {
      expect((await ask('reprice', { ...range, dry_run })).status).toBe(200)
      return eventually('the run ends', async () => {
        const body = (await ask('reprice')).body as { run: { state: string; summary: object } }
        return body.run.state === 'running' ? null : body.run
      })
    }
    expect(await run(true)).toMatchObject({ state: 'done', summary: { rows: 2, changed: 1, cost_after: '10' } })
    expect(await costs()).toEqual([{ usd: null }, { usd: 5 }])
    expect(await run(false)).toMatchObject({ state: 'done', summary: { changed: 1 } })
    expect(await costs()).toEqual([{ usd: 5 }, { usd: 5 }])
  })

  test.each<[string, object, number, string]>([
    ['the file fixes', { ...price, model: 'gpt-4o', provider: 'openai' }, 409, 'model'],
    ['is negative', { ...price, input_usd: -1 }, 400, 'input_usd'],
    ['says no model', { ...price, model: ' ' }, 400, 'model'],
    ['says not who', { ...price, by: '' }, 400, 'by'],
    ['has more in it', { ...price, output: 1 }, 400, 'output'],
  ])('is refused when it %s', async (_, body, status, field) => {
    const answer = await ask('prices', body)
    expect(answer).toMatchObject({ status, body: { error: { field } } })
    expect(answer.body).toMatchObject({ error: { message: expect.stringMatching(`^${field}: `) } })
  })

  test('is not taken from another site', async () => {
    expect((await ask('prices', price, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await ask('keys', { name: 'x', by: 'Eve' }, { origin: 'https://evil.example' })).status).toBe(403)
  })
})

test('a key is shown once and never again, and is kept nowhere', async () => {
  const made = await ask('keys', {
    name: 'search',
    team: 'search',
    endpoints: ['llama'],
    by: 'Ada',
  })
  expect(made).toMatchObject({ status: 200, body: { secret: expect.stringMatching(/^iw-/) } })
  const { secret } = made.body as { secret: string }
  const body = (await ask('keys')).body as { virtual: object[]; in_file: object[] }
  expect(body.virtual).toMatchObject([
    { name: 'fixed', key: 'proxy.keys[0]', state: 'active' },
    { name: 'search', key: null, created_by: 'Ada', endpoints: ['llama'], last_ms: null },
  ])
  expect(body.in_file).toMatchObject([
    { key: 'ingest.api_keys[0]', kind: 'ingest' },
    { key: 'endpoints[0].api_key', kind: 'upstream', name: 'llama' },
    { key: 'endpoints[1].api_key', name: 'claude', origin: 'environment', variables: ['VENDOR_KEY'] },
    { key: 'dashboard.api_keys[0]', kind: 'dashboard' },
  ])
  for (const path of reads) expect(JSON.stringify((await ask(path)).body)).not.toContain(secret)
  expect(readFileSync(join(folder, 'data', 'proxy', 'keys.json'), 'utf8')).not.toContain(secret)
  expect(instance.output()).not.toContain(secret)
  const call = () =>
    fetch(`${instance.urls.dashboard}/proxy/llama/models`, { headers: { authorization: `Bearer ${secret}` } })
  // Nobody listens there: the proxy let it through.
  expect((await call()).status).toBe(502)
  expect((await ask('keys/revoke', { name: 'search', by: 'Ada' })).status).toBe(200)
  expect((await call()).status).toBe(401)
  expect(await ask('keys/revoke', { name: 'fixed', by: 'Ada' })).toMatchObject({
    status: 409,
    body: { error: { field: 'name' } },
  })
})

test('each table says for how long it is kept, and who says so', async () => {
  interface Retention {
    tables: { name: string }[]
    keys: object[]
  }
  const body = (await ask('retention')).body as Retention
  const table = (name: string) => body.tables.find((one) => one.name === name)
  expect(table('spans')).toMatchObject({ key: 'retention.spans_days', days: 3, content_days: 14 })
  expect(table('requests')).toMatchObject({ key: 'retention.requests_days', days: 90, rows: expect.any(Number) })
  expect(body.keys).toContainEqual(
    expect.objectContaining({ path: 'retention.spans_days', value: '3', origin: 'file' }),
  )
})

test('a file that cannot be used, and a change that takes a restart, are told', async () => {
  const file = join(folder, 'inferwatch.yaml')
  const text = readFileSync(file, 'utf8')
  const warned = (words: string) =>
    eventually(words, async () => {
      const body = (await ask('installation')).body as { warnings: { text: string; level: string }[] }
      return body.warnings.find((warning) => warning.text.includes(words)) ?? null
    })
  writeFileSync(file, `${text}nonsense: 1\n`)
  expect(await warned('nonsense: unknown key')).toMatchObject({ level: 'critical' })
  writeFileSync(file, text.replace('spans_days: 3', 'spans_days: 4'))
  expect(await warned('retention was changed in the file: restart to apply it')).toMatchObject({ level: 'warning' })
  const body = (await ask('retention')).body as { keys: object[] }
  expect(body.keys).toContainEqual(expect.objectContaining({ path: 'retention.spans_days', value: '3' }))
})
