import { describe, expect, test } from 'vitest'
import { costOf, flat, tokenPrice, type Price, type Usage } from './price.ts'

const none: Usage = {
  input_tokens: null,
  cached_input_tokens: null,
  cache_write_tokens: null,
  output_tokens: null,
  reasoning_tokens: null,
}
const gpt4o = tokenPrice({ input: flat(2.5), output: flat(10), cached_input: flat(1.25) })
const sonnet: Price = { ...gpt4o, input: flat(3), output: flat(15), cached_input: flat(0.3), cache_write: flat(3.75) }

describe('costOf', () => {
  test('is exact: 1000 tokens at $2.50 per 1M are $0.0025', () => {
    expect(costOf(gpt4o, { ...none, input_tokens: 1000, output_tokens: 1000 })).toEqual({
      cost_usd: 0.0125,
      input_cost_usd: 0.0025,
      output_cost_usd: 0.01,
      cache_savings_usd: null,
    })
  })

  test.each([
    // rate per 1M, tokens, dollars
    [0.1, 3, 0.0000003],
    [0.075, 1, 0.000000075],
    [0.57, 1_000_000, 0.57],
    [2.5, 1, 0.0000025],
    [15, 999_999_999, 14_999.999985],
  ])('$%d per 1M × %d = $%d', (usd, tokens, cost) => {
    const found = costOf({ ...gpt4o, input: flat(usd) }, { ...none, input_tokens: tokens, output_tokens: 0 })
    expect(found?.cost_usd).toBe(cost)
  })

  test('sums of a thousand calls keep every digit', () => {
    let sum = 0
    for (let i = 0; i < 1000; i++) {
      sum += Math.round((costOf(gpt4o, { ...none, input_tokens: 23, output_tokens: 7 })?.cost_usd ?? 0) * 1e12)
    }
    expect(sum / 1e12).toBe(0.1275)
  })

  test('cached tokens are part of the input, at their own rate', () => {
    const usage = { ...none, input_tokens: 1000, cached_input_tokens: 400, output_tokens: 100 }
    expect(costOf(gpt4o, usage)).toEqual({
      cost_usd: 0.003,
      input_cost_usd: 0.002,
      output_cost_usd: 0.001,
      cache_savings_usd: 0.0005,
    })
  })

  test('written tokens cost more, and take from the savings', () => {
    const usage = {
      ...none,
      input_tokens: 1000,
      cached_input_tokens: 400,
      cache_write_tokens: 200,
      output_tokens: 100,
    }
    expect(costOf(sonnet, usage)).toEqual({
      cost_usd: 0.00357,
      input_cost_usd: 0.00207,
      output_cost_usd: 0.0015,
      cache_savings_usd: 0.00093,
    })
    const written = costOf(sonnet, { ...usage, cached_input_tokens: 0, cache_write_tokens: 1000 })
    expect(written?.cache_savings_usd).toBe(-0.00075)
  })

  test('without a rate of their own cached tokens cost what input costs', () => {
    const found = costOf({ ...gpt4o, cached_input: null }, { ...none, input_tokens: 1000, cached_input_tokens: 400 })
    expect(found).toMatchObject({ cost_usd: 0.0025, cache_savings_usd: 0 })
  })

  test('input that leaves its cached part out is put right', () => {
    const usage = { ...none, input_tokens: 13, cached_input_tokens: 600, output_tokens: 0 }
    expect(costOf(sonnet, usage)?.cost_usd).toBe((13 * 3 + 600 * 0.3) / 1e6)
  })

  test('the tier is that of the whole request', () => {
    const pro: Price = { ...gpt4o, input: { usd: 1.25, tiers: [{ start: 200_000, usd: 2.5 }] } }
    expect(costOf(pro, { ...none, input_tokens: 200_000 })?.cost_usd).toBe(0.25)
    expect(costOf(pro, { ...none, input_tokens: 300_000 })?.cost_usd).toBe(0.75)
  })

  test('reasoning tokens are part of the output, a fee is the request’s', () => {
    const price: Price = { ...gpt4o, reasoning: flat(3), request_usd: 0.005 }
    const found = costOf(price, { ...none, input_tokens: 0, output_tokens: 100, reasoning_tokens: 40 })
    expect(found).toMatchObject({ output_cost_usd: 0.00072, input_cost_usd: 0.005, cost_usd: 0.00572 })
    const usage = { ...none, input_tokens: 0, output_tokens: 100, reasoning_tokens: 40 }
    expect(costOf(gpt4o, usage)?.output_cost_usd).toBe(0.001)
  })

  test('no usage is unknown, not free; half of it leaves the other half unknown', () => {
    expect(costOf(gpt4o, none)).toBeNull()
    expect(costOf(gpt4o, { ...none, input_tokens: -5, output_tokens: Number.NaN })).toBeNull()
    expect(costOf(gpt4o, { ...none, input_tokens: 5 })).toMatchObject({ cost_usd: 0.0000125, output_cost_usd: null })
    expect(costOf(gpt4o, { ...none, output_tokens: 5 })).toMatchObject({ cost_usd: 0.00005, input_cost_usd: null })
  })
})

describe('multipliers and odd rates', () => {
  const usage = { ...none, input_tokens: 1000, cached_input_tokens: 400, output_tokens: 100 }

  test('a multiplier is on the tokens, not on the fee', () => {
    const found = costOf({ ...gpt4o, multiplier: 0.5, request_usd: 0.01 }, usage)
    expect(found).toEqual({
      cost_usd: 0.0115,
      input_cost_usd: 0.011,
      output_cost_usd: 0.0005,
      cache_savings_usd: 0.00025,
    })
  })

  test.each([
    // rate per 1M, multiplier, tokens, pico-dollars
    [0.0000005, 1, 1, 1],
    [0.0000004, 1, 1, 0],
    [0.0000015, 1, 3, 5],
    [0.000001, 0.5, 1, 1],
    [1.0000005, 1, 1, 1_000_001],
    [0.57, 0.1, 7, 399_000],
    [1e-9, 1, 1_000_000_000, 1_000_000],
  ])('$%d per 1M × %d × %d tokens: half a pico-dollar rounds up', (usd, multiplier, tokens, pico) => {
    const price = tokenPrice({ input: flat(usd), output: flat(0), multiplier })
    expect(costOf(price, { ...none, input_tokens: tokens, output_tokens: 0 })?.cost_usd).toBe(pico / 1e12)
  })

  test('throughput of unknown capacity says nothing about tokens', () => {
    const provisioned = { hour_usd: 10, units: 2, capacity_tokens_per_minute: null }
    expect(costOf({ ...gpt4o, provisioned }, usage)).toBeNull()
  })
})
