/** What discovery and its providers promise each other. */
import type { Clock } from '../clock.ts'
import type { LabelSet } from './relabel.ts'

export interface Found {
  /** Everything that there is now, before relabelling; what did not change is the same object as before. */
  labels: readonly LabelSet[]
  /** What of it could not be brought up to date and why; empty when all could. */
  error: string
}

export interface ProviderEvents {
  found: (found: Found) => void
  /** Nothing was found out: what was found before still holds. The message says what to do. */
  failed: (error: string) => void
}

/** Runs until it is stopped. Never throws on what the other side does. */
export interface Provider {
  /** Ends what is under way; no event comes after it was called. Idempotent. */
  stop(): Promise<void>
}

export interface ProviderServices {
  clock: Clock
}

/** Found, but of no use or out of reach: the message is shown as it is. */
export class DiscoveryError extends Error {
  override name = 'DiscoveryError'
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
