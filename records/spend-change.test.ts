import { describe, expect, test } from 'vitest'
import { noSpending, spendChanges, sumOfChanges, type Spending } from './spend-change.ts'

/** Requests of so many tokens in and out each, at dollars a token. */
function spending(requests: number, input: number, output: number, inPrice: number, outPrice: number): Spending {
  const [input_tokens, output_tokens] = [requests * input, requests * output]
  const [input_cost_usd, output_cost_usd] = [input_tokens * inPrice, output_tokens * outPrice]
  return {
    requests,
    input_tokens,
    output_tokens,
    input_cost_usd,
    output_cost_usd,
    cost_usd: input_cost_usd + output_cost_usd,
  }
}

const parts = (before: Spending, now: Spending) => spendChanges([{ before, now }])[0]
const close = (value: number) => expect.closeTo(value, 9) as number

describe('one group', () => {
  const before = spending(100, 1000, 100, 0.01, 0.03)
  test('twice the requests is volume', () => {
    expect(parts(before, spending(200, 1000, 100, 0.01, 0.03))).toEqual({
      change_usd: close(1300),
      volume_usd: close(1300),
      mix_usd: close(0),
      length_usd: close(0),
      price_usd: close(0),
    })
  })
  test('longer answers are length', () => {
    expect(parts(before, spending(100, 1000, 200, 0.01, 0.03))).toMatchObject({
      change_usd: close(300),
      length_usd: close(300),
      price_usd: close(0),
    })
  })
  test('a dearer token is price', () => {
    expect(parts(before, spending(100, 1000, 100, 0.02, 0.03))).toMatchObject({
      change_usd: close(1000),
      length_usd: close(0),
      price_usd: close(1000),
    })
  })
  test('a cost that the tokens do not explain is price', () => {
    const now = { ...before, cost_usd: before.cost_usd + 50 }
    expect(parts(before, now)).toMatchObject({ change_usd: close(50), length_usd: close(0), price_usd: close(50) })
  })
})

test('a dear model with a larger share of as many requests is mix', () => {
  const cheap = (requests: number) => spending(requests, 100, 0, 0.01, 0)
  const dear = (requests: number) => spending(requests, 100, 0, 0.1, 0)
  const sum = sumOfChanges(
    spendChanges([
      { before: cheap(90), now: cheap(50) },
      { before: dear(10), now: dear(50) },
    ]),
  )
  expect(sum).toEqual({
    change_usd: close(360),
    volume_usd: close(0),
    mix_usd: close(360),
    length_usd: close(0),
    price_usd: close(0),
  })
})

test('a group that is new, one that is gone, and nothing before at all', () => {
  const some = spending(10, 100, 10, 0.01, 0.02)
  expect(parts(noSpending, some)).toMatchObject({ change_usd: close(12), volume_usd: 0, mix_usd: close(12) })
  expect(parts(some, noSpending)).toMatchObject({ change_usd: close(-12), volume_usd: close(-12), price_usd: 0 })
  expect(parts(noSpending, noSpending)).toMatchObject({ change_usd: 0, mix_usd: 0 })
})

test('the parts add up to the change, whatever the figures', () => {
  let seed = 11
  const draw = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const any = () =>
    draw(5) === 0 ? noSpending : spending(1 + draw(90), draw(3000), draw(500), draw(9) / 1e5, draw(9) / 1e5)
  for (let round = 0; round < 500; round += 1) {
    const groups = Array.from({ length: 1 + draw(8) }, () => ({ before: any(), now: any() }))
    for (const change of [...spendChanges(groups), sumOfChanges(spendChanges(groups))])
      expect(change.volume_usd + change.mix_usd + change.length_usd + change.price_usd).toBeCloseTo(
        change.change_usd,
        8,
      )
  }
})
