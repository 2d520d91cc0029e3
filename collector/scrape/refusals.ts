/** What of a page was not taken, and why, in words that say what to do. */
import type { Family, Page } from './families.ts'
import type { MetricSelection, SelectedMetrics } from './metric-selection.ts'

export interface Refusal {
  /** Stable word for counting. */
  reason: string
  /** Samples or lines. */
  items: number
  /** Asked for once a minute: looking for the cause takes longer than reading the page. */
  example: () => string
}

export interface Limits {
  maxSeries: number
  /** Of `metric_samples`. */
  maxStored: number
}

/** Empty when everything was taken. */
export function refusalsOf(
  page: Page,
  selected: SelectedMetrics,
  selection: Pick<MetricSelection, 'isStored'>,
  { maxSeries, maxStored }: Limits,
): Refusal[] {
  const { excess, ambiguous, duplicates } = selected
  if (page.unreadable + page.refused + page.duplicates + excess + ambiguous + duplicates === 0) return []
  const [first] = page.errors
  const { largest, ambiguousName } = selected
  const refusals: Refusal[] = [
    { reason: 'unreadable_line', items: page.unreadable, example: () => `line ${first?.line}: ${first?.message}` },
    {
      reason: 'max_series',
      items: page.refused,
      example: () =>
        `more than ${number(maxSeries)} series on the page, or very long ones: ${cause(largestOf(page), () => true)}; ` +
        'leave it out at the server, or raise scrape.max_series',
    },
    {
      reason: 'metrics_max_series',
      items: excess,
      example: () =>
        `more than ${number(maxStored)} series to store: ${cause(largest, (label) => selection.isStored(label))}; ` +
        'drop it with scrape.metrics.labels.drop, or raise scrape.metrics.max_series',
    },
    {
      reason: 'ambiguous_labels',
      items: ambiguous,
      example: () =>
        `series of ${ambiguousName} differ only in labels that are dropped, and cannot be added up: keep one of these labels, ` +
        'or drop the name, in scrape.metrics',
    },
    {
      reason: 'duplicate_series',
      items: page.duplicates + duplicates,
      example: () => 'series that stand on the page more than once: the first of each counts',
    },
  ]
  return refusals.filter(({ items }) => items > 0)
}

/** The label with the most values is what most likely makes a family too large. */
function cause(family: Family | null, isStored: (label: string) => boolean): string {
  if (!family) return 'no family stands out'
  const values = new Map<string, Set<string>>()
  for (const { series } of family.samples)
    for (const [label, value] of series.labels) {
      const seen = values.get(label)
      if (seen) seen.add(value)
      else if (isStored(label)) values.set(label, new Set([value]))
    }
  const [widest] = [...values].sort(([, a], [, b]) => b.size - a.size)
  if (!widest) return `${family.name} has ${number(family.samples.length)}`
  return `label ${widest[0]} of ${family.name} has ${number(widest[1].size)} values`
}

function largestOf({ families }: Page): Family | null {
  let largest: Family | null = null
  for (const family of families.values())
    if (!largest || family.samples.length > largest.samples.length) largest = family
  return largest
}

const number = (value: number) => value.toLocaleString('en')
