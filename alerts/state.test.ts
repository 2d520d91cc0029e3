import { expect, test } from 'vitest'
import { afterDowntime, nextState, type InstanceState } from './state.ts'

/** One column per evaluation, one unit apart: p pending, f firing, r resolved at this one, . nothing. */
function play(forUnits: number, keepUnits: number, samples: string, start: InstanceState | null = null): string {
  let state = start
  return Array.from(samples)
    .map((sample, now) => {
      state = nextState({ for_ms: forUnits, keep_firing_for_ms: keepUnits }, state, sample === '#', now)
      return state === null ? '.' : { pending: 'p', firing: 'f', inactive: 'r' }[state.state]
    })
    .join('')
}

test.each([
  // for keep  samples        states; one column per evaluation
  [0, 0, '.', '.'],
  [0, 0, '.#.', '.fr'],
  [0, 0, '#.#.', 'frfr'],
  [2, 0, '.####..', '.ppffr.'],
  // One miss while pending deletes it: the timer starts again.
  [2, 0, '##.###.', 'pp.ppfr'],
  [3, 0, '##.##.##', 'pp.pp.pp'],
  // It fires at now - active_at >= for, not after.
  [1, 0, '##', 'pf'],
  [0, 2, '#...#', 'fffrf'],
  [0, 2, '#.#....', 'fffffr.'],
  // keep_firing_for is for firing alerts only.
  [2, 5, '#.#', 'p.p'],
  // Prometheus in alerting.md: for 3, true at 1–4, keep 2: fires at 4, clears at 7.
  [3, 2, '.####....', '.pppfffr.'],
  [0, 1, '#..', 'ffr'],
])('for %i, keep_firing_for %i: %s', (forUnits, keepUnits, samples, states) => {
  expect(play(forUnits, keepUnits, samples)).toBe(states)
})

test('a raised `for` turns a firing alert back to pending; its active_at stays', () => {
  const firing: InstanceState = {
    state: 'firing',
    active_at: 0,
    firing_since: 2,
    keep_firing_since: null,
    resolved_at: null,
  }
  expect(nextState({ for_ms: 10, keep_firing_for_ms: 0 }, firing, true, 5)).toEqual({
    ...firing,
    state: 'pending',
    firing_since: null,
  })
})

test('resolution says when, and a later result is a new alert', () => {
  const timing = { for_ms: 1, keep_firing_for_ms: 0 }
  const firing: InstanceState = {
    state: 'firing',
    active_at: 0,
    firing_since: 1,
    keep_firing_since: null,
    resolved_at: null,
  }
  const resolved = nextState(timing, firing, false, 4)
  expect(resolved).toMatchObject({ state: 'inactive', resolved_at: 4, active_at: 0 })
  expect(nextState(timing, resolved, false, 5)).toBeNull()
  expect(nextState(timing, resolved, true, 5)).toMatchObject({ state: 'pending', active_at: 5, resolved_at: null })
})

test('downtime does not count towards for', () => {
  const pending: InstanceState = {
    state: 'pending',
    active_at: 0,
    firing_since: null,
    keep_firing_since: null,
    resolved_at: null,
  }
  expect(afterDowntime(pending, 60_000, 90_000, 60_000)).toEqual(pending)
  expect(afterDowntime(pending, 60_000, 360_000, 60_000)).toEqual({ ...pending, active_at: 300_000 })
  expect(afterDowntime(pending, 60_000, 60_000 + 3_600_001, 60_000)).toBeNull()
  const firing: InstanceState = { ...pending, state: 'firing', firing_since: 1 }
  expect(afterDowntime(firing, 60_000, 86_400_000, 60_000)).toEqual(firing)
})
