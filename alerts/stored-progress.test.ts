/** What is written of a group's progress, and that a crash at any moment leaves what can be gone on from. */
import { expect, test } from 'vitest'
import { progressLastsMs, StoredProgress } from './stored-progress.ts'

const nothing = { before: null, after: null }

test('evaluations that change nothing are written once a minute', () => {
  const stored = new StoredProgress(progressLastsMs)
  const after = [0, 15, 30, 45, 60, 75].map((s) => stored.takes('g', (s - 15) * 1000, s * 1000, false).after)
  expect(after).toEqual([0, null, null, null, 60_000, null])
})

test('before a change stands the moment before it, unless it does already', () => {
  const stored = new StoredProgress(progressLastsMs)
  stored.takes('g', -15_000, 0, false)
  expect(stored.takes('g', 0, 15_000, false)).toEqual(nothing)
  expect(stored.takes('g', 15_000, 30_000, true)).toEqual({ before: 15_000, after: 30_000 })
  expect(stored.takes('g', 30_000, 45_000, true)).toEqual({ before: null, after: 45_000 })
})

test('each group has its own, and its end is lacking unless it is written', () => {
  const stored = new StoredProgress(progressLastsMs)
  stored.takes('g', -15_000, 0, false)
  expect(stored.takes('h', -15_000, 0, false).after).toBe(0)
  expect([stored.lacks('g', 0), stored.lacks('g', 15_000), stored.lacks('never evaluated', 15_000)]).toEqual([
    false,
    true,
    false,
  ])
})

test('a clock that was set back does not silence it', () => {
  const stored = new StoredProgress(progressLastsMs)
  stored.takes('g', 0, 86_400_000, false)
  expect(stored.takes('g', 0, 15_000, false).after).toBe(15_000)
})

test('where another process may take over, every evaluation is written', () => {
  const stored = new StoredProgress(0)
  const after = [0, 15, 30].map((s) => stored.takes('g', (s - 15) * 1000, s * 1000, false).after)
  expect(after).toEqual([0, 15_000, 30_000])
})
