/**
 * Which alerts have to be written after an evaluation: every change of state, and pending ones, whose time counts up to their last
 * evaluation. Of those that go on firing only values and texts change, with every evaluation: they are written now and then, since
 * nothing but what is shown after a crash depends on them.
 */
import type { Instance } from './instance.ts'

/** How old values may be that a crash leaves behind. */
const valuesLastMs = 60_000

export class StoredState {
  /** As last written, by key. */
  readonly #written = new Map<string, Instance>()

  /** Whether the instance has to be written, where values may be that old, in ms; it counts as written then. */
  takes(key: string, instance: Instance, valuesLast = valuesLastMs): boolean {
    const last = this.#written.get(key)
    if (last === instance) return false
    // After the clock was set back, they are not old for a day.
    const age = last ? Math.abs(instance.evaluated_at - last.evaluated_at) : Infinity
    if (last && goesOnFiring(last, instance) && age < valuesLast) return false
    if (instance.state === 'inactive') this.#written.delete(key)
    else this.#written.set(key, instance)
    return true
  }
}

const goesOnFiring = (last: Instance, instance: Instance) =>
  last.state === 'firing' &&
  instance.state === 'firing' &&
  last.active_at === instance.active_at &&
  last.firing_since === instance.firing_since &&
  last.keep_firing_since === instance.keep_firing_since &&
  last.reason === instance.reason &&
  last.reason_since === instance.reason_since
