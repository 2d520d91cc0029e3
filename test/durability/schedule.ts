/** What goes wrong and when, from a seed: the same seed breaks the same things at the same times. */
import { random } from '../../collector/otlp/testing.ts'
import { diceOf } from '../fuzz/mutate.ts'

/** SIGKILL of the collector, which takes the engine along, or of the engine; the engine stopped, or away, for a while. */
export type FaultKind = 'collector' | 'engine' | 'stop' | 'away'

export interface Fault {
  kind: FaultKind
  /** Since the fault before it was over. */
  afterMs: number
  /** How long it lasts; a kill is over when what was killed runs again. */
  forMs: number
}

/** Out of twenty. */
const often: Record<FaultKind, number> = { collector: 9, engine: 7, stop: 2, away: 2 }
const kinds = Object.keys(often) as FaultKind[]

/** Every kind comes once among the first four. */
export function schedule(seed: number, faults: number, maxPauseMs: number): Fault[] {
  const dice = diceOf(random(seed))
  const bag = kinds.flatMap((kind) => Array.from({ length: often[kind] }, () => kind))
  const first = kinds.toSorted(() => dice.next() - 0.5)
  return Array.from({ length: faults }, (_, index) => ({
    kind: first[index] ?? dice.pick(bag),
    afterMs: Math.round(50 + dice.next() * maxPauseMs),
    forMs: 500 + dice.int(3500),
  }))
}
