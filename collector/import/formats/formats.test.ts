import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Storage } from '../../../storage/index.ts'
import { testStorage } from '../../../storage/testing.ts'
import { pricesConfig, type ContentMode } from '../../config.ts'
import { createPricer } from '../../pricing.ts'
import { createRedactor } from '../../redact.ts'
import { runImport, type ImportOptions } from '../index.ts'
import { writeParquet } from '../testing.ts'
import { exportFormats, recognise } from './index.ts'

const now = Date.UTC(2026, 5, 1, 12)
let storage: Storage
let directory: string
beforeAll(async () => {
  storage = await testStorage()
  directory = mkdtempSync(join(tmpdir(), 'inferwatch-formats-test-'))
})
afterAll(async () => {
  await storage.stop()
  rmSync(directory, { recursive: true, force: true })
})
beforeEach(async () => {
  for (const table of ['requests', 'provider_usage', 'imports']) await storage.db.command(`TRUNCATE TABLE ${table}`)
})

const put = (name: string, content: string | Uint8Array) => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function load(file: string, options: Partial<ImportOptions> = {}, content: ContentMode = 'full', at = now) {
  const pricer = createPricer(pricesConfig.parse({}))
  return runImport({ file, ...options }, { db: storage.db, pricer, redactor: createRedactor(content), now: () => at })
}

const rows = (columns: string, table = 'requests', order = 'timestamp, span_id') =>
  storage.db.query<Record<string, unknown>>(`SELECT ${columns} FROM ${table} ORDER BY ${order}`)

const rejected = (file: string) =>
  readFileSync(`${file}.rejected.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const csv = (records: Record<string, unknown>[]) => {
  const columns = Object.keys(records[0] ?? {})
  const cell = (value: unknown) => {
    const text = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
    return `"${text.replaceAll('"', '""')}"`
  }
  return [columns.join(','), ...records.map((record) => columns.map((name) => cell(record[name])).join(','))].join('\n')
}

const spendLog = {
  request_id: 'chatcmpl-1',
  call_type: 'acompletion',
  api_key: '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
  spend: 0.0125,
  total_tokens: 2000,
  prompt_tokens: 1000,
  completion_tokens: 1000,
  startTime: '2026-05-01T10:00:00.000Z',
  endTime: '2026-05-01T10:00:04.000Z',
  completionStartTime: '2026-05-01T10:00:00.500Z',
  model: 'openai/gpt-4o-2024-08-06',
  model_group: 'smart',
  custom_llm_provider: 'openai',
  api_base: 'https://api.openai.com/v1',
  user: 'owner',
  end_user: 'customer-7',
  team_id: 'team-1',
  session_id: 'session-1',
  cache_hit: 'False',
  status: 'success',
  request_tags: ['chatbot'],
  metadata: {
    user_api_key_alias: 'bot key',
    user_api_key_team_alias: 'search',
    additional_usage_values: {
      prompt_tokens_details: { cached_tokens: 400 },
      completion_tokens_details: { reasoning_tokens: 64 },
    },
    spend_logs_metadata: { job: 'nightly' },
    proxy_server_request: { secret: 'of the prompt' },
  },
  messages: {},
  proxy_server_request: {
    model: 'smart',
    messages: [{ role: 'user', content: 'hello' }],
    max_tokens: 2000,
    stream: true,
  },
  response: {
    choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
    service_tier: 'flex',
  },
}
const spendLogs = [
  spendLog,
  {
    ...spendLog,
    request_id: 'failed-1',
    spend: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
    startTime: '2026-05-01 10:01:00.344',
    endTime: '2026-05-01 10:01:00.343',
    completionStartTime: '2026-05-01 10:01:00.343',
    status: 'failure',
    metadata: {
      status: 'failure',
      error_information: { error_code: '429', error_class: 'RateLimitError', error_message: 'slow down' },
    },
    proxy_server_request: {},
    response: {},
  },
  { ...spendLog, request_id: 'hit', spend: 0, cache_hit: 'True', startTime: '2026-05-01T10:02:00Z', metadata: {} },
  { ...spendLog, request_id: 'tool', call_type: 'call_mcp_tool', spend: 0 },
  { ...spendLog, request_id: 'wrong key', call_type: '', model: '', model_group: '', spend: 0, status: 'failure' },
]

