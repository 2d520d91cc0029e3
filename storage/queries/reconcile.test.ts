import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../../records/llm-request.ts'
import { emptyUsage, type ProviderUsage } from '../../records/provider-usage.ts'
import { store } from '../../test/dashboard/store.ts'
import { testStorage } from '../testing.ts'
import { reconcile } from './reconcile.ts'

const day = 86_400_000
const first = Date.UTC(2026, 10, 2)
const range = { from: first, to: first + 3 * day }

let storage: Awaited<ReturnType<typeof testStorage>>
beforeAll(async () => (storage = await testStorage()))
afterAll(() => storage.stop())

const request = (at: number, model: string, more: Partial<LlmRequest> = {}): LlmRequest => ({
  ...emptyRequest(),
  timestamp: at * 1000,
  trace_id: `${at}${model}`,
  span_id: `${at}`,
  provider: 'openai',
  model,
  input_tokens: 100,
  output_tokens: 10,
  cost_usd: 0.5,
  ...more,
})

const usage = (from: number, to: number, version: number, more: Partial<ProviderUsage>) => ({
  ...emptyUsage(),
  bucket_start: from * 1000,
  bucket_end: to * 1000,
  provider: 'openai',
  kind: 'completions',
  grouped_by: 'model',
  source_file: 'usage.json',
  version,
  ...more,
})

test('theirs, ours and the gap, of the days that were imported', async () => {
  await store(storage.db, 'requests', [
    request(first + 1, 'gpt-4o'),
    request(first + 2, 'gpt-4o', { cached_input_tokens: 40 }),
    request(first + 3, 'gpt-4o', { status: 'rate_limited' }),
    request(first + 4, 'gpt-4o', { cache_hit: true }),
    request(first + 5, 'o3'),
    request(first + 6, 'claude-sonnet-4', { provider: 'anthropic' }),
    request(first + 2 * day, 'gpt-4o'),
  ])
  const counts = { input_tokens: 300, output_tokens: 30, num_model_requests: 3, input_cached_tokens: 40 }
  await storage.db.insert('provider_usage', [
    // Split in another way and imported before: the same calls.
    usage(first, first + day, 1, { grouped_by: 'project_id', project_id: 'p', ...counts }),
    usage(first, first + day, 2, { model: 'gpt-4o', ...counts }),
    // Hours of the same day, imported before.
    usage(first, first + 3_600_000, 1, { model: 'gpt-4o', input_tokens: 7 }),
    usage(first, first + day, 2, { kind: 'costs', line_item: 'gpt-4o, input', model: 'gpt-4o', amount_usd: 1.25 }),
    usage(first + day, first + 2 * day, 2, { model: 'gpt-4o', input_tokens: 5, num_model_requests: 1 }),
  ])
  expect(await reconcile(storage.reader, 'openai', range)).toEqual([
    {
      day: '2026-11-02',
      model: 'gpt-4o',
      theirs: { requests: 3, input_tokens: 300, cached_input_tokens: 40, output_tokens: 30, cost_usd: 1.25 },
      ours: { requests: 2, input_tokens: 200, cached_input_tokens: 40, output_tokens: 20, cost_usd: 1 },
      gap: { requests: 1, input_tokens: 100, cached_input_tokens: 0, output_tokens: 10, cost_usd: 0.25 },
    },
    {
      day: '2026-11-02',
      model: 'o3',
      theirs: { requests: 0, input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, cost_usd: 0 },
      ours: { requests: 1, input_tokens: 100, cached_input_tokens: null, output_tokens: 10, cost_usd: 0.5 },
      gap: { requests: -1, input_tokens: -100, cached_input_tokens: null, output_tokens: -10, cost_usd: -0.5 },
    },
    {
      day: '2026-11-03',
      model: 'gpt-4o',
      theirs: { requests: 1, input_tokens: 5, cached_input_tokens: 0, output_tokens: 0, cost_usd: null },
      ours: { requests: 0, input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, cost_usd: 0 },
      gap: { requests: 1, input_tokens: 5, cached_input_tokens: 0, output_tokens: 0, cost_usd: null },
    },
  ])
})
