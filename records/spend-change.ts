/**
 * Why did the spend change? Price, volume and mix, as controllers take a change apart: how much of it is more requests, how much
 * other groups' share of them, how much longer prompts and answers, how much the price of a token. The parts add up to the change.
 */

/** What the priced requests of one group were and cost in one period. */
export interface Spending {
  /** With a known cost; others have no part in it. */
  requests: number
  input_tokens: number
  output_tokens: number
  cost_usd: number
  /** Of `cost_usd`; what neither covers is charged per request. */
  input_cost_usd: number
  output_cost_usd: number
}

/** In US dollars each. */
export interface SpendEffects {
  /** More or fewer requests, at what they cost on average before. */
  volume_usd: number
  /** A larger or smaller share of requests for this group, at what its requests cost before. */
  mix_usd: number
  /** More or fewer tokens a request, at the price of a token before. */
  length_usd: number
  /** What a token costs; caching and discounts are in it. */
  price_usd: number
}

export interface SpendChange extends SpendEffects {
  /** The sum of the four. */
  change_usd: number
}

export const noSpending: Spending = {
  requests: 0,
  input_tokens: 0,
  output_tokens: 0,
  cost_usd: 0,
  input_cost_usd: 0,
  output_cost_usd: 0,
}

/** One change per group, in the order given. A group that was not there before, or is gone, is all mix and volume. */
export function spendChanges(groups: readonly { before: Spending; now: Spending }[]): SpendChange[] {
  const [requestsBefore, requestsNow] = [total(groups, 'before'), total(groups, 'now')]
  return groups.map(({ before, now }) => {
    const known = before.requests > 0 ? before : now
    const each = known.requests > 0 ? known.cost_usd / known.requests : 0
    const share = requestsBefore > 0 ? before.requests / requestsBefore : 0
    // Without requests before there is no average to go on from: all of it is new.
    const volume_usd = requestsBefore > 0 ? (requestsNow - requestsBefore) * share * each : 0
    const mix_usd = (now.requests - before.requests) * each - volume_usd
    const { length_usd, price_usd } = rates(before, now)
    return { volume_usd, mix_usd, length_usd, price_usd, change_usd: now.cost_usd - before.cost_usd }
  })
}

/** The parts of all groups together. */
export function sumOfChanges(changes: readonly SpendChange[]): SpendChange {
  const sum = { change_usd: 0, volume_usd: 0, mix_usd: 0, length_usd: 0, price_usd: 0 }
  for (const change of changes) for (const part of Object.keys(sum) as (keyof SpendChange)[]) sum[part] += change[part]
  return sum
}

/** What a request of the group costs more or less than before, times how many there are. */
function rates(before: Spending, now: Spending): Pick<SpendEffects, 'length_usd' | 'price_usd'> {
  if (before.requests === 0 || now.requests === 0) return { length_usd: 0, price_usd: 0 }
  const directions = [
    ['input_tokens', 'input_cost_usd'],
    ['output_tokens', 'output_cost_usd'],
  ] as const
  const length_usd = directions.reduce((sum, [tokens, cost]) => {
    // A price that only one side knows is taken for both: then it is the tokens that changed.
    const price = before[tokens] > 0 ? before[cost] / before[tokens] : now[tokens] > 0 ? now[cost] / now[tokens] : 0
    return sum + (now[tokens] / now.requests - before[tokens] / before.requests) * price
  }, 0)
  const each = now.cost_usd / now.requests - before.cost_usd / before.requests
  return { length_usd: length_usd * now.requests, price_usd: (each - length_usd) * now.requests }
}

function total(groups: readonly { before: Spending; now: Spending }[], side: 'before' | 'now'): number {
  return groups.reduce((sum, group) => sum + group[side].requests, 0)
}
