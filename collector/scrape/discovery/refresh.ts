/** A provider that asks on an interval. */
import type { Clock } from '../clock.ts'
import { messageOf, type Found, type Provider, type ProviderEvents } from './provider.ts'

export interface Refreshing extends Provider {
  /** Asks now, or once more after the one under way. */
  refresh(): void
}

export interface RefreshOptions {
  /** Throws when nothing can be told; what was found before then stays. */
  ask: (signal: AbortSignal) => Promise<Found>
  intervalMs: number
  events: ProviderEvents
  clock: Clock
}

/** Asks at once and then `intervalMs` after each answer, one at a time. */
export function startRefreshing({ ask, intervalMs, events, clock }: RefreshOptions): Refreshing {
  const stopping = new AbortController()
  const { signal } = stopping
  let cancel: () => void = () => undefined
  let running: Promise<void> | null = null
  let again = false

  const once = async () => {
    try {
      const found = await ask(signal)
      if (!signal.aborted) events.found(found)
    } catch (error) {
      if (!signal.aborted) events.failed(messageOf(error))
    }
  }
  const refresh = () => {
    if (signal.aborted) return
    cancel()
    if (running) {
      again = true
      return
    }
    running = once().finally(() => {
      running = null
      if (signal.aborted) return
      if (again) {
        again = false
        refresh()
      } else cancel = clock.after(intervalMs, refresh)
    })
  }
  refresh()
  return {
    refresh,
    async stop() {
      stopping.abort()
      cancel()
      await running
    },
  }
}
