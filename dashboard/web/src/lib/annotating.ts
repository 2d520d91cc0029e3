/** The mark that is being made: charts, keys and menus ask for its form, and the frame shows it. */
import { useSyncExternalStore } from 'react'
import type { TimeRange } from '../../../../records/time-range.ts'
import { lastCursor } from '../charts/cursor.ts'
import type { Search } from './search.ts'
import { rangeOf } from './time-travel.ts'

/** Epoch ms; the same twice for a moment. */
let asked: TimeRange | null = null
const listeners = new Set<() => void>()

export function annotate(from: number, to = from): void {
  show({ from: Math.round(from), to: Math.round(to) })
}

/** The brushed times, the time at the cursor, or else the end of the range. */
export function annotateHere(search: Search, now: number): void {
  const { from = null, to = null } = search.brush ?? {}
  if (from !== null && to !== null) return annotate(from, to)
  const range = rangeOf(search, now)
  const cursor = lastCursor()
  annotate(cursor !== null && cursor >= range.from && cursor <= range.to ? cursor : range.to)
}

export function stopAnnotating(): void {
  show(null)
}

export function useAnnotating(): TimeRange | null {
  return useSyncExternalStore(subscribe, () => asked)
}

function show(next: TimeRange | null): void {
  asked = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
