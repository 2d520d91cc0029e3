/** The tick of live pages, by hand-moved timers. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Db } from '../../storage/client.ts'
import { createLive } from './live.ts'

const unused = () => Promise.reject(new Error('live pages only read'))
let newest = 0
let looks = 0
let away = false
let slow: PromiseWithResolvers<void> | null = null

/** A storage whose newest row was stored at `newest`. */
const db: Db = {
  query: <T>() => {
    looks += 1
    if (slow) return slow.promise.then(() => [] as T[])
    if (away) return Promise.reject(new Error('away'))
    return Promise.resolve([{ requests: newest, gpu_samples: 0, server_samples: 0 }] as T[])
  },
  command: unused,
  insert: unused,
  insertRowBinary: unused,
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  newest = 0
  looks = 0
  away = false
  slow = null
})
afterEach(() => vi.useRealTimers())

const pass = () => vi.advanceTimersByTimeAsync(1000)

test('ticks once per arrival, to every listener, and not for old rows', async () => {
  const live = createLive(db, { intervalMs: 1000 })
  newest = 900_000
  const ticks: string[] = []
  live.subscribe(() => ticks.push('a'))
  live.subscribe(() => ticks.push('b'))
  await pass()
  expect(ticks).toEqual([])
  newest = 1_000_500
  await pass()
  await pass()
  expect(ticks).toEqual(['a', 'b'])
})

test('a row stored before the first look, but after the page asked, is news', async () => {
  const live = createLive(db, { intervalMs: 1000 })
  const ticks: number[] = []
  live.subscribe((arrivals) => ticks.push(arrivals.requests))
  newest = 1_000_200
  await pass()
  expect(ticks).toEqual([1_000_200])
})

test('nobody listens: nothing is asked; the storage away: it goes on looking', async () => {
  const live = createLive(db, { intervalMs: 1000 })
  await pass()
  expect(looks).toBe(0)
  const ticks: number[] = []
  const leave = live.subscribe((arrivals) => ticks.push(arrivals.requests))
  away = true
  await pass()
  away = false
  newest = 1_001_500
  await pass()
  expect(ticks).toEqual([1_001_500])
  leave()
  const before = looks
  await pass()
  expect(looks).toBe(before)
})

test('a page that is loaded anew while storage is asked does not double the looks', async () => {
  const live = createLive(db, { intervalMs: 1000 })
  const leave = live.subscribe(() => undefined)
  slow = Promise.withResolvers()
  await pass()
  leave()
  live.subscribe(() => undefined)
  slow.resolve()
  slow = null
  await pass()
  const before = looks
  await pass()
  await pass()
  expect(looks - before).toBe(2)
})
