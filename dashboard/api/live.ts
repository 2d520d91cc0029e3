/** One look at storage every second for all open pages: a tick goes out when something new was stored. */
import { lastArrivals } from '../../storage/queries/presence.ts'
import type { Db } from '../../storage/client.ts'

export type Arrivals = Awaited<ReturnType<typeof lastArrivals>>

export interface Live {
  /** Calls `tick` after each arrival until the returned function is called. */
  subscribe(tick: (arrivals: Arrivals) => void): () => void
  stop(): void
}

/** A page asks its questions at most this long before it listens. */
const pageLoadMs = 1000

export interface LiveOptions {
  intervalMs?: number
  now?: () => number
}

/** Looks only while somebody listens; while storage is away it says nothing, and the pages' own queries say why. */
export function createLive(db: Db, { intervalMs = 1500, now = Date.now }: LiveOptions = {}): Live {
  const listeners = new Set<(arrivals: Arrivals) => void>()
  let timer: NodeJS.Timeout | undefined
  let seen = ''
  let since = 0

  const look = async () => {
    const arrivals = await lastArrivals(db, now() - 60_000)
    const mark = JSON.stringify(arrivals)
    // At the first look, what was stored since the page asked is new to it.
    const fresh = mark !== seen && Object.values(arrivals).some((at) => at >= since)
    seen = mark
    if (fresh) for (const tick of listeners) tick(arrivals)
  }
  const schedule = () => {
    const own = setTimeout(() => {
      look()
        .catch(() => undefined)
        // Unless everybody left meanwhile: whoever came after that has a timer of their own.
        .finally(() => timer === own && schedule())
    }, intervalMs)
    timer = own
    own.unref()
  }
  const stop = () => {
    clearTimeout(timer)
    timer = undefined
    seen = ''
  }

  return {
    subscribe(tick) {
      listeners.add(tick)
      if (listeners.size === 1) {
        since = now() - pageLoadMs
        schedule()
      }
      return () => {
        listeners.delete(tick)
        if (listeners.size === 0) stop()
      }
    },
    stop() {
      listeners.clear()
      stop()
    },
  }
}
