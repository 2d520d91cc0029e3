/** The mark that was just taken back, by its id and title: the frame offers it again for a while. */
import { useSyncExternalStore } from 'react'

export interface TakenBack {
  id: string
  title: string
}

let last: TakenBack | null = null
const listeners = new Set<() => void>()

export function offerAgain(next: TakenBack | null): void {
  last = next
  for (const listener of listeners) listener()
}

export function useTakenBack(): TakenBack | null {
  return useSyncExternalStore(subscribe, () => last)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
