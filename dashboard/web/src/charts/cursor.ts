/** One cursor across all charts of a page: the time under the pointer, whichever chart it is over. */
import { useSyncExternalStore } from 'react'

let shown: number | null = null
let last: number | null = null
const listeners = new Set<() => void>()

/** Epoch ms; null when the pointer left. */
export function moveCursor(at: number | null): void {
  if (at === shown) return
  shown = at
  if (at !== null) last = at
  for (const listener of listeners) listener()
}

/** Where it stands, or stood last. */
export const lastCursor = (): number | null => last

export function useCursor(): number | null {
  return useSyncExternalStore(subscribe, () => shown)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
