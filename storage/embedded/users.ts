/** Users of the embedded engine: two of our own, and those of the configuration. */
import { createHash } from 'node:crypto'

/** `reader` reads our database behind its gate; `writer` may do anything. */
export type Role = 'reader' | 'writer'

/** Of each query; what is missing is the role's own limit. */
export interface UserLimits {
  /** Seconds. */
  max_execution_time?: number | undefined
  /** Bytes. */
  max_memory_usage?: number | undefined
  max_rows_to_read?: number | undefined
  max_result_rows?: number | undefined
  max_result_bytes?: number | undefined
  /** Queries that run at once; more wait for their turn. */
  max_concurrent_queries?: number | undefined
}

/** Of all queries since the hour began; what is missing is not limited. */
export interface UserQuota {
  queries_per_hour?: number | undefined
  read_rows_per_hour?: number | undefined
  /** Seconds. */
  execution_time_per_hour?: number | undefined
}

export interface EngineUser {
  name: string
  /** SHA-256, hex. The process that runs analysts' SQL knows no password, only this. */
  password_sha256: string
  role: Role
  limits: UserLimits
  quota: UserQuota
}

/** Names that the configuration cannot give away; `default` is what clients call themselves when nobody told them a name. */
export const ownUsers = ['writer', 'reader', 'default'] as const

/** The collector's, and the one that needs no password on this machine. */
export function builtinUsers(passwords: Record<Role, string>): EngineUser[] {
  return (['writer', 'reader'] as const).map((name) => ({
    name,
    role: name,
    password_sha256: createHash('sha256').update(passwords[name]).digest('hex'),
    limits: {},
    quota: {},
  }))
}
