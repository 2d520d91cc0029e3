/** Writes metrics as an exporter does: Prometheus text format 0.0.4. */
export type Labels = Readonly<Record<string, string>>

export class Page {
  private readonly lines: string[] = []
  private readonly labels: Labels

  /** `labels` stand on every sample, before its own. */
  constructor(labels: Labels) {
    this.labels = labels
  }

  metric(type: 'gauge' | 'counter', name: string, help: string, samples: readonly (readonly [Labels, number])[]): this {
    this.head(type, name, help)
    for (const [labels, value] of samples) this.sample(name, labels, value)
    return this
  }

  histogram(name: string, help: string, { bounds, counts, sum }: Histogram): this {
    this.head('histogram', name, help)
    let total = 0
    for (const [at, count] of counts.entries()) {
      total += count
      this.sample(`${name}_bucket`, { le: bounds[at] === undefined ? '+Inf' : pythonFloat(bounds[at]) }, total)
    }
    this.sample(`${name}_count`, {}, total)
    this.sample(`${name}_sum`, {}, sum)
    return this
  }

  text(): string {
    return `${this.lines.join('\n')}\n`
  }

  private head(type: string, name: string, help: string): void {
    this.lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
  }

  private sample(name: string, labels: Labels, value: number): void {
    const all = Object.entries({ ...this.labels, ...labels }).map(([key, text]) => `${key}="${text}"`)
    this.lines.push(`${name}${all.length > 0 ? `{${all.join(',')}}` : ''} ${pythonFloat(value)}`)
  }
}

export class Histogram {
  readonly bounds: readonly number[]
  /** Not cumulative; the last is everything above the last bound. */
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number, times = 1): void {
    const at = this.bounds.findIndex((bound) => value <= bound)
    const bucket = at < 0 ? this.bounds.length : at
    this.counts[bucket] = (this.counts[bucket] ?? 0) + times
    this.sum += value * times
  }
}

/** Python's client writes 1.0, not 1. */
const pythonFloat = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value))
