/** What is in sight is asked first: questions of panels below it wait until those above are answered. */
import { createContext, useContext } from 'react'

/** Where a part of a page lies. Its panels say so when they are laid out, which is before it asks. */
export interface Sight {
  /** Whether each of its panels is in sight now; none before it is laid out. */
  panels: Set<() => boolean>
  /** What it asks, and has to wait with. */
  waiting: Set<() => void>
}

export const newSight = (): Sight => ({ panels: new Set(), waiting: new Set() })

const Context = createContext<Sight | null>(null)
export const SightProvider = Context.Provider

/** Of the part that one is in; null where nothing waits. */
export const useSight = () => useContext(Context)

/** A panel lies there; returns what takes it away. Of several that ask as one part, one in sight is enough. */
export function lie(sight: Sight | null, inSight: () => boolean): () => void {
  sight?.panels.add(inSight)
  return () => sight?.panels.delete(inSight)
}

/** One of its panels came into sight. */
export function seen(sight: Sight | null): void {
  for (const begin of sight?.waiting ?? []) begin()
}

/** As it is now: what is asked again after one has scrolled is asked in the order of what one sees. */
const isFar = ({ panels }: Sight) => panels.size > 0 && ![...panels].some((inSight) => inSight())

/** Questions out of sight that are asked at once. */
const fewAtOnce = 2
/** So long a question waits for those in sight, in ms: one of them may take minutes. */
const atLatest = 5000

let inSight = 0
let beyond = 0
const waiting = new Set<() => void>()

/** Asks now what is in sight, or of no panel; the rest in its turn. Rejects as `ask` does, and when the question is taken back. */
export async function askInTurn<T>(sight: Sight | null, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const far = sight !== null && isFar(sight)
  if (far) await turnOf(sight, signal)
  else inSight += 1
  try {
    return await ask()
  } finally {
    if (far) beyond -= 1
    else inSight -= 1
    goOn()
  }
}

/** Counts the question as asked once it may be. */
function turnOf(sight: Sight, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const begin = () => {
      forget()
      beyond += 1
      resolve()
    }
    const takenBack = () => {
      forget()
      reject(signal.reason as Error)
    }
    const timer = setTimeout(begin, atLatest)
    const forget = () => {
      clearTimeout(timer)
      waiting.delete(begin)
      sight.waiting.delete(begin)
      signal.removeEventListener('abort', takenBack)
    }
    if (signal.aborted) return takenBack()
    signal.addEventListener('abort', takenBack)
    waiting.add(begin)
    sight.waiting.add(begin)
    // All of a page ask at once: those in sight may still come.
    queueMicrotask(goOn)
  })
}

function goOn(): void {
  if (inSight > 0) return
  for (const begin of waiting) {
    if (beyond >= fewAtOnce) return
    begin()
  }
}
