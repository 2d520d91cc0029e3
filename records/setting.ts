/** The configuration in force as it may be shown: every value with where it comes from, secrets left out. */

/** `environment`: the file names variables that are set. */
export type SettingOrigin = 'default' | 'file' | 'environment'

export interface Setting {
  /** `endpoints[0].upstream`. */
  path: string
  /** A text as it is, anything else as YAML has it; empty of a secret. In place of what variables hold stand their names: `${REGION}`. */
  value: string
  origin: SettingOrigin
  /** Environment variables that the file names there. */
  variables: string[]
  secret: boolean
  /** What the key means; empty where its name says it. */
  about: string
}

export interface ConfigReport {
  /** Null when the defaults are used. */
  file: string | null
  /** Epoch ms. */
  loaded_at: number
  /** Why a newer file is not in force; empty when it is. */
  problem: string
  /** Keys of the file that take a restart. */
  waiting: string[]
  settings: Setting[]
}

/** An endpoint as the file declares it. */
export interface DeclaredEndpoint {
  name: string
  /** `endpoints[0]`. */
  key: string
  kind: string
  /** Without user, password and query; null: not reachable through the proxy. */
  upstream: string | null
  /** Path below the dashboard where the proxy serves it; null when it does not. */
  proxied: string | null
  probes: number
  gpu_hour_usd: number | null
}

/** A metrics page that the file declares. */
export interface DeclaredTarget {
  /** As `targets.url` names it, without user, password and query. */
  url: string
  /** `scrape.targets[0]`. */
  key: string
  /** Empty: it says none. */
  endpoint: string
}

export interface Declared {
  endpoints: DeclaredEndpoint[]
  targets: DeclaredTarget[]
}