const litellmRow = {
  timestamp: '2026-05-01 10:00:00.000000',
  duration_ms: 4000,
  ttft_ms: 500,
  streamed: true,
  request_id: 'chatcmpl-1',
  provider: 'openai',
  instance: 'api.openai.com',
  model: 'gpt-4o',
  model_version: '2024-08-06',
  requested_model: 'smart',
  operation: 'chat',
  user_id: 'customer-7',
  team: 'search',
  session_id: 'session-1',
  api_key: 'bot key',
  input_tokens: 1000,
  cached_input_tokens: 400,
  output_tokens: 1000,
  reasoning_tokens: 64,
  max_tokens: 2000,
  input_token_basis: 'inclusive',
  usage_source: 'reported',
  service_tier: 'flex',
  status: 'ok',
  finish_reason: 'stop',
  cost_source: 'catalogue',
  reported_cost_usd: 0.0125,
  input: '[{"role":"user","content":"hello"}]',
  output: '[{"role":"assistant","content":"hi"}]',
  dialect: 'import',
  role: 'gateway',
  attributes: {
    'litellm.request_tags': '["chatbot"]',
    'litellm.key_owner': 'owner',
    'metadata.job': 'nightly',
    'import.format': 'litellm',
  },
}

test.each<[string, string | Uint8Array]>([
  ['spend.json', JSON.stringify(spendLogs)],
  ['spend-page.json', JSON.stringify({ data: spendLogs, total: 5, page: 1 })],
  ['spend.jsonl.gz', gzipSync(spendLogs.map((row) => JSON.stringify(row)).join('\n'))],
  ['spend.csv', csv(spendLogs)],
])('LiteLLM: %s', async (name, content) => {
  const file = put(name, content)
  expect(await load(file)).toMatchObject({ format: 'litellm', rows_read: 5, imported: 3, skipped: 2, rejected: 0 })
  const [call, failed, hit] = await rows('*')
  expect(call).toMatchObject(litellmRow)
  expect(failed).toMatchObject({
    duration_ms: null,
    ttft_ms: null,
    status: 'rate_limited',
    http_status: 429,
    error_type: 'RateLimitError',
    input_tokens: null,
    output_tokens: null,
    reported_cost_usd: null,
    cost_usd: null,
    usage_source: '',
  })
  expect(hit).toMatchObject({ cache_hit: true, reported_cost_usd: 0, ttft_ms: null })

  const again = await load(file, {}, 'full', now + 60_000)
  expect(again).toMatchObject({ imported: 0, existing: 3, skipped: 2 })
  expect(again.skips).toEqual(
    new Map([
      ['not_a_model_call', 1],
      ['no_model', 1],
    ]),
  )
  const [record] = await rows('format, toUInt32(rows_skipped) AS skipped', 'imports', 'imported_at')
  expect(record).toEqual({ format: 'litellm', skipped: 2 })
})

test('LiteLLM: Parquet; tokens that leave out the cached ones; fields that are set', async () => {
  const path = join(directory, 'spend.parquet')
  writeParquet(
    path,
    `SELECT 'msg_1' AS request_id, 'anthropic_messages' AS call_type, 'hash' AS api_key, 0.5 AS spend,
      toDateTime64('2026-05-01 10:00:00', 3, 'UTC') AS startTime, toDateTime64('2026-05-01 10:00:01', 3, 'UTC') AS endTime,
      13::Int64 AS prompt_tokens, 5::Int64 AS completion_tokens, 'claude-sonnet-4-5' AS model, 'anthropic' AS custom_llm_provider,
      '{"usage_object":{"cache_read_input_tokens":600,"cache_creation_input_tokens":4}}' AS metadata`,
  )
  await load(path, { set: { environment: 'production' } })
  expect(await rows('*')).toMatchObject([
    {
      environment: 'production',
      operation: 'chat',
      input_tokens: 617,
      cached_input_tokens: 600,
      cache_write_tokens: 4,
      input_token_basis: 'exclusive',
    },
  ])
})

