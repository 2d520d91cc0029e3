/** When a rule would have fired, from its answers: the engine's own steps from state to state. Pure. */
import { withError, withoutData } from '../evaluate.ts'
import { applySamples, EvaluationError, type Evaluation, type Instance } from '../instance.ts'
import type { Labels } from '../labels.ts'
import type { Rule } from '../rule.ts'
import type { Answer } from './answers.ts'

/** One time that one alert fired. Times are epoch milliseconds. */
export interface Firing {
  fingerprint: string
  labels: Labels
  annotations: Record<string, string>
  /** When its condition began to hold. */
  active_at: number
  start: number
  /** Null while it still fires at the end of the range. */
  end: number | null
  /** The value farthest beyond the threshold while it held, and when; null of one that fires for want of data. */
  peak: number | null
  peak_at: number
}

type Peak = Pick<Firing, 'peak' | 'peak_at'>

/** Takes answers in their order, and keeps what fired. */
export class FiringRecorder {
  readonly firings: Firing[] = []
  readonly #rule: Rule
  #active: ReadonlyMap<string, Instance> = new Map()
  readonly #open = new Map<string, Firing>()
  readonly #peaks = new Map<string, Peak>()
  failed = 0
  lastError = ''

  constructor(rule: Rule) {
    this.#rule = rule
  }

  /** A failed evaluation leaves everything as it was, unless the rule makes an alert of it. */
  add({ at, samples, error, no_data }: Answer): void {
    if (samples === null) return this.#fail(error, at)
    if (samples.length === 0 && this.#active.size === 0 && !no_data) return
    try {
      const evaluation: Evaluation | null = no_data
        ? withoutData(this.#rule, this.#active, at)
        : applySamples(this.#rule, this.#active, samples, at)
      this.#take(evaluation, at)
    } catch (cause) {
      if (!(cause instanceof EvaluationError)) throw cause
      this.#fail(cause.message, at)
    }
  }

  #fail(error: string, at: number): void {
    this.failed++
    this.lastError = error
    this.#take(withError(this.#rule, this.#active, error, at), at)
  }

  #take(evaluation: Evaluation | null, at: number): void {
    if (!evaluation) return
    const { active, transitions } = evaluation
    this.#active = active
    for (const { to, instance } of transitions) if (to === 'inactive') this.#end(instance.fingerprint, at)
    for (const instance of active.values()) this.#see(instance, at)
  }

  #see(instance: Instance, at: number): void {
    const { fingerprint, state, value, labels, annotations, active_at } = instance
    const peak = this.#peak(fingerprint, value, at)
    const open = this.#open.get(fingerprint)
    // A longer `for` may turn a firing alert back; rules don't change within a backtest.
    if (state !== 'firing') return
    if (open)
      return void Object.assign(open, peak, { annotations: peak.peak_at === at ? annotations : open.annotations })
    const firing = { fingerprint, labels, annotations, active_at, start: at, end: null, ...peak }
    this.#open.set(fingerprint, firing)
    this.firings.push(firing)
  }

  #peak(fingerprint: string, value: number | null, at: number): Peak {
    const before = this.#peaks.get(fingerprint)
    const below = this.#rule.threshold?.side === 'below'
    const isFarther = (one: number, other: number) => (below ? one < other : one > other)
    const higher = before === undefined || (value !== null && (before.peak === null || isFarther(value, before.peak)))
    const peak = higher ? { peak: value, peak_at: at } : before
    this.#peaks.set(fingerprint, peak)
    return peak
  }

  #end(fingerprint: string, at: number): void {
    const open = this.#open.get(fingerprint)
    if (open) open.end = at
    this.#open.delete(fingerprint)
    this.#peaks.delete(fingerprint)
  }
}
