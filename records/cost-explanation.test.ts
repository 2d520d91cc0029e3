import { describe, expect, test } from 'vitest'
import { decimalText, explainCost, type StoredCost } from './cost-explanation.ts'
import { picoOf, storedPico, usdText } from './decimal.ts'
import { costOf, flat, tokenPrice, type Price, type PriceRecord, type Rate, type Usage } from './price.ts'

const gpt4o = tokenPrice({ input: flat(2.5), output: flat(10), cached_input: flat(1.25) })
const record = (price: Price): PriceRecord => ({
  id: 'openai/gpt-4o',
  version: 'list@1',
  source: 'genai-prices',
  provider: 'openai',
  model: 'gpt-4o',
  valid_from: null,
  valid_to: null,
  price,
})

/** A request as it is stored when it is priced so. */
function storedRequest(price: Price, usage: Partial<Usage>, parts: Partial<StoredCost> = {}): StoredCost {
  const none = { input_tokens: null, cached_input_tokens: null, cache_write_tokens: null, output_tokens: null }
  const tokens = { ...none, reasoning_tokens: null, ...usage }
  const cost = costOf(price, tokens)
  const text = (usd: number | null | undefined) => (usd === null || usd === undefined ? null : usdText(storedPico(usd)))
  return {
    ...tokens,
    timestamp_us: 0,
    trace_id: 't',
    span_id: 's',
    provider: 'openai',
    model: 'gpt-4o',
    service_tier: '',
    cost_source: 'catalogue',
    cost_usd: text(cost?.cost_usd),
    input_cost_usd: text(cost?.input_cost_usd),
    output_cost_usd: text(cost?.output_cost_usd),
    cache_savings_usd: text(cost?.cache_savings_usd),
    reported_cost_usd: null,
    price_id: 'openai/gpt-4o',
    price_version: 'list@1',
    ...parts,
  }
}

test('tokens × rates = dollars, line by line', () => {
  const price = {
    ...gpt4o,
    input: { usd: 2.5, tiers: [{ start: 1000, usd: 5 }] },
    reasoning: flat(20),
    request_usd: 0.001,
    multiplier: 0.5,
  }
  const usage = { input_tokens: 1001, cached_input_tokens: 400, output_tokens: 100, reasoning_tokens: 40 }
  const { lines, ...rest } = explainCost(storedRequest(price, usage), record(price))
  const perToken = { per: '1M tokens', multiplier: '0.5', above_input_tokens: null }
  expect(lines).toEqual([
    { ...perToken, part: 'input', tokens: 601, rate_usd: '5', above_input_tokens: 1000, cost_usd: '0.0015025' },
    { ...perToken, part: 'cached_input', tokens: 400, rate_usd: '1.25', cost_usd: '0.00025' },
    { ...perToken, part: 'output', tokens: 60, rate_usd: '10', cost_usd: '0.0003' },
    { ...perToken, part: 'reasoning', tokens: 40, rate_usd: '20', cost_usd: '0.0004' },
    {
      ...perToken,
      part: 'request',
      tokens: null,
      rate_usd: '0.001',
      per: 'request',
      multiplier: '1',
      cost_usd: '0.001',
    },
  ])
  expect(rest).toMatchObject({ sum_usd: '0.0034525', matches: true, reason: '', price: { id: 'openai/gpt-4o' } })
})

test('a cost that is off by the last digit shows', () => {
  const request = storedRequest(gpt4o, { input_tokens: 1000, output_tokens: 1000 })
  expect(explainCost(request, record(gpt4o)).matches).toBe(true)
  expect(explainCost({ ...request, cost_usd: '0.012500000001' }, record(gpt4o)).matches).toBe(false)
  expect(explainCost({ ...request, output_cost_usd: '0.010000000001' }, record(gpt4o)).matches).toBe(false)
})

