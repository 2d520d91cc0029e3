/** The life of one alert instance as a pure function; evaluation, backtests and rule tests all call it. */

/** `for` and `keep_firing_for` in milliseconds; any unit works as long as `now` is in the same one. */
export interface Timing {
  for_ms: number
  keep_firing_for_ms: number
}

export interface InstanceState {
  /** `inactive` is the one evaluation at which a firing alert resolved. */
  state: 'inactive' | 'pending' | 'firing'
  /** First evaluation of the present run of true ones. */
  active_at: number
  firing_since: number | null
  /** First evaluation without a result since it last held; null while it holds. */
  keep_firing_since: number | null
  resolved_at: number | null
}

/**
 * The state after an evaluation at `now`, as in Prometheus (rules/alerting.go): it fires once `now - active_at >= for`;
 * one miss deletes a pending alert; a firing one stays until `now - keep_firing_since >= keep_firing_for`; a `for` that
 * was raised turns a firing alert back to pending. Null: there is no alert.
 */
export function nextState(
  timing: Timing,
  previous: InstanceState | null,
  holds: boolean,
  now: number,
): InstanceState | null {
  const active = previous !== null && previous.state !== 'inactive' ? previous : null
  if (holds) return settle(timing, active ? { ...active, keep_firing_since: null } : begin(now), now)
  if (active?.state !== 'firing') return null
  const since = active.keep_firing_since ?? now
  if (timing.keep_firing_for_ms > 0 && now - since < timing.keep_firing_for_ms)
    return settle(timing, { ...active, keep_firing_since: since }, now)
  return { ...active, state: 'inactive', keep_firing_since: null, resolved_at: now }
}

function begin(now: number): InstanceState {
  return { state: 'pending', active_at: now, firing_since: null, keep_firing_since: null, resolved_at: null }
}

function settle(timing: Timing, alert: InstanceState, now: number): InstanceState {
  const held = now - alert.active_at >= timing.for_ms
  if (held) return alert.state === 'firing' ? alert : { ...alert, state: 'firing', firing_since: now }
  return alert.state === 'pending' ? alert : { ...alert, state: 'pending', firing_since: null, keep_firing_since: null }
}

/** Longer without evaluations than this, and a pending alert starts anew (Prometheus's for-outage-tolerance). */
const longestOutageMs = 3_600_000

/**
 * A restored alert at the first evaluation after a gap. Time that nobody watched does not count towards `for`: a gap above
 * `tolerance_ms` shifts `active_at` by it, an hour's gap forgets a pending alert. A firing alert stays as it was until a
 * successful evaluation says otherwise.
 */
export function afterDowntime(
  previous: InstanceState,
  evaluatedAt: number,
  now: number,
  toleranceMs: number,
): InstanceState | null {
  const gap = now - evaluatedAt
  if (previous.state !== 'pending' || gap <= toleranceMs) return previous
  if (gap > longestOutageMs) return null
  return { ...previous, active_at: previous.active_at + gap }
}
