/** Random numbers that come out the same for the same seed (mulberry32): the demo's past is the same each time. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Whole, in [0, below). */
  below(limit: number): number
  /** Log-normal: half of the values lie under the median. */
  lognormal(median: number, sigma: number): number
  /** Number of events in an interval in which `mean` are expected. */
  poisson(mean: number): number
  pick<Item>(items: readonly [Item, ...Item[]], weight: (item: Item) => number): Item
  hex(digits: number): string
}

const byteHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    lognormal: (median, sigma) => median * Math.exp(sigma * normal()),
    poisson(mean) {
      // Beyond a few dozen the normal distribution is as good, and needs no loop.
      if (mean > 60) return Math.max(Math.round(mean + Math.sqrt(mean) * normal()), 0)
      const limit = Math.exp(-mean)
      let events = 0
      for (let product = next(); product > limit; product *= next()) events++
      return events
    },
    pick(items, weight) {
      let rest = next() * items.reduce((sum, item) => sum + weight(item), 0)
      for (const item of items) {
        rest -= weight(item)
        if (rest < 0) return item
      }
      return items[0]
    },
    hex(digits) {
      let text = ''
      while (text.length < digits) {
        const bits = Math.floor(next() * 4_294_967_296)
        text += `${byteHex[bits >>> 24]}${byteHex[(bits >>> 16) & 255]}${byteHex[(bits >>> 8) & 255]}${byteHex[bits & 255]}`
      }
      return text.slice(0, digits)
    },
  }
}