const generation = {
  id: '00f067aa0ba902b7',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  type: 'GENERATION',
  name: 'answer',
  startTime: '2026-05-02T10:00:00.000Z',
  endTime: '2026-05-02T10:00:02.000Z',
  completionStartTime: '2026-05-02T10:00:00.250Z',
  parentObservationId: '53995c3f42cd8ad8',
  model: 'claude-sonnet-4-5-20250929',
  modelParameters: { max_tokens: 1024, temperature: 0 },
  usageDetails: {
    input: 13,
    input_cached_tokens: 100,
    input_cache_creation: 7,
    output: 20,
    output_reasoning_tokens: 30,
    total: 170,
  },
  costDetails: { input: 0.001, output: 0.002, total: 0.003 },
  level: 'DEFAULT',
  statusMessage: null,
  environment: 'default',
  promptName: 'greeting',
  promptVersion: 3,
  traceName: 'chat',
  traceTags: ['beta'],
  userId: 'u-1',
  sessionId: 's-1',
  metadata: { ls_provider: 'anthropic', customer: 'acme', attributes: { 'gen_ai.prompt': 'hidden' } },
  input: [{ role: 'user', content: 'hello' }],
  output: 'hi',
}
const observations = [
  generation,
  {
    ...generation,
    id: 'failed',
    startTime: '2026-05-02T10:01:00.000Z',
    completionStartTime: null,
    level: 'ERROR',
    statusMessage: '429 Rate limit reached',
    usageDetails: { input: 0, output: 0, total: 0 },
    costDetails: { total: 0 },
  },
  { ...generation, id: 'span', type: 'SPAN' },
  // Whoever reports totals with their parts in them.
  {
    ...generation,
    id: 'totals',
    startTime: '2026-05-02T10:02:00.000Z',
    usageDetails: { input: 100, input_cached_tokens: 40, output: 20, total: 120 },
  },
]
const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const blobNames: Record<string, string> = { model: 'provided_model_name' }
const blobRows = observations.map((row) =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [blobNames[name] ?? snake(name), value])),
)

test.each<[string, string]>([
  ['observations.json', JSON.stringify(observations)],
  ['observations.csv', csv(observations)],
  ['blob.jsonl', blobRows.map((row) => JSON.stringify(row)).join('\n')],
])('Langfuse: %s', async (name, content) => {
  const file = put(name, content)
  const summary = await load(file)
  expect(summary).toMatchObject({ format: 'langfuse', rows_read: 4, imported: 3, skipped: 1, rejected: 0 })
  expect(summary.skips).toEqual(new Map([['not_a_generation', 1]]))
  const [call, failed, totals] = await rows('*')
  expect(call).toMatchObject({
    timestamp: '2026-05-02 10:00:00.000000',
    duration_ms: 2000,
    ttft_ms: 250,
    trace_id: generation.traceId,
    span_id: generation.id,
    parent_span_id: generation.parentObservationId,
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    environment: '',
    input_tokens: 120,
    cached_input_tokens: 100,
    cache_write_tokens: 7,
    output_tokens: 50,
    reasoning_tokens: 30,
    max_tokens: 1024,
    input_token_basis: 'exclusive',
    reported_cost_usd: 0.003,
    cost_source: 'catalogue',
    prompt_name: 'greeting',
    prompt_version: '3',
    user_id: 'u-1',
    session_id: 's-1',
    input: '[{"role":"user","content":"hello"}]',
    output: 'hi',
    attributes: {
      'langfuse.observation.name': 'answer',
      'langfuse.trace.name': 'chat',
      'langfuse.trace.tags': '["beta"]',
      'langfuse.observation.metadata.ls_provider': 'anthropic',
      'langfuse.observation.metadata.customer': 'acme',
      'import.format': 'langfuse',
    },
  })
  expect(failed).toMatchObject({
    status: 'rate_limited',
    http_status: 429,
    input_tokens: null,
    reported_cost_usd: null,
    usage_source: '',
  })
  expect(totals).toMatchObject({ input_tokens: 100, cached_input_tokens: 40, input_token_basis: 'inclusive' })
  expect(await load(file, {}, 'full', now + 60_000)).toMatchObject({ imported: 0, existing: 3 })
})

