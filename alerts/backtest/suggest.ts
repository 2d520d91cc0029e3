/** Looks for the threshold that pages as often as somebody wishes, over answers that were already asked for. Pure. */
import { infiniteText } from '../../records/infinite.ts'
import { isBeyond } from '../ask.ts'
import type { Labels } from '../labels.ts'
import type { Rule, Threshold } from '../rule.ts'
import { nextState, type InstanceState, type Timing } from '../state.ts'
import type { PagedFiring } from './pages.ts'
import type { Moments } from './answers.ts'
import { rounded, thresholdText } from './threshold-text.ts'

/** Every value of one instance, whether it is beyond the threshold or not; `place` counts the moments of evaluation. */
export interface ValueSeries {
  fingerprint: string
  labels: Labels
  places: number[]
  values: number[]
}

export interface Suggestion {
  threshold: Threshold
  /** As a rule file says it: `5200ms`, `4.5%`. */
  text: string
  pages: number
}

/** Moments at which an evaluation failed change nothing. */
export interface ValueHistory {
  series: readonly ValueSeries[]
  failed: ReadonlySet<number>
  moments: Moments
}

/**
 * The most sensitive threshold of two significant digits that would have paged at most `pages` times, by what `count` makes of its
 * firings; null when the rule has none, or nothing was ever measured.
 */
export function suggestThreshold(
  rule: Rule,
  history: ValueHistory,
  count: (firings: PagedFiring[]) => number,
  pages: number,
): Suggestion | null {
  if (rule.threshold === null) return null
  const { side } = rule.threshold
  const candidates = candidatesOf(history.series, rule, side)
  const pagesAt = (value: number) => count(firingsAt(rule, history, { side, value }))
  let [quiet, least] = [candidates.length - 1, -1]
  if (quiet < 0 || pagesAt(candidates[quiet] ?? 0) > pages) return null
  // The least sensitive pages least: halve what lies between it and the most sensitive.
  while (quiet - least > 1) {
    const middle = Math.floor((quiet + least) / 2)
    if (pagesAt(candidates[middle] ?? 0) <= pages) quiet = middle
    else least = middle
  }
  const value = candidates[quiet] ?? 0
  return { threshold: { side, value }, text: thresholdText(value, rule.unit) ?? String(value), pages: pagesAt(value) }
}

/** Round numbers among and just beyond the values, the most sensitive first. */
function candidatesOf(series: readonly ValueSeries[], { unit }: Rule, side: Threshold['side']): number[] {
  const found = new Set<number>()
  for (const { values } of series)
    for (const value of values) if (infiniteText(value) === null) found.add(rounded(value, side))
  const sorted = [...found].filter((value) => thresholdText(value, unit) !== null).sort((a, b) => a - b)
  return side === 'above' ? sorted : sorted.reverse()
}

/** When each instance would have fired with another threshold: `nextState`, as the engine applies it. */
export function firingsAt(timing: Timing, { series, failed, moments }: ValueHistory, threshold: Threshold) {
  return series.flatMap(({ fingerprint, labels, places, values }) => {
    const firings: { fingerprint: string; labels: Labels; start: number; end: number | null }[] = []
    let state: InstanceState | null = null
    let next = 0
    for (let place = places[0] ?? moments.count; place < moments.count; place++) {
      const value = places[next] === place ? values[next++] : undefined
      if (failed.has(place)) continue
      const at = moments.first + place * moments.step_ms
      const before: InstanceState | null = state
      state = nextState(timing, before, value !== undefined && isBeyond(value, threshold), at)
      if (state?.state === 'firing' && before?.state !== 'firing')
        firings.push({ fingerprint, labels, start: at, end: null })
      else if (before?.state === 'firing' && state?.state !== 'firing') Object.assign(firings.at(-1) ?? {}, { end: at })
      // Nothing happens until it is measured again.
      if (state === null) place = Math.max(place, (places[next] ?? moments.count) - 1)
    }
    return firings
  })
}
