/** The virtual keys that are known, and which of them a text is. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Refusal } from '../refusal.ts'
import type { VirtualKey } from './config.ts'

/** A key that was taken back is still known, so that its holder is told why. */
export type KnownKey = VirtualKey & { revoked_at?: string | undefined }

export interface KeyRing {
  /** Null for a key of nobody. The time that it takes says nothing of how much of a hash was right. */
  find(secret: string): KnownKey | null
}

export const hashOf = (secret: string) => `sha256:${hash('sha256', secret)}`

export function createKeyRing(keys: readonly KnownKey[]): KeyRing {
  // A few bits of the hash choose whom to compare with: they narrow a search by nothing that matters.
  const byPrefix = Map.groupBy(
    keys.map((key) => ({ key, digest: Buffer.from(key.hash) })),
    ({ key }) => prefixOf(key.hash),
  )
  return {
    find(secret) {
      const given = hashOf(secret)
      const digest = Buffer.from(given)
      const candidates = byPrefix.get(prefixOf(given)) ?? []
      return candidates.find((candidate) => timingSafeEqual(candidate.digest, digest))?.key ?? null
    },
  }
}

const prefixOf = (text: string) => text.slice(0, 'sha256:'.length + 3)

/** Why a key may not be used now and there; null when it may. `endpoint` is undefined where the path names none. */
export function objection(key: KnownKey, endpoint: string | undefined, now_ms: number): Refusal | null {
  const { name, revoked_at, expires, endpoints } = key
  if (revoked_at !== undefined) return { code: 'key_revoked', message: `the key "${name}" was revoked` }
  if (expires !== undefined && now_ms >= Date.parse(expires))
    return { code: 'key_expired', message: `the key "${name}" expired at ${expires}` }
  if (endpoint !== undefined && endpoints && !endpoints.includes(endpoint))
    return { code: 'key_not_allowed', message: `the key "${name}" is not for ${endpoint}` }
  return null
}