const helicone = {
  request_id: 'a8c1f7f0-0000-4000-8000-000000000001',
  response_id: 'r1',
  request_created_at: '2026-05-03T10:00:00.000Z',
  response_created_at: '2026-05-03T10:00:01.000Z',
  response_status: 200,
  delay_ms: 1000,
  time_to_first_token: 120,
  request_model: 'gpt-4o',
  response_model: 'gpt-4o-2024-08-06',
  provider: 'OPENAI',
  target_url: 'https://api.openai.com/v1/chat/completions?key=secret',
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_cache_read_tokens: 40,
  prompt_cache_write_tokens: null,
  costUSD: 0.00045,
  request_user_id: 'u-2',
  request_properties: { Team: 'search', 'Helicone-Session-Id': 's-2', plan: 'gold' },
  cache_reference_id: '00000000-0000-0000-0000-000000000000',
  request_body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'hello' }] },
  response_body: { choices: [{ finish_reason: 'length', message: { content: 'hi' } }] },
  signed_body_url: 'https://bucket/body?X-Amz-Signature=abc',
}
const heliconeRows = [
  helicone,
  {
    ...helicone,
    request_id: 'r2',
    request_created_at: '2026-05-03T10:01:00Z',
    provider: 'ANTHROPIC',
    request_model: 'claude-sonnet-4-5',
    response_model: 'claude-sonnet-4-5',
    cache_reference_id: 'a8c1f7f0-0000-4000-8000-000000000001',
    costUSD: 0,
  },
  {
    ...helicone,
    request_id: 'r3',
    request_created_at: '2026-05-03T10:02:00Z',
    response_status: 500,
    response_body: { error: { type: 'server_error', message: 'try again' } },
  },
  { ...helicone, request_id: 'r4', request_created_at: '2026-05-03T10:03:00Z', response_status: -3, response_body: '' },
  { ...helicone, request_id: 'r5', response_status: -2 },
]

test.each<[string, string]>([
  ['helicone.json', JSON.stringify({ data: heliconeRows, error: null }, null, 2)],
  ['helicone.jsonl', heliconeRows.map((row) => JSON.stringify(row)).join('\n')],
  ['helicone.csv', csv(heliconeRows)],
])('Helicone: %s', async (name, content) => {
  const file = put(name, content)
  expect(await load(file)).toMatchObject({ format: 'helicone', rows_read: 5, imported: 4, skipped: 1, rejected: 0 })
  const [call, cached, failed, cancelled] = await rows('*')
  expect(call).toMatchObject({
    timestamp: '2026-05-03 10:00:00.000000',
    duration_ms: 1000,
    ttft_ms: 120,
    request_id: helicone.request_id,
    provider: 'openai',
    instance: 'api.openai.com',
    model: 'gpt-4o',
    model_version: '2024-08-06',
    input_tokens: 100,
    cached_input_tokens: 40,
    output_tokens: 20,
    input_token_basis: 'inclusive',
    reported_cost_usd: 0.00045,
    status: 'ok',
    http_status: 200,
    finish_reason: 'length',
    user_id: 'u-2',
    team: 'search',
    session_id: 's-2',
    role: 'gateway',
    cache_hit: false,
    attributes: { 'helicone.property.plan': 'gold', 'import.format': 'helicone' },
  })
  expect(JSON.stringify(call)).not.toMatch(/secret|Signature/)
  expect(cached).toMatchObject({
    cache_hit: true,
    input_tokens: 140,
    input_token_basis: 'exclusive',
    reported_cost_usd: 0,
  })
  expect(failed).toMatchObject({ status: 'error', http_status: 500, error_type: 'server_error' })
  expect(cancelled).toMatchObject({ status: 'cancelled', http_status: null })
  expect(await load(file, {}, 'full', now + 60_000)).toMatchObject({ imported: 0, existing: 4 })
})

test('content is redacted or left out as configured', async () => {
  const key = `sk-proj-${'a1B2'.repeat(12)}`
  const row = { ...spendLog, proxy_server_request: { messages: [{ role: 'user', content: `my key is ${key}` }] } }
  const file = put('content.json', JSON.stringify([row]))
  await load(file, {}, 'redacted')
  expect((await rows('*'))[0]?.['input']).toContain('my key is')
  expect(JSON.stringify(await rows('*'))).not.toContain(key)
  await load(file, {}, 'off', now + 60_000)
  expect(await rows('input, output')).toEqual([{ input: '', output: '' }])
})

