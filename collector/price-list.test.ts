import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import { modelName } from '../records/model-name.ts'
import { pricesConfig } from './config.ts'
import type { Catalogue } from './price-catalogue.ts'
import { importPriceList, loadCatalogues, PriceListError, type ImportedList } from './price-list.ts'
import { createPricer } from './pricing.ts'

/** In the shape of LiteLLM's list, written by hand. */
const fixture = new URL('fixtures/litellm-prices.json', import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), 'inferwatch-prices-'))
const problems: string[] = []
let imported: ImportedList
let catalogues: Catalogue[]

beforeAll(() => {
  imported = importPriceList(fixture, directory)
  catalogues = loadCatalogues(directory, (message) => problems.push(message))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function priced(provider: string, name: string, parts: Partial<LlmRequest> = {}, config: object = {}): LlmRequest {
  const { model, version } = modelName(name)
  const request: LlmRequest = {
    ...emptyRequest(),
    timestamp: Date.UTC(2026, 10, 21) * 1000,
    provider,
    model,
    model_version: version,
    requested_model: name,
    input_tokens: 1000,
    output_tokens: 1000,
    ...parts,
  }
  createPricer(pricesConfig.parse(config), { catalogues })(request)
  return request
}

const litellmOnly = { catalogues: ['litellm'] }

test('what has no price by the token is left out and counted', () => {
  expect(imported.skipped).toEqual({ no_token_price: 1, free_or_unknown: 1, malformed: 3 })
  expect(imported.models).toBe(8)
  expect(imported.version).toMatch(/^litellm@[0-9a-f]{8}$/)
  expect(problems).toEqual([])
  expect(catalogues.map(({ version }) => version)).toEqual(['genai-prices@0.1.8', imported.version])
})

test.each<[string, string, object, number | null, string]>([
  ['openai', 'gpt-4o', {}, 0.0125, 'openai/gpt-4o'],
  ['openai', 'gpt-4o', { cached_input_tokens: 1000 }, 0.01125, 'openai/gpt-4o'],
  ['openai', 'gpt-4o', { service_tier: 'batch' }, 0.00625, 'openai/gpt-4o+batch'],
  ['openai', 'gpt-4o', { service_tier: 'priority' }, 0.02125, 'openai/gpt-4o+priority'],
  ['openai', 'gpt-4o', { service_tier: 'priority', cached_input_tokens: 1000 }, 0.019125, 'openai/gpt-4o+priority'],
  ['openai', 'gpt-4o', { service_tier: 'turbo' }, null, ''],
  ['azure.ai.openai', 'eu/gpt-4o-2024-08-06', {}, 0.01375, 'azure/eu/gpt-4o-2024-08-06'],
  ['anthropic', 'house-flex', {}, 0.018, 'anthropic/house-flex'],
  ['anthropic', 'house-flex', { cache_write_tokens: 1000 }, 0.01875, 'anthropic/house-flex'],
  ['anthropic', 'house-flex', { reasoning_tokens: 500 }, 0.0205, 'anthropic/house-flex'],
  ['anthropic', 'house-flex', { input_tokens: 200_000, output_tokens: 0 }, 0.6, 'anthropic/house-flex'],
  ['anthropic', 'house-flex', { input_tokens: 200_001, output_tokens: 1 }, 1.2000285, 'anthropic/house-flex'],
  ['anthropic', 'house-flex', { service_tier: 'flex' }, 0.000375, 'anthropic/house-flex+flex'],
  ['dashscope', 'qwen-steps', { input_tokens: 32_000, output_tokens: 0 }, 0.032, 'dashscope/qwen-steps'],
  ['dashscope', 'qwen-steps', { input_tokens: 32_001, output_tokens: 0 }, 0.0576018, 'dashscope/qwen-steps'],
  ['gcp.vertex_ai', 'house-gemini', {}, 0.01125, 'vertex_ai/house-gemini'],
  ['gcp.gen_ai', 'house-gemini', {}, 0.01125, 'vertex_ai/house-gemini'],
  ['aws.bedrock', 'us.anthropic.house-v1:0', {}, 0.0048, 'aws.bedrock/us.anthropic.house-v1:0'],
  ['openai', 'house-embedding', { output_tokens: null, operation: 'embeddings' }, 0.00002, 'openai/house-embedding'],
  ['openai', 'omni-moderation-latest', {}, 0, 'openai/omni-moderation-latest'],
  ['ollama', 'llama3', {}, null, ''],
  ['openai', 'dall-e-3', {}, null, ''],
  ['openai', 'broken', {}, null, ''],
  ['', 'gpt-4o', {}, 0.0125, 'openai/gpt-4o'],
])('%s %s %j: $%s', (provider, model, parts, cost_usd, price_id) => {
  const found = priced(provider, model, parts, litellmOnly)
  expect(found).toMatchObject({ cost_usd, price_id, price_version: price_id && imported.version })
})

describe('after the bundled list', () => {
  test('it says what that one lacks', () => {
    expect(priced('openai', 'gpt-4o').price_version).toBe('genai-prices@0.1.8')
    expect(priced('anthropic', 'house-flex')).toMatchObject({ cost_usd: 0.018, context_window: 1_000_000 })
  })

  test('rates of a tier come before what vendors are known for, after what is configured', () => {
    const batch = { service_tier: 'batch' }
    expect(priced('openai', 'gpt-4o', batch).price_id).toBe('openai/gpt-4o+batch')
    expect(priced('openai', 'gpt-4o', { service_tier: 'priority' }).cost_usd).toBe(0.02125)
    expect(priced('openai', 'gpt-4o', batch, { multipliers: { batch: 0.4 } })).toMatchObject({
      price_version: 'genai-prices@0.1.8*0.4',
      cost_usd: 0.005,
    })
  })

  test('or before it', () => {
    const config = { catalogues: ['litellm', 'genai-prices'] }
    expect(priced('openai', 'gpt-4o', {}, config).price_version).toBe(imported.version)
    expect(priced('openai', 'gpt-4o-mini', {}, config).price_version).toBe('genai-prices@0.1.8')
  })
})

describe('what is refused', () => {
  const refused = (name: string, text: string) => {
    const file = join(directory, name)
    writeFileSync(file, text)
    return () => importPriceList(file, directory)
  }

  test('says which file and why, and the list in use stays', () => {
    const before = readFileSync(imported.path, 'utf8')
    expect(refused('a.json', '{')).toThrow(/a\.json is not JSON/)
    expect(refused('b.json', '[]')).toThrow(/expected an object of models/)
    expect(refused('c.json', '{"gpt-4o":{"price":1}}')).toThrow(/no model with input_cost_per_token/)
    expect(() => importPriceList(join(directory, 'none.json'), directory)).toThrow(PriceListError)
    expect(readFileSync(imported.path, 'utf8')).toBe(before)
  })

  test('a broken stored list is told of and left out', () => {
    const other = mkdtempSync(join(tmpdir(), 'inferwatch-prices-'))
    try {
      writeFileSync(importPriceList(fixture, other).path, '{"version":"x"')
      const told: string[] = []
      expect(loadCatalogues(other, (message) => told.push(message))).toHaveLength(1)
      expect(told.join()).toContain('run prices import again')
    } finally {
      rmSync(other, { recursive: true, force: true })
    }
  })
})
