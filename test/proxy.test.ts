/** The proxy as its users meet it: an unchanged client whose base URL points at the product, and the row that comes of it. */
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStandIn, type StandIn } from './clients/stand-in.ts'
import { eventually } from './support/eventually.ts'
import { instanceFolder, removeFolder, sql, startInstance, type Instance } from './support/instance.ts'

let standIn: StandIn
let folder = ''
let instance: Instance
beforeAll(async () => {
  standIn = await startStandIn()
  folder = instanceFolder({
    alerts: { shipped_rules: false },
    endpoints: [{ name: 'gpt', upstream: standIn.url }],
  })
  instance = await startInstance(folder)
})
afterAll(async () => {
  await instance?.stop()
  await standIn?.close()
  removeFolder(folder)
})

const clientOf = (scenario: string) =>
  new OpenAI({
    apiKey: 'sk-a-secret-key-0123456789abcdef',
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

test('the key is nowhere', async () => {
  const rows = await sql<Row>(
    instance,
    `SELECT count() AS n FROM requests WHERE positionCaseInsensitive(toString(tuple(*)), '0123456789abcdef') > 0
    UNION ALL SELECT count() AS n FROM spans WHERE positionCaseInsensitive(toString(tuple(*)), '0123456789abcdef') > 0`,
  )
  expect(rows).toEqual([{ n: 0 }, { n: 0 }])
  expect(instance.output()).not.toContain('0123456789abcdef')
})