test('bad rows name the column and the field', async () => {
  const file = put(
    'bad.jsonl',
    [
      { ...spendLog, prompt_tokens: -5 },
      { ...spendLog, startTime: 'yesterday' },
      { ...spendLog, endTime: 'later' },
      { ...spendLog, request_id: '' },
      { ...spendLog, metadata: 'cut o' },
      { ...spendLog, metadata: { usage_object: { cache_read_input_tokens: 1.5 } } },
      { startTime: '2026-05-01', spend: 3.5, users: {}, models: {} },
    ]
      .map((row) => JSON.stringify(row))
      .join('\n'),
  )
  expect(await load(file)).toMatchObject({ rows_read: 7, imported: 0, rejected: 7 })
  expect(rejected(file).map(({ reason, message }) => [reason, message])).toEqual([
    ['input_tokens_negative', 'prompt_tokens "-5" is negative'],
    ['timestamp_invalid', 'startTime "yesterday" is not a time'],
    ['timestamp_invalid', 'endTime "later" is not a time'],
    ['request_id_missing', expect.stringContaining('summarize=false')],
    ['metadata_not_an_object', 'metadata "cut o" is not a JSON object'],
    ['cached_input_tokens_not_an_integer', 'metadata.usage_object.cache_read_input_tokens "1.5" is not a whole number'],
    ['request_id_missing', expect.stringContaining('request_id is empty')],
  ])
})

const start = Date.UTC(2026, 4, 4) / 1000
const result = {
  object: 'organization.usage.completions.result',
  input_tokens: 1000,
  input_cached_tokens: 800,
  output_tokens: 500,
  input_audio_tokens: 0,
  output_audio_tokens: 0,
  num_model_requests: 5,
  project_id: null,
  user_id: null,
  api_key_id: null,
  model: 'gpt-4o-2024-08-06',
  batch: false,
}
const bucket = (day: number, results: object[]) => ({
  object: 'bucket',
  start_time: start + day * 86_400,
  end_time: start + (day + 1) * 86_400,
  results,
})
const page = {
  object: 'page',
  data: [bucket(0, [result, { ...result, model: 'o3', num_model_requests: 1 }]), bucket(1, [])],
  has_more: true,
  next_page: 'page_2',
}
const { object: _object, ...tableColumns } = result
const flat = [
  { start_time: start, end_time: start + 86_400, ...tableColumns },
  { start_time: start, end_time: start + 86_400, ...tableColumns, model: 'o3', num_model_requests: 1 },
  {
    start_time: start + 86_400,
    end_time: start + 2 * 86_400,
    ...Object.fromEntries(Object.keys(tableColumns).map((name) => [name, ''])),
  },
]

test.each<[string, string, number]>([
  ['usage.json', JSON.stringify(page), 2],
  ['indented.json', JSON.stringify(page, null, 2), 2],
  ['pages.jsonl', JSON.stringify(page), 1],
])('OpenAI usage: %s becomes no requests', async (name, content, read) => {
  const file = put(name, content)
  const first = await load(file)
  expect(first).toMatchObject({
    format: 'openai-usage',
    table: 'provider_usage',
    rows_read: read,
    imported: 2,
    existing: 0,
  })
  expect(first).toMatchObject({ skipped: read - 1, input_tokens: 2000, output_tokens: 1000, from: start * 1e6 })
  expect(await load(file, {}, 'full', now + 60_000)).toMatchObject({ imported: 0, existing: 2 })
  expect(await rows('count() AS n', 'requests', 'n')).toEqual([{ n: 0 }])
  const [usage, other] = await rows('*', 'provider_usage', 'model')
  expect(usage).toMatchObject({
    bucket_start: '2026-05-04 00:00:00.000',
    bucket_end: '2026-05-05 00:00:00.000',
    provider: 'openai',
    kind: 'completions',
    grouped_by: 'batch,model',
    model: 'gpt-4o',
    model_version: '2024-08-06',
    batch: 'false',
    input_tokens: 1000,
    input_cached_tokens: 800,
    output_tokens: 500,
    num_model_requests: 5,
    amount_usd: null,
    source_file: file,
  })
  expect(other).toMatchObject({ model: 'o3', num_model_requests: 1 })
})

