/** Virtual keys of the proxy as people see and make them; the key itself is shown once, and its hash never. */

export interface KeyLimitsUsed {
  /** Calls that began in this minute of UTC. */
  requests: number
  /** Of the calls of this day of UTC. */
  tokens: number
  /** Of the calls of this month of UTC. */
  usd: number
}

export interface VirtualKeyEntry {
  name: string
  /** `proxy.keys[0]`, where the file has it; null: made at run time. */
  key: string | null
  state: 'active' | 'expired' | 'revoked'
  team: string
  user: string
  feature: string
  /** Null: all. */
  endpoints: string[] | null
  /** Epoch ms; null: never. */
  expires_at: number | null
  /** Epoch ms; null of those in the file. */
  created_at: number | null
  created_by: string
  revoked_at: number | null
  limits: {
    requests_per_minute: number | null
    tokens_per_day: number | null
    usd_per_month: number | null
  }
  used: KeyLimitsUsed
}

export interface KeyInput {
  name: string
  team?: string | undefined
  user?: string | undefined
  feature?: string | undefined
  endpoints?: string[] | undefined
  /** A date, a time with its zone, or how long from now. */
  expires?: string | undefined
  requests_per_minute?: number | undefined
  tokens_per_day?: number | undefined
  usd_per_month?: number | undefined
  by: string
}

export interface KeyControl {
  list(): VirtualKeyEntry[]
  /** The key, which is kept nowhere. Throws Refused. */
  create(input: KeyInput): { secret: string }
  /** For good. Throws Refused. */
  revoke(name: string, by: string): void
}
