/** A histogram with fixed upper bounds, each of which belongs to its bucket; a last bucket without bound follows. */
export class Histogram {
  readonly bounds: readonly number[]
  /** Not cumulative, one more than bounds. */
  readonly counts: number[]
  sum = 0
  count = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  add(value: number): void {
    const { bounds, counts } = this
    let at = 0
    while (at < bounds.length && value > (bounds[at] as number)) at++
    counts[at] = (counts[at] as number) + 1
    this.sum += value
    this.count += 1
  }
}
