/** Times of the same work, done again and again. */
export interface Percentiles {
  /** In ms. */
  p50: number
  p95: number
}

export interface Rounds {
  most: number
  /** Work that takes long is done five times, and more only until this is used up. */
  budgetMs: number
}

const fewest = 5

/** A first round warms up and does not count. */
export async function percentiles(work: () => Promise<unknown>, { most, budgetMs }: Rounds): Promise<Percentiles> {
  await work()
  const times: number[] = []
  const begun = performance.now()
  while (times.length < most && (times.length < fewest || performance.now() - begun < budgetMs)) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  return percentilesOf(times)
}

export function percentilesOf(times: readonly number[]): Percentiles {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (level: number) => sorted[Math.min(Math.ceil(sorted.length * level), sorted.length) - 1] ?? NaN
  return { p50: at(0.5), p95: at(0.95) }
}
