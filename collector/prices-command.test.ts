import { rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'
import { testStorage } from '../storage/testing.ts'
import { store } from '../test/dashboard/store.ts'
import { pricesConfig } from './config.ts'
import { pricesImport, pricesList, repriceCommand } from './prices-command.ts'

let storage: Awaited<ReturnType<typeof testStorage>>
const directory = mkdtempSync(join(tmpdir(), 'inferwatch-prices-'))
beforeAll(async () => (storage = await testStorage()))
afterAll(async () => {
  await storage.stop()
  rmSync(directory, { recursive: true, force: true })
})

const now = Date.UTC(2026, 10, 21, 12)
const context = {
  data_dir: directory,
  prices: pricesConfig.parse({
    overrides: [
      { name: 'ptu', endpoint: 'chat', hour_usd: 6, units: 2 },
      { name: 'own', provider: 'vllm', input_usd: 0.1, output_usd: 0.2 },
    ],
  }),
}
const request = (id: number, parts: Partial<LlmRequest>): LlmRequest => ({
  ...emptyRequest(),
  timestamp: (now - 60_000) * 1000 + id,
  trace_id: String(id),
  span_id: 's',
  model: 'gpt-4o',
  provider: 'openai',
  requested_model: 'gpt-4o',
  input_tokens: 1000,
  output_tokens: 1000,
  ...parts,
})

test('the list says what each model in use costs, and what has no price', async () => {
  const summary = pricesImport(new URL('fixtures/litellm-prices.json', import.meta.url).pathname, directory)
  expect(summary).toMatch(/^litellm@[0-9a-f]{8}: 8 models, in .*litellm\.json\nleft out: 1 no token price, 1 free/)
  await store(storage.db, 'requests', [
    request(1, {}),
    request(2, {}),
    request(3, { service_tier: 'batch' }),
    request(4, { service_tier: 'turbo' }),
    request(5, { provider: 'vllm', model: 'llama', requested_model: 'llama' }),
    request(6, { provider: 'azure.ai.openai', endpoint: 'chat' }),
    request(7, { provider: 'anthropic', model: 'house-flex', requested_model: 'house-flex' }),
    request(8, { provider: 'x', model: 'y', requested_model: 'y', timestamp: (now - 31 * 86_400_000) * 1000 }),
  ])
  const lines = (await pricesList(context, storage.db, now)).map((line) => line.split(/ {2,}/).join('|'))
  const litellm = summary.split(':')[0]
  expect(lines[0]).toBe('provider|model|tier|requests|input|output|price|version')
  const shown = lines.slice(1).map((line) => line.replace(/config@[0-9a-f]{8}$/, 'config'))
  expect(shown.toSorted()).toEqual([
    `anthropic|house-flex|1|3|15|anthropic/house-flex|${litellm}`,
    'azure.ai.openai|gpt-4o|1|12/h|12/h|override/ptu|config',
    'openai|gpt-4o|2|2.5|10|openai/gpt-4o|genai-prices@0.1.8',
    `openai|gpt-4o|batch|1|1.25|5|openai/gpt-4o+batch|${litellm}`,
    'openai|gpt-4o|turbo|1|unknown|unknown|unknown tier',
    'vllm|llama|1|0.1|0.2|override/own|config',
  ])
})

test('reprice takes times and ages, and refuses others before it touches anything', async () => {
  expect(await repriceCommand({ since: '2026-11-21', until: '2026-11-22', dryRun: true }, context, storage.db)).toBe(
    'would change 7 of 7 requests: $0 → $0.04955\nwithout a known cost: 7 → 2',
  )
  expect(await repriceCommand({ since: '2026-11-21', until: '2026-11-22', model: 'llama' }, context, storage.db)).toBe(
    '1 of 1 request: $0 → $0.0003\nwithout a known cost: 1 → 0',
  )
  for (const [flags, message] of [
    [{ since: 'soon' }, '--since: "soon" is no time'],
    [{ since: '30d', until: 'never' }, '--until: "never" is no time'],
    [{ since: '2026-11-02', until: '2026-11-01' }, '--since must be before --until'],
  ] as const)
    await expect(repriceCommand(flags, context, storage.db)).rejects.toThrow(message)
})