test('OpenAI usage and costs as tables; a table and a page are the same sums', async () => {
  await load(put('same.json', JSON.stringify(page)))
  expect(await load(put('usage.csv', csv(flat)))).toMatchObject({ rows_read: 3, imported: 0, existing: 2, skipped: 1 })
  const costs = [
    {
      start_time: start,
      end_time: start + 86_400,
      amount_value: '1.25',
      amount_currency: 'usd',
      line_item: 'gpt-4o-2024-08-06, input',
      project_id: 'p',
    },
    {
      start_time: start,
      end_time: start + 86_400,
      amount_value: '2',
      amount_currency: 'eur',
      line_item: '',
      project_id: 'p',
    },
    { start_time: start, end_time: start, amount_value: '2', amount_currency: 'usd', line_item: '', project_id: 'p' },
  ]
  const file = put('costs.csv', csv(costs))
  expect(await load(file)).toMatchObject({ imported: 1, rejected: 2, cost_usd: 1.25 })
  expect(rejected(file).map(({ reason }) => reason)).toEqual(['currency_not_usd', 'end_time_not_after_start'])
  const amount = { value: 0.5, currency: 'usd' }
  const costPage = {
    ...page,
    data: [bucket(2, [{ object: 'organization.costs.result', amount, line_item: 'web search' }])],
  }
  await load(put('costs.json', JSON.stringify(costPage)))
  expect(await rows('model, line_item, amount_usd, project_id', 'provider_usage', 'bucket_start, line_item')).toEqual(
    expect.arrayContaining([
      { model: 'gpt-4o', line_item: 'gpt-4o-2024-08-06, input', amount_usd: 1.25, project_id: 'p' },
      { model: '', line_item: 'web search', amount_usd: 0.5, project_id: '' },
    ]),
  )
})

test.each<[string, string, Partial<ImportOptions>, RegExp]>([
  [
    'a format that the file is not',
    'a,b\n1,2\n',
    { export: exportFormats[0]! },
    /ab\.csv: not an export of litellm; its columns are "a", "b"/,
  ],
  [
    'a mapping that is not needed',
    csv(spendLogs),
    { export: exportFormats[0]!, map: { model: 'model' } },
    /--map: columns of litellm exports are known/,
  ],
  [
    'a time that is not to be set',
    csv(spendLogs),
    { export: exportFormats[0]!, set: { timestamp: '2026-01-01' } },
    /--set: timestamp comes from the litellm export/,
  ],
  ['sums that cannot be moved', csv(flat), { shift_to: 'now' }, /--shift-to: .*whose days must stay/],
])('%s is one clear line', async (_, content, options, message) => {
  await expect(load(put('ab.csv', content), options)).rejects.toThrow(message)
})

test('each format is recognised by its columns alone, and nobody else by them', () => {
  const columns = {
    litellm: spendLog,
    langfuse: generation,
    helicone,
    'openai-usage': flat[0],
    'openai-batch': { custom_id: '', response: '' },
    'anthropic-batch': { custom_id: '', result: '' },
  }
  for (const { name } of exportFormats)
    expect(recognise(Object.keys(columns[name as keyof typeof columns] ?? {}))?.name).toBe(name)
  expect(recognise(['time', 'model', 'status', 'type', 'cost'])).toBeNull()
})

test('columns of our own come first; a moved export keeps its distances', async () => {
  const own = put('own.jsonl', JSON.stringify({ ...spendLog, timestamp: '2026-05-01', status: 'ok' }))
  expect(await load(own)).toMatchObject({ format: null, imported: 1 })
  await storage.db.command('TRUNCATE TABLE requests')
  expect(await load(put('moved.json', JSON.stringify(spendLogs)), { shift_to: 'now' })).toMatchObject({
    imported: 3,
    to: now * 1000,
  })
  expect((await rows('toString(timestamp) AS time'))[0]).toEqual({ time: '2026-06-01 11:58:00.000000' })
})

