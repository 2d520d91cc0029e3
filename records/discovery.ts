/** How the providers of scrape targets are; table `discovery`, the newest row of a provider counts. */
import type { EpochMicros } from './span.ts'

export const providerTypes = ['file', 'dns', 'http', 'kubernetes'] as const
export type ProviderType = (typeof providerTypes)[number]

export interface ProviderState {
  /** Its name in the configuration, or type[index]. */
  provider: string
  type: ProviderType
  /** When it last answered; null when it never did. */
  refreshed_at: EpochMicros | null
  /** Addresses found, before relabelling. */
  found: number
  /** Of them, those that became targets. */
  targets: number
  /** Of them, those that relabelling dropped. */
  dropped: number
  /** Of them, those beyond the limit of targets. */
  refused: number
  /** What is wrong and what to do; empty when nothing is. */
  error: string
  /** Some of the dropped ones: why, and the labels that the rules saw. */
  dropped_targets: { labels: Record<string, string>; reason: string }[]
}

/** As it is stored. */
export interface DiscoveryRow extends Omit<ProviderState, 'dropped_targets'> {
  /** When this was so. */
  timestamp: EpochMicros
  /** `dropped_targets` as JSON. */
  dropped_targets: string
}
