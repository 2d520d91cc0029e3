import { afterAll, describe, expect, test, vi } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import { modelName } from '../records/model-name.ts'
import { pricesConfig } from './config.ts'
import { createCatalogue } from './price-catalogue.ts'
import { createPricer } from './pricing.ts'
import { startTelemetry } from './self/telemetry.ts'

const telemetry = startTelemetry('test', {})
afterAll(() => telemetry.stop())

const at = Date.UTC(2026, 10, 21, 12) * 1000
const catalogue = createCatalogue()

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
  createPricer(pricesConfig.parse(config), catalogue)(request)
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
    const price = createPricer(pricesConfig.parse({}), catalogue)
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
      price_version: 'config',
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
