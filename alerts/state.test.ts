import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { promtool } from '../test/support/debian.ts'
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

const cases: [forUnits: number, keepUnits: number, samples: string, states: string][] = [
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
]

test.each(cases)('for %i, keep_firing_for %i: %s', (forUnits, keepUnits, samples, states) => {
  expect(play(forUnits, keepUnits, samples)).toBe(states)
})

test.skipIf(promtool() === null).each(cases)(
  'Prometheus fires at the same evaluations: for %i, keep_firing_for %i: %s',
  (forUnits, keepUnits, samples, states) => {
    const directory = mkdtempSync(join(tmpdir(), 'inferwatch-promtool-'))
    try {
      const rule = { alert: 'A', expr: 'x > 0', for: `${forUnits}m`, keep_firing_for: `${keepUnits}m` }
      writeFileSync(join(directory, 'rules.yaml'), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }))
      const values = Array.from(samples, (sample) => (sample === '#' ? '1' : '0')).join(' ')
      const expected = Array.from(states, (state, index) => ({
        eval_time: `${index}m`,
        alertname: 'A',
        exp_alerts: state === 'f' ? [{}] : [],
      }))
      const suite = { interval: '1m', input_series: [{ series: 'x', values }], alert_rule_test: expected }
      const file = { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: [suite] }
      writeFileSync(join(directory, 'test.yaml'), JSON.stringify(file))
      const { status, stdout, stderr } = spawnSync(promtool() ?? '', ['test', 'rules', 'test.yaml'], { cwd: directory })
      expect({ status, said: String(stdout) + String(stderr) }).toMatchObject({ status: 0 })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  },
)

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
