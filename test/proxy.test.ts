/** The proxy as its users meet it: an unchanged client whose base URL points at the product, and the row that comes of it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStandIn, type StandIn } from './clients/stand-in.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'

const main = new URL('../main.ts', import.meta.url).pathname
const vendorKey = 'sk-of-the-vendor-0123456789abcdef'
let standIn: StandIn
let folder = ''
let instance: Instance
beforeAll(async () => {
  standIn = await startStandIn()
  folder = instanceFolder({
    alerts: { shipped_rules: false },
    endpoints: [{ name: 'gpt', upstream: standIn.url, api_key: '${VENDOR_KEY}' }],
  })
  instance = await startInstance(folder, [], { VENDOR_KEY: vendorKey })
})
afterAll(async () => {
  await instance?.stop()
  await standIn?.close()
  removeFolder(folder)
})

const clientOf = (scenario: string, apiKey = 'sk-a-secret-key-0123456789abcdef') =>
  new OpenAI({
    apiKey,
    baseURL: `${instance.urls.dashboard}/proxy/gpt/${scenario}/v1`,
    maxRetries: 0,
    defaultHeaders: { 'x-inferwatch-user': `user-of-${scenario}`, 'x-inferwatch-team': 'search' },
  })

const messages = [{ role: 'user' as const, content: 'Capital of France?' }]

interface Row {
  [column: string]: unknown
}

const rowOf = (scenario: string) =>
  eventually(`the row of ${scenario}`, async () => {
    const [row] = await sql<Row>(
      instance,
      `SELECT endpoint, dialect, model, model_version, requested_model, team, status, http_status, finish_reason, streamed,
        input_tokens, cached_input_tokens, output_tokens, toString(cost_usd) AS cost_usd, request_id,
        ttft_ms > 0 AND ttft_ms <= duration_ms AS timed, sum(toUInt32(arraySum(itl_ms_counts)))  OVER () AS gaps
      FROM requests WHERE user_id = 'user-of-${scenario}'`,
    )
    return row ?? null
  })

test('an answer: the client gets it as it is, and it is one priced request', async () => {
  const answer = await clientOf('proxy-chat').chat.completions.create({ model: 'gpt-4o', messages })
  expect(answer.choices[0]?.message.content).toBe('Paris is the capital.')
  expect(await rowOf('proxy-chat')).toMatchObject({
    endpoint: 'gpt',
    dialect: 'proxy',
    model: 'gpt-4o',
    model_version: '2024-08-06',
    requested_model: 'gpt-4o',
    team: 'search',
    status: 'ok',
    http_status: 200,
    finish_reason: 'stop',
    streamed: false,
    input_tokens: 23,
    cached_input_tokens: 10,
    output_tokens: 7,
    // 13 × 2.50 + 10 × 1.25 + 7 × 10 dollars a million.
    cost_usd: '0.000115',
    request_id: standIn.served('proxy-chat').ids[0],
  })
})

test('a stream: token by token, timed', async () => {
  const stream = await clientOf('proxy-stream').chat.completions.create({
    model: 'gpt-4o',
    messages,
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  expect(text).toBe('Paris is the capital.')
  expect(await rowOf('proxy-stream')).toMatchObject({ streamed: true, output_tokens: 7, timed: 1, gaps: 4 })
})

test('a refusal of the vendor reaches the client as it is', async () => {
  const refused = clientOf('proxy-err429').chat.completions.create({ model: 'gpt-4o', messages })
  await expect(refused).rejects.toMatchObject({ status: 429 })
  expect(await rowOf('proxy-err429')).toMatchObject({ status: 'rate_limited', http_status: 429, cost_usd: null })
})

/** What `keys` prints, a line each; of a command that fails, what it says on stderr. */
const keys = (...args: string[]) =>
  promisify(execFile)(process.execPath, [main, 'keys', ...args, '--config', join(folder, 'inferwatch.yaml')], {
    env: { ...process.env, VENDOR_KEY: vendorKey },
  }).then(
    ({ stdout }) => stdout.split('\n'),
    (error: { stderr: string }) => error.stderr.split('\n'),
  )

test('a virtual key opens the proxy from when it is made until it is revoked', async () => {
  const [key = '', said, reloads] = await keys(
    'create',
    'search-prod',
    '--team',
    'search',
    '--requests-per-minute',
    '900',
  )
  expect(said).toMatch(/^key "search-prod" \(sha256:[0-9a-f]{64}\); it is not shown again$/)
  expect(reloads).toBe(`process ${instance.pid} reloads its configuration, and this key with it`)
  const ask = () => clientOf('proxy-keyed', key).chat.completions.create({ model: 'gpt-4o', messages })
  const answer = await eventually('a call with the key', () => ask().catch(() => null))
  expect(answer.choices[0]?.message.content).toBe('Paris is the capital.')
  expect(await rowOf('proxy-keyed')).toMatchObject({ team: 'search', cost_usd: '0.000115' })
  expect((await keys('list'))[1]).toMatch(/^search-prod +active +search +all +never +\d of 900$/)

  expect(await keys('create', 'search-prod')).toEqual([
    'error: there is a key "search-prod" already: revoke it first',
    '',
  ])
  expect((await keys('revoke', 'search-prod'))[0]).toBe('key "search-prod" revoked')
  const refusal = await eventually('a refusal', () =>
    ask().then(
      () => null,
      (error: unknown) => error,
    ),
  )
  expect(refusal).toMatchObject({ status: 401, code: 'invalid_api_key' })
  expect(instance.output()).not.toContain(key)
})

test('the key is nowhere', async () => {
  const rows = await sql<Row>(
    instance,
    `SELECT count() AS n FROM requests WHERE positionCaseInsensitive(toString(tuple(*)), '0123456789abcdef') > 0
    UNION ALL SELECT count() AS n FROM spans WHERE positionCaseInsensitive(toString(tuple(*)), '0123456789abcdef') > 0`,
  )
  expect(rows).toEqual([{ n: 0 }, { n: 0 }])
  expect(instance.output()).not.toContain('0123456789abcdef')
})
