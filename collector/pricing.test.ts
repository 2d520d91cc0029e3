import { afterAll, describe, expect, test, vi } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import { modelName } from '../records/model-name.ts'
import type { PriceRecord } from '../records/price.ts'
import { pricesConfig } from './config.ts'
import { createCatalogue } from './price-catalogue.ts'
import { createPricer } from './pricing.ts'
import { startTelemetry } from './self/telemetry.ts'

const telemetry = startTelemetry('test', {})
afterAll(() => telemetry.stop())

const at = Date.UTC(2026, 10, 21, 12) * 1000
const catalogues = [createCatalogue()]

/** A request as requestOf makes it, of a model as the client named it. */
function call(provider: string, model: string, parts: Partial<LlmRequest> = {}): LlmRequest {
  const name = modelName(model)
  return {
    ...emptyRequest(),
    timestamp: at,
    provider,
    requested_model: model,
    model: name.model,
    model_version: name.version,
    input_tokens: 1000,
    output_tokens: 1000,
    ...parts,
  }
}

function priced(request: LlmRequest, config: unknown = {}): LlmRequest {
  createPricer(pricesConfig.parse(config), { catalogues })(request)
  return request
}

describe('list prices', () => {
  test.each([
    // provider         model                                      input    output   id
    ['openai', 'gpt-4o', 0.0025, 0.01, 'openai/gpt-4o'],
    ['openai', 'gpt-4o-2024-08-06', 0.0025, 0.01, 'openai/gpt-4o'],
    ['openai', 'gpt-4o-2024-05-13', 0.005, 0.015, 'openai/gpt-4o-2024-05-13'],
    ['openai', 'chatgpt-4o-latest', 0.005, 0.015, 'openai/chatgpt-4o-latest'],
    ['openai', 'gpt-4o-mini', 0.00015, 0.0006, 'openai/gpt-4o-mini'],
    ['openai', 'ft:gpt-4o-mini-2024-07-18:acme::abc', 0.0003, 0.0012, 'openai/ft:gpt-4o-mini'],
    ['anthropic', 'claude-3-sonnet', 0.003, 0.015, 'anthropic/claude-3-sonnet'],
    ['anthropic', 'claude-3-sonnet-20240229', 0.003, 0.015, 'anthropic/claude-3-sonnet'],
    ['', 'claude-3-sonnet-20240229', 0.003, 0.015, 'anthropic/claude-3-sonnet'],
    ['anthropic', 'claude-3-5-sonnet-latest', 0.003, 0.015, 'anthropic/claude-3-5-sonnet'],
    [
      'aws.bedrock',
      'anthropic.claude-3-sonnet-20240229-v1:0',
      0.003,
      0.015,
      'aws/regional.anthropic.claude-3-sonnet-20240229-v1:0',
    ],
    [
      'aws.bedrock',
      'us.anthropic.claude-3-sonnet-20240229-v1:0',
      0.003,
      0.015,
      'aws/regional.anthropic.claude-3-sonnet-20240229-v1:0',
    ],
    [
      'aws.bedrock',
      'claude-3-sonnet-20240229-v1:0',
      0.003,
      0.015,
      'aws/regional.anthropic.claude-3-sonnet-20240229-v1:0',
    ],
    ['azure.ai.openai', 'gpt-4o', 0.0025, 0.01, 'azure/gpt-4o'],
    ['azure.ai.openai', 'azure/gpt-4o', 0.0025, 0.01, 'azure/gpt-4o'],
    ['gcp.vertex_ai', 'claude-sonnet-4@20250514', 0.003, 0.015, 'google/claude-4-sonnet'],
    ['gcp.gemini', 'models/gemini-2.5-pro', 0.00125, 0.01, 'google/gemini-2.5-pro'],
    ['', 'openai/gpt-4o', 0.0025, 0.01, 'openai/gpt-4o'],
    ['', 'anthropic.claude-3-sonnet-20240229-v1:0', 0.003, 0.015, 'anthropic/claude-3-sonnet'],
    ['openai', 'claude-3-sonnet-20240229', 0.003, 0.015, 'anthropic/claude-3-sonnet'],
    ['openrouter', 'anthropic/claude-3.5-haiku', 0.0008, 0.004, 'openrouter/anthropic/claude-3.5-haiku'],
    ['litellm', 'bedrock/anthropic.claude-3-sonnet-20240229-v1:0', 0.003, 0.015, 'anthropic/claude-3-sonnet'],
  ])('%s %s: %d + %d', (provider, model, input, output, id) => {
    const request = priced(call(provider, model))
    expect(request).toMatchObject({
      input_cost_usd: input,
      output_cost_usd: output,
      cost_usd: Math.round((input + output) * 1e12) / 1e12,
      cost_source: 'catalogue',
      price_version: 'genai-prices@0.1.8',
      price_id: id,
    })
  })

  test.each([
    ['openai', 'gpt-4-turbo'],
    ['openai', 'gpt-4'],
    ['openai', 'gpt-3.5-turbo'],
    ['openai', 'gpt-5'],
    ['openai', 'o1'],
    ['openai', 'o3-mini'],
    ['openai', 'gpt-4.1'],
    ['anthropic', 'claude-3.5-sonnet'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['anthropic', 'claude-opus-4-1'],
    ['anthropic', 'claude-2.1'],
    ['gcp.gen_ai', 'gemini-1.5-pro'],
    ['gcp.gemini', 'gemini-2.0-flash'],
    ['gcp.gemini', 'gemini-2.5-flash'],
    ['gcp.gemini', 'gemini-3-pro-preview'],
    ['azure.ai.openai', 'gpt-35-turbo'],
    ['azure.ai.openai', 'gpt-4-32k'],
    ['groq', 'openai/gpt-oss-20b'],
    ['together_ai', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['openai', 'deepseek-chat'],
    ['aws.bedrock', 'amazon.nova-pro-v1:0'],
    ['aws.bedrock', 'amazon.titan-text-express-v1'],
    ['aws.bedrock', 'meta.llama3-8b-instruct-v1:0'],
    ['aws.bedrock', 'mistral.mistral-large-2402-v1:0'],
  ])('%s %s has one', (provider, model) => {
    expect(priced(call(provider, model)).cost_usd).toBeGreaterThan(0)
  })

  test.each([
    ['anthropic', 'claude-instant-1.2'],
    ['azure.ai.openai', 'my-gpt4o-deployment'],
    ['', 'meta-llama/Llama-3.1-8B-Instruct'],
    ['openai', 'meta-llama/Llama-3.1-8B-Instruct'],
    ['openai', 'deepseek-ai/DeepSeek-R1'],
    ['openai', 'deepseek-r1'],
    ['', 'deepseek-r1:8b'],
    ['openai', 'openai/gpt-oss-20b'],
    ['', 'gpt-oss-20b'],
    ['', 'mixtral-8x7b'],
    ['vllm', 'gpt-4o'],
    ['ollama', 'llama3.1:8b'],
    ['', ''],
  ])('%s %s has none: unknown, never 0', (provider, model) => {
    expect(priced(call(provider, model))).toMatchObject({
      cost_usd: null,
      input_cost_usd: null,
      output_cost_usd: null,
      cache_savings_usd: null,
      cost_source: 'unknown',
      price_id: '',
      price_version: '',
    })
  })

  test('a long request costs its tier', () => {
    const request = priced(call('gcp.gemini', 'gemini-2.5-pro', { input_tokens: 300_000 }))
    expect(request).toMatchObject({ input_cost_usd: 0.75, output_cost_usd: 0.015 })
  })

  test('cached and written tokens cost their own', () => {
    const openai = priced(call('openai', 'gpt-4o', { cached_input_tokens: 400, output_tokens: 100 }))
    expect(openai).toMatchObject({ input_cost_usd: 0.002, output_cost_usd: 0.001, cache_savings_usd: 0.0005 })
    const usage = { cached_input_tokens: 400, cache_write_tokens: 200, output_tokens: 100 }
    const anthropic = priced(call('anthropic', 'claude-3-5-sonnet', usage))
    expect(anthropic).toMatchObject({ input_cost_usd: 0.00207, output_cost_usd: 0.0015, cache_savings_usd: 0.00093 })
  })

  test('input that leaves the cache out is priced with it', () => {
    const usage = { input_tokens: 13, cached_input_tokens: 600, output_tokens: 0 }
    const request = priced(call('anthropic', 'claude-3-5-sonnet', usage))
    expect(request.cost_usd).toBe(0.000219)
    expect(request.input_tokens).toBe(13)
  })

  test('off-peak hours of deepseek count by the request’s own time', () => {
    const price = createPricer(pricesConfig.parse({}), { catalogues })
    const [night, day] = [18, 12].map((hour) => {
      const request = call('deepseek', 'deepseek-chat', { timestamp: Date.UTC(2025, 5, 1, hour) * 1000 })
      price(request)
      return request.cost_usd
    })
    expect(night).toBeGreaterThan(0)
    expect(day).toBeGreaterThan(night ?? 0)
  })

  test('the model that answered decides, not the one asked for', () => {
    const request = { ...call('openai', 'gpt-4o-2024-05-13'), requested_model: 'gpt-4o' }
    expect(priced(request).input_cost_usd).toBe(0.005)
  })

  test('embeddings cost their input', () => {
    const request = priced(call('openai', 'text-embedding-3-small', { output_tokens: null, operation: 'embeddings' }))
    expect(request).toMatchObject({ cost_usd: 0.00002, input_cost_usd: 0.00002, output_cost_usd: null })
  })

  test('half of the usage is priced as that half: the whole stays unknown', () => {
    const request = priced(call('openai', 'gpt-4o', { input_tokens: 1000, output_tokens: null }))
    expect(request).toMatchObject({
      cost_usd: null,
      cost_source: 'unknown',
      input_cost_usd: 0.0025,
      output_cost_usd: null,
      price_id: 'openai/gpt-4o',
    })
    const reported = priced(
      call('openai', 'gpt-4o', { input_tokens: 1000, output_tokens: null, reported_cost_usd: 0.5 }),
    )
    expect(reported).toMatchObject({ cost_usd: 0.5, cost_source: 'reported' })
  })

  test('no usage is unknown', () => {
    const request = priced(call('openai', 'gpt-4o', { input_tokens: null, output_tokens: null, status: 'error' }))
    expect(request).toMatchObject({ cost_usd: null, cost_source: 'unknown', price_id: '' })
  })

  test('no model and no count makes the catalogue complain', () => {
    const warn = vi.spyOn(console, 'warn')
    for (const tokens of [-1, 0, 1.5, 1e15, Number.NaN]) priced(call('openai', 'gpt-4o', { input_tokens: tokens }))
    for (const name of ['', '\u0000', '__proto__', 'x'.repeat(100_000)]) priced(call(name, name))
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})

describe('overrides', () => {
  const prices = {
    overrides: [
      { name: 'contract', provider: 'openai', model: 'gpt-4o', input_usd: 2, output_usd: 8, cached_input_usd: 0.5 },
      { name: 'llama', model: 'meta-llama/*', per: '1K', input_usd: 0.0001, output_usd: 0.0002 },
      { name: 'mine', provider: 'vllm', model: '*', input_usd: 0.05, output_usd: 0.05 },
    ],
    deployments: { 'my-gpt4o-deployment': 'gpt-4o' },
  }

  test('come before the catalogue, for their provider', () => {
    expect(priced(call('openai', 'gpt-4o-2024-08-06', { cached_input_tokens: 1000 }), prices)).toMatchObject({
      cost_usd: 0.0085,
      cost_source: 'catalogue',
      price_id: 'override/contract',
      price_version: expect.stringMatching(/^config@[0-9a-f]{8}$/),
      cache_savings_usd: 0.0015,
    })
    expect(priced(call('azure.ai.openai', 'gpt-4o'), prices).price_id).toBe('azure/gpt-4o')
  })

  test('match by prefix, per 1K', () => {
    const request = priced(call('openai', 'meta-llama/Llama-3.1-8B-Instruct'), prices)
    expect(request).toMatchObject({ input_cost_usd: 0.0001, output_cost_usd: 0.0002, price_id: 'override/llama' })
  })

  test('price what people run themselves', () => {
    expect(priced(call('vllm', 'gpt-oss-20b'), prices)).toMatchObject({ cost_usd: 0.0001, price_id: 'override/mine' })
  })

  test('a deployment may be another model at another endpoint', () => {
    const deployments = { chat: { east: 'gpt-4o', west: 'gpt-4o-mini', '*': 'gpt-4' } }
    const idAt = (endpoint: string) => priced(call('azure.ai.openai', 'Chat', { endpoint }), { deployments }).price_id
    expect(['east', 'west', 'north'].map(idAt)).toEqual(['azure/gpt-4o', 'azure/gpt-4o-mini', 'azure/gpt-4'])
  })

  test('a deployment is priced as its model', () => {
    expect(priced(call('azure.ai.openai', 'My-GPT4o-deployment'), prices)).toMatchObject({
      cost_usd: 0.0125,
      price_id: 'azure/gpt-4o',
    })
  })
})

test('a request can be priced again, with another list', () => {
  const request = priced(call('openai', 'gpt-4o'))
  expect(priced({ ...request, provider: 'vllm' })).toMatchObject({ cost_usd: null, input_cost_usd: null, price_id: '' })
})

describe('what an override matches', () => {
  const price = { input_usd: 1, output_usd: 1 }
  const own = (match: object) => ({ overrides: [{ name: 'own', ...match, ...price }] })
  const request = (parts: Partial<LlmRequest> = {}) =>
    call('azure.ai.openai', 'gpt-4o-2024-08-06', {
      endpoint: 'chat-east',
      region: 'eastus2',
      environment: 'production',
      team: 'search',
      ...parts,
    })

  test.each<[object, boolean]>([
    [{ model: 'gpt-4o' }, true],
    [{ model: 'gpt-4o-2024-08-06' }, true],
    [{ model: 'gpt-4o-2024-05-13' }, false],
    [{ model: 'GPT-4o' }, true],
    [{ model: 'gpt-*-08-06' }, true],
    [{ model: '*4o*' }, true],
    [{ model: '*' }, true],
    [{ model: 'gpt-4*mini' }, false],
    [{ model: 'gpt-4o-2024-08-06*2024-08-06' }, false],
    [{ model: ['gpt-4', 'gpt-4o'] }, true],
    [{ model: ['gpt-4', 'o1'] }, false],
    [{ provider: 'azure' }, true],
    [{ provider: 'azure.*' }, true],
    [{ provider: 'openai' }, false],
    [{ provider: ['openai', 'Azure_OpenAI'] }, true],
    [{ endpoint: 'chat-*' }, true],
    [{ endpoint: 'chat' }, false],
    [{ region: 'eastus2', environment: 'production', team: ['ads', 'search'] }, true],
    [{ region: 'eastus2', environment: 'staging' }, false],
    [{ team: 'ads' }, false],
    [{ service_tier: 'standard' }, true],
    [{ service_tier: 'batch' }, false],
  ])('%j: %s', (match, matches) => {
    expect(priced(request(), own(match)).price_id).toBe(matches ? 'override/own' : 'azure/gpt-4o')
  })

  test('each request by its own labels, whatever was asked before', () => {
    const price = createPricer(pricesConfig.parse(own({ team: 'search', model: '*' })), { catalogues })
    const ids = ['search', 'ads', 'search'].map((team) => {
      const one = request({ team })
      price(one)
      return one.price_id
    })
    expect(ids).toEqual(['override/own', 'azure/gpt-4o', 'override/own'])
  })

  test('the time of the request decides, to the microsecond; the end is no longer in it', () => {
    const prices = {
      overrides: [
        { name: 'old', model: 'gpt-4o', ...price, effective_to: '2026-11-01' },
        {
          name: 'new',
          model: 'gpt-4o',
          ...price,
          effective_from: '2026-11-01',
          effective_to: '2026-12-01T00:00:00+01:00',
        },
      ],
    }
    const pricer = createPricer(pricesConfig.parse(prices), { catalogues })
    const idAt = (timestamp: number) => {
      const one = request({ timestamp })
      pricer(one)
      return one.price_id
    }
    const begin = Date.UTC(2026, 10, 1) * 1000
    const end = Date.UTC(2026, 10, 30, 23) * 1000
    expect([begin - 1, begin, end - 1, end].map(idAt)).toEqual([
      'override/old',
      'override/new',
      'override/new',
      'azure/gpt-4o',
    ])
    expect(idAt(begin - 1)).toBe('override/old')
  })

  test('another rate under the same name is another version, a list after another is asked after it', () => {
    const versionOf = (input_usd: number) =>
      priced(request(), { overrides: [{ name: 'own', model: '*', ...price, input_usd }] }).price_version
    expect(versionOf(2)).not.toBe(versionOf(1))
    expect(versionOf(2)).toBe(versionOf(2))
    const last = { ...own({ model: '*' }), catalogues: ['genai-prices', 'overrides'] }
    expect(priced(request(), last).price_id).toBe('azure/gpt-4o')
    expect(priced(call('vllm', 'mine'), last).price_id).toBe('override/own')
    expect(priced(request(), { ...own({ model: '*' }), catalogues: ['overrides'] }).price_id).toBe('override/own')
    expect(priced(request(), { ...own({ model: 'x' }), catalogues: ['overrides'] }).cost_usd).toBeNull()
  })
})

describe('what an override costs', () => {
  const cost = (override: object, usage: Partial<LlmRequest> = {}) =>
    priced(call('openai', 'gpt-4o', usage), { overrides: [{ name: 'own', model: '*', ...override }] })

  test('per 1K is a thousandth of per 1M', () => {
    const perThousand = cost({ per: '1K', input_usd: 0.003, output_usd: 0.015, cached_input_usd: 0.0003 })
    const perMillion = cost({ input_usd: 3, output_usd: 15, cached_input_usd: 0.3 })
    expect(perThousand).toMatchObject({ input_cost_usd: 0.003, output_cost_usd: 0.015 })
    expect(perMillion.cost_usd).toBe(perThousand.cost_usd)
  })

  test('cached, written, reasoning and requests have their own', () => {
    const rates = { input_usd: 10, output_usd: 20, cached_input_usd: 1, cache_write_usd: 12, reasoning_usd: 30 }
    const usage = { cached_input_tokens: 300, cache_write_tokens: 100, output_tokens: 100, reasoning_tokens: 40 }
    expect(cost({ ...rates, request_usd: 0.5 }, usage)).toMatchObject({
      input_cost_usd: 0.5 + 0.006 + 0.0003 + 0.0012,
      output_cost_usd: 0.0012 + 0.0012,
    })
  })

  test.each([
    [200_000, 0.2],
    [200_001, 0.400002],
    [500_001, 2.500005],
  ])('%d input tokens are one tier as a whole: $%d', (input_tokens, input) => {
    const tiers = [
      { above_input_tokens: 200_000, input_usd: 2, output_usd: 20 },
      { above_input_tokens: 500_000, input_usd: 5 },
    ]
    const found = cost({ input_usd: 1, output_usd: 10, tiers }, { input_tokens })
    expect(found).toMatchObject({ input_cost_usd: input, output_cost_usd: input_tokens > 200_000 ? 0.02 : 0.01 })
  })

  test.each([
    ['', 0.002],
    ['default', 0.002],
    ['scale', 0.002],
    ['batch', 0.0008],
    ['BATCH', 0.0008],
    ['flex', 0.001],
    ['priority', 0.004],
    ['turbo', null],
  ])('service tier "%s"', (service_tier, expected) => {
    const found = cost({ input_usd: 1, output_usd: 1, multipliers: { batch: 0.4, priority: 2 } }, { service_tier })
    expect(found.cost_usd).toBe(expected)
    expect(found.cost_source).toBe(expected === null ? 'unknown' : 'catalogue')
  })

  test('a price for a tier is that tier’s', () => {
    const found = cost({ service_tier: 'batch', input_usd: 1, output_usd: 1 }, { service_tier: 'batch' })
    expect(found.cost_usd).toBe(0.002)
  })
})

describe('provisioned throughput', () => {
  const hour = { name: 'ptu', endpoint: 'chat', hour_usd: 6, units: 50 }
  const cost = (parts: object, usage: Partial<LlmRequest> = {}) =>
    priced(call('azure.ai.openai', 'gpt-4o', { endpoint: 'chat', ...usage }), { overrides: [{ ...hour, ...parts }] })

  test('of known capacity: the share of the hour that the tokens take up', () => {
    // 100,000 tokens a minute are 6M an hour: 1 USD per 1M.
    expect(cost({ capacity_tokens_per_minute: 100_000 }, { service_tier: 'provisioned' })).toMatchObject({
      cost_usd: 0.002,
      input_cost_usd: 0.001,
      cost_source: 'provisioned',
      price_id: 'override/ptu',
    })
  })

  test('of unknown capacity, or without usage: unknown, whatever the client says', () => {
    const unknown = { cost_usd: null, input_cost_usd: null, cost_source: 'provisioned', price_id: 'override/ptu' }
    expect(cost({}, { reported_cost_usd: 1 })).toMatchObject({ ...unknown, reported_cost_usd: 1 })
    const usage = { input_tokens: null, output_tokens: null }
    expect(cost({ capacity_tokens_per_minute: 100_000 }, usage)).toMatchObject(unknown)
    expect(cost({ capacity_tokens_per_minute: 100_000 }, { output_tokens: null })).toMatchObject({
      ...unknown,
      input_cost_usd: 0.001,
    })
  })
})

describe('service tiers of list prices', () => {
  test.each<[string, string, string, object, number | null, string]>([
    ['openai', 'gpt-4o', 'batch', {}, 0.00625, 'genai-prices@0.1.8*0.5'],
    ['openai', 'gpt-4o', 'flex', {}, 0.00625, 'genai-prices@0.1.8*0.5'],
    ['anthropic', 'claude-3-sonnet', 'batch', {}, 0.009, 'genai-prices@0.1.8*0.5'],
    ['azure.ai.openai', 'gpt-4o', 'batch', {}, 0.00625, 'genai-prices@0.1.8*0.5'],
    ['gcp.gemini', 'gemini-2.5-pro', 'batch', {}, 0.005625, 'genai-prices@0.1.8*0.5'],
    ['groq', 'openai/gpt-oss-20b', 'flex', {}, null, ''],
    ['openai', 'gpt-4o', 'priority', {}, null, ''],
    ['openai', 'gpt-4o', 'priority', { priority: 1.7 }, 0.02125, 'genai-prices@0.1.8*1.7'],
    ['openai', 'gpt-4o', 'batch', { batch: 0.25 }, 0.003125, 'genai-prices@0.1.8*0.25'],
    ['openai', 'gpt-4o', 'default', { batch: 0.25 }, 0.0125, 'genai-prices@0.1.8'],
    ['openai', 'gpt-4o', 'scale', {}, 0.0125, 'genai-prices@0.1.8'],
  ])('%s %s at %s with %j: %s', (provider, model, service_tier, multipliers, cost_usd, price_version) => {
    const found = priced(call(provider, model, { service_tier }), { multipliers })
    expect(found).toMatchObject({ cost_usd, price_version })
  })
})

test('a price that depends on the time of day has an id for each', () => {
  const idAt = (hour: number) =>
    priced(call('deepseek', 'deepseek-chat', { timestamp: Date.UTC(2025, 5, 1, hour) * 1000 })).price_id
  expect(idAt(18)).not.toBe(idAt(12))
})

test('the context window comes from the list, unless somebody told', () => {
  expect(priced(call('openai', 'gpt-4o')).context_window).toBe(128_000)
  expect(priced(call('openai', 'gpt-4o', { context_window: 9 })).context_window).toBe(9)
  expect(priced(call('vllm', 'gpt-4o')).context_window).toBeNull()
  const overrides = [{ name: 'own', model: '*', input_usd: 1, output_usd: 1 }]
  expect(priced(call('openai', 'gpt-4o'), { overrides }).context_window).toBe(128_000)
})

test('each price that is used is told, with its rates', () => {
  const told: PriceRecord[] = []
  const price = createPricer(pricesConfig.parse({}), { catalogues, onPrice: (record) => told.push(record) })
  for (let i = 0; i < 3; i++) price(call('openai', 'gpt-4o'))
  price(call('openai', 'gpt-4o', { service_tier: 'batch' }))
  price(call('vllm', 'mine'))
  expect(told.map(({ id, version, price: { input, multiplier } }) => [id, version, input.usd, multiplier])).toEqual([
    ['openai/gpt-4o', 'genai-prices@0.1.8', 2.5, 1],
    ['openai/gpt-4o', 'genai-prices@0.1.8*0.5', 2.5, 0.5],
  ])
})

test.each<[object, string]>([
  [{ name: 'x', input_usd: 1, output_usd: 1 }, 'names no requests'],
  [{ name: 'x', model: '*', output_usd: 1 }, 'hour_usd for provisioned'],
  [{ name: 'x', model: '*', input_usd: 1 }, 'expected dollars'],
  [{ name: 'x', model: '*', hour_usd: 1, input_usd: 1 }, 'give one of them'],
  [{ name: 'x', model: '*', hour_usd: 1, tiers: [{ above_input_tokens: 1 }] }, 'paid by the hour'],
  [{ name: 'x', model: '*', input_usd: 1, output_usd: 1, units: 2 }, 'goes with hour_usd'],
  [{ name: 'x', model: '*', input_usd: -1, output_usd: 1 }, '>=0'],
  [{ name: 'x', model: '*', input_usd: 1, output_usd: 1, effective_from: 'soon' }, 'expected a date'],
  [{ name: 'x', model: '*', input_usd: 1, output_usd: 1, effective_from: '2026-13-01' }, 'no such day'],
  [
    { name: 'x', model: '*', input_usd: 1, output_usd: 1, effective_from: '2026-02-01', effective_to: '2026-02-01' },
    'must be after',
  ],
  [
    {
      name: 'x',
      model: '*',
      input_usd: 1,
      output_usd: 1,
      tiers: [{ above_input_tokens: 5 }, { above_input_tokens: 5 }],
    },
    'must rise',
  ],
])('a bad override is refused: %j', (override, message) => {
  const found = pricesConfig.safeParse({ overrides: [override] })
  expect(found.error?.issues.map((issue) => issue.message).join()).toContain(message)
})

describe('what the client reported', () => {
  test('stays beside our own cost', () => {
    const request = priced(call('openai', 'gpt-4o', { reported_cost_usd: 0.02 }))
    expect(request).toMatchObject({ cost_usd: 0.0125, cost_source: 'catalogue', reported_cost_usd: 0.02 })
  })

  test('is the cost where there is no other', () => {
    const request = priced(call('some-gateway', 'house-model', { reported_cost_usd: 0.02 }))
    expect(request).toMatchObject({ cost_usd: 0.02, cost_source: 'reported', price_id: '', input_cost_usd: null })
  })
})

test('an answer from a cache costs what its gateway says, else nothing', () => {
  const usage = { input_tokens: 1000, output_tokens: 100, cache_hit: true }
  expect(priced(call('openai', 'gpt-4o', usage))).toMatchObject({ cost_usd: 0, cost_source: 'reported', price_id: '' })
  expect(priced(call('openai', 'gpt-4o', { ...usage, reported_cost_usd: 0.001 })).cost_usd).toBe(0.001)
})

test('what has no cost is counted by reason', async () => {
  const count = async (reason: string) => {
    const lines = (await telemetry.metricsText()).split('\n')
    const line = lines.find((text) => text.startsWith('inferwatch_prices_unpriced') && text.includes(`"${reason}"`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  const reasons = ['no_usage', 'no_model', 'unknown_model']
  const before = await Promise.all(reasons.map(count))
  priced(call('openai', 'gpt-4o', { input_tokens: null, output_tokens: null }))
  priced(call('openai', ''))
  priced(call('vllm', 'mine'))
  priced(call('vllm', 'mine'))
  priced(call('openai', 'gpt-4o'))
  const after = await Promise.all(reasons.map(count))
  expect(after.map((value, i) => value - (before[i] ?? 0))).toEqual([1, 1, 2])
})