const jsonLines = (lines: object[]) => lines.map((line) => JSON.stringify(line)).join('\n')

const chatBody = {
  id: 'chatcmpl-7',
  object: 'chat.completion',
  created: Date.UTC(2026, 4, 30, 10) / 1000,
  model: 'gpt-4o-2024-08-06',
  service_tier: 'default',
  choices: [{ message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 200, prompt_tokens_details: { cached_tokens: 400 } },
}

test('openai-batch: every line a call of operation batch, at half the price; failed ones are skipped', async () => {
  const file = put(
    'batch_output.jsonl',
    jsonLines([
      { id: 'batch_req_1', custom_id: 'row-1', response: { status_code: 200, body: chatBody }, error: null },
      {
        id: 'batch_req_2',
        custom_id: 'row-2',
        response: { status_code: 400, body: { error: { code: 'x' } } },
        error: null,
      },
      { id: 'batch_req_3', custom_id: 'row-3', response: null, error: { code: 'batch_expired' } },
      {
        id: 'batch_req_4',
        custom_id: 'row-4',
        response: {
          status_code: 200,
          body: {
            object: 'list',
            created: chatBody.created,
            model: 'text-embedding-3-small',
            data: [{ object: 'embedding', embedding: [0.1] }],
            usage: { prompt_tokens: 1_000_000, total_tokens: 1_000_000 },
          },
        },
        error: null,
      },
    ]),
  )
  expect(await load(file)).toMatchObject({ format: 'openai-batch', imported: 2, skipped: 2, rejected: 0 })
  // (600 × 2.50 + 400 × 1.25 + 200 × 10) / 2 dollars a million; 0.02 / 2.
  expect(
    await rows(
      `operation, provider, model, service_tier, status, input_tokens, cached_input_tokens, output_tokens, finish_reason,
      attributes['batch.custom_id'] AS custom_id, toString(cost_usd) AS cost`,
      'requests',
      'model',
    ),
  ).toMatchObject([
    {
      operation: 'batch',
      provider: 'openai',
      model: 'gpt-4o',
      service_tier: 'batch',
      status: 'ok',
      input_tokens: 1000,
      cached_input_tokens: 400,
      output_tokens: 200,
      finish_reason: 'stop',
      custom_id: 'row-1',
      cost: '0.002',
    },
    { operation: 'batch', model: 'text-embedding-3-small', output_tokens: 0, cost: '0.01' },
  ])
  expect(await load(file)).toMatchObject({ imported: 0, existing: 2 })
})

test('anthropic-batch: results say no time, so that of the batch is asked for', async () => {
  const message = {
    id: 'msg_1',
    model: 'claude-sonnet-4-5-20250929',
    content: [{ type: 'text', text: 'yes' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 600, cache_read_input_tokens: 400, cache_creation_input_tokens: 0, output_tokens: 200 },
  }
  const file = put(
    'results.jsonl',
    jsonLines([
      { custom_id: 'a', result: { type: 'succeeded', message } },
      { custom_id: 'b', result: { type: 'errored', error: { type: 'invalid_request' } } },
      { custom_id: 'c', result: { type: 'expired' } },
    ]),
  )
  await expect(load(file)).rejects.toThrow('--set timestamp=<ended_at of the batch>')
  const given = exportFormats.find(({ name }) => name === 'anthropic-batch')
  if (!given) throw new Error('the format is not listed')
  const options = { export: given, set: { timestamp: '2026-05-30T10:00:00Z' } }
  expect(await load(file, options)).toMatchObject({ imported: 1, skipped: 2, rejected: 0 })
  // (600 × 3 + 400 × 0.30 + 200 × 15) / 2 dollars a million.
  expect(
    await rows(
      `toUnixTimestamp(timestamp) AS at, operation, provider, model, service_tier, input_tokens, output_tokens,
      toString(cost_usd) AS cost`,
    ),
  ).toMatchObject([
    {
      at: Date.UTC(2026, 4, 30, 10) / 1000,
      operation: 'batch',
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      service_tier: 'batch',
      input_tokens: 1000,
      output_tokens: 200,
      cost: '0.00246',
    },
  ])
})
