import { expect, test } from 'vitest'
import type { Instance } from './instance.ts'
import { StoredState } from './stored-state.ts'

const minute = 60_000
const at = (evaluated_at: number, changes: Partial<Instance> = {}): Instance => ({
  group: 'g',
  rule_id: 'r',
  fingerprint: 'f',
  state: 'firing',
  active_at: 0,
  firing_since: 0,
  keep_firing_since: null,
  resolved_at: null,
  labels: {},
  annotations: {},
  value: 1,
  reason: '',
  reason_since: null,
  evaluated_at,
  ...changes,
})

/** Which of them are written, one after the other. */
function written(...instances: Instance[]): boolean[] {
  const stored = new StoredState()
  return instances.map((instance) => stored.takes('key', instance))
}

test('values of what goes on firing once a minute', () => {
  expect(written(at(0), at(15_000), at(59_999), at(minute), at(minute + 15_000))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ])
})

test('after the clock was set back, at once and then once a minute again', () => {
  const day = 1440 * minute
  expect(written(at(day), at(0), at(15_000), at(minute))).toEqual([true, true, false, true])
})

test('every change of state, and what is pending', () => {
  const pending = { state: 'pending', firing_since: null } as const
  expect(written(at(0, pending), at(1, pending), at(2), at(3, { keep_firing_since: 3 }), at(4))).toEqual(
    Array.from({ length: 5 }, () => true),
  )
  expect(written(at(0), at(1, { state: 'inactive', resolved_at: 1 }), at(2))).toEqual([true, true, true])
})
