/** What one provider found, sorted into targets and what the rules dropped. */
import type { CommonProvider } from './config.ts'
import { targetOf, withDefaults, type SourcedTarget } from './found-target.ts'
import { createRelabel, type LabelSet } from './relabel.ts'

export interface DroppedTarget {
  /** As the rules saw them. */
  labels: LabelSet
  reason: string
}

export type Sifted = { target: SourcedTarget } | DroppedTarget

/** Set by a provider on what it found but would not scrape: why. Rules may take it away. */
export const skipLabel = '__skip__'

/** Set on what uses GPUs: it is what people miss first when it is not scraped. */
export const gpuLabel = '__meta_kubernetes_pod_gpus'

/** The answer for each label set; for the same object it is not worked out again. */
export function createSift(config: CommonProvider, source: string): (found: LabelSet) => Sifted {
  const relabel = createRelabel(config.relabel_configs)
  const known = new WeakMap<LabelSet, Sifted>()
  const sift = (found: LabelSet): Sifted => {
    const before = withDefaults(found, config)
    const after = relabel(before)
    if ('dropped' in after) return { labels: before, reason: after.dropped }
    const skipped = after.labels[skipLabel]
    if (skipped !== undefined) return { labels: before, reason: skipped }
    const made = targetOf(after.labels, config, source)
    return 'dropped' in made ? { labels: before, reason: made.dropped } : made
  }
  return (found) => {
    let answer = known.get(found)
    if (!answer) known.set(found, (answer = sift(found)))
    return answer
  }
}
