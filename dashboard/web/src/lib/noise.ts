/** Whether two samples differ by more than chance would make them, at 95 %. */

export type Difference = 'more' | 'less' | 'noise' | 'too few'

interface Counts {
  requests: number
  errors: number
}

/** As many of each kind the normal approximation needs. */
const leastExpected = 5
const z = 1.96

/** Two proportions, pooled: is the error ratio of `a` more than that of `b`? */
export function errorDifference(a: Counts, b: Counts): Difference {
  const [requests, errors] = [a.requests + b.requests, a.errors + b.errors]
  if (requests === 0) return 'too few'
  const pooled = errors / requests
  const smaller = Math.min(a.requests, b.requests)
  if (smaller * Math.min(pooled, 1 - pooled) < leastExpected) return 'too few'
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / a.requests + 1 / b.requests))
  const score = (a.errors / a.requests - b.errors / b.requests) / deviation
  if (Math.abs(score) < z) return 'noise'
  return score > 0 ? 'more' : 'less'
}

export type Interval = readonly [low: number, high: number] | null

/** Two percentiles, by their 95 % intervals: they differ when these do not touch, which is stricter than a test at 95 %. */
export function percentileDifference(a: Interval, b: Interval): Difference {
  if (a === null || b === null) return 'too few'
  if (a[0] > b[1]) return 'more'
  return a[1] < b[0] ? 'less' : 'noise'
}