describe('what is not the sum of its lines says why', () => {
  const usage = { input_tokens: 1000, output_tokens: 1000 }
  const hourly = (capacity: number | null) =>
    tokenPrice({
      input: flat(1),
      output: flat(1),
      provisioned: { hour_usd: 6, units: 1, capacity_tokens_per_minute: capacity },
    })
  const reported = { cost_source: 'reported', cost_usd: '0.5', reported_cost_usd: '0.5' } as const
  const unknown = { cost_source: 'unknown', cost_usd: null } as const
  const unpriced = { ...unknown, input_cost_usd: null, output_cost_usd: null, price_id: '', price_version: '' }

  test.each<[string, StoredCost, Price | null, boolean | null, RegExp]>([
    ['reported', storedRequest(gpt4o, usage, { ...reported, price_id: '' }), null, null, /reported.*no price/],
    ['half of it', storedRequest(gpt4o, { input_tokens: 5 }, reported), gpt4o, true, /only a part of its tokens/],
    ['half, unknown', storedRequest(gpt4o, { input_tokens: 5 }, unknown), gpt4o, true, /only a part of the tokens/],
    ['no price', storedRequest(gpt4o, usage, unpriced), null, null, /No price is known for gpt-4o$/],
    ['no tier', storedRequest(gpt4o, usage, { ...unpriced, service_tier: 'turbo' }), null, null, /service tier turbo/],
    ['no usage', storedRequest(gpt4o, {}, unpriced), null, null, /no tokens/],
    ['not kept', storedRequest(gpt4o, usage), null, null, /not kept.*reprice/],
    ['by the hour', storedRequest(hourly(100), usage, { cost_source: 'provisioned' }), hourly(100), true, /the share/],
    [
      'of unknown capacity',
      storedRequest(hourly(null), usage, { cost_source: 'provisioned' }),
      hourly(null),
      null,
      /capacity_tokens_per_minute/,
    ],
    ['gpu', storedRequest(gpt4o, usage, { cost_source: 'gpu', price_id: '' }), null, null, /GPUs/],
  ])('%s', (_what, request, price, matches, reason) => {
    const explained = explainCost(request, price && record(price))
    expect(explained).toMatchObject({ matches, reason: expect.stringMatching(reason) })
  })
})

test('any usage at any rates: the lines add up to what is stored, to the last digit', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const oneOf = <T>(values: readonly T[]): T => values[random(values.length)] as T
  const usd = () =>
    oneOf([0, 0.075, 0.1, 0.3, 0.57, 1.1, 2.5, 3.75, 15, 75, 1.0000005, 0.0000003, 0.1 + 0.2, random(1e6) / 7e5])
  const rate = (): Rate => ({
    usd: usd(),
    tiers:
      random(3) === 0
        ? [
            { start: 128_000, usd: usd() },
            { start: 200_000, usd: usd() },
          ]
        : [],
  })
  const maybe = <T>(value: () => T): T | null => (random(3) === 0 ? null : value())
  const tokens = () => oneOf([0, 1, 7, 999, random(10_000), random(300_000), random(3_000_000)])

  for (let round = 0; round < 5_000; round++) {
    const price: Price = {
      input: rate(),
      output: rate(),
      cached_input: maybe(rate),
      cache_write: maybe(rate),
      reasoning: maybe(rate),
      request_usd: oneOf([0, 0, 0.005, 0.0123456]),
      multiplier: oneOf([1, 1, 0.5, 0.25, 1.7, 2, 1 / 3]),
      provisioned: null,
    }
    const usage = {
      input_tokens: tokens(),
      cached_input_tokens: maybe(tokens),
      cache_write_tokens: maybe(tokens),
      output_tokens: tokens(),
      reasoning_tokens: maybe(tokens),
    }
    const request = storedRequest(price, usage)
    const { sum_usd, matches, lines } = explainCost(request, record(JSON.parse(JSON.stringify(price)) as Price))
    expect({ round, sum_usd, matches }).toEqual({ round, sum_usd: request.cost_usd, matches: true })
    const sumOf = (kind: RegExp) =>
      usdText(lines.filter(({ part }) => kind.test(part)).reduce((sum, line) => sum + picoOf(line.cost_usd), 0n))
    expect(sumOf(/input|cache|request/)).toBe(request.input_cost_usd)
    expect(sumOf(/output|reasoning/)).toBe(request.output_cost_usd)
  }
})

test.each([
  [0.075, '0.075'],
  [3e-7, '0.0000003'],
  [1e-12, '0.000000000001'],
  [0, '0'],
  [60, '60'],
  [1200, '1200'],
  [0.30000000000000004, '0.30000000000000004'],
])('%d is written %s', (value, text) => {
  expect(decimalText(value)).toBe(text)
})
