/** Who may call: keys off this machine, and on it no page of a browser that was not asked for. Pure. */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { memo } from '../../records/memo.ts'
import { keyRing } from '../otlp/api-keys.ts'
import type { Refusal } from './refusal.ts'

export interface AccessRules {
  /** Whether other machines reach the port. */
  exposed: boolean
  /** Of `x-inferwatch-key`; empty: none is needed on loopback. */
  keys: readonly string[]
  /** Names in Host that are this machine's, besides those that no stranger could own. */
  hosts: readonly string[]
}

export type Access = (headers: IncomingHttpHeaders, origins: readonly string[]) => Refusal | null

/**
 * Decides on a request by its headers; `origins` are the pages that its endpoint lets in. A client's Authorization is the vendor's
 * and says nothing here. A key that fits is enough: no page of a stranger knows it.
 */
export function createAccess({ exposed, keys, hosts }: AccessRules): Access {
  const isKnown = keyRing(keys)
  const isOwn = memo((host) => isOwnHost(host, hosts))
  return (headers, origins) => {
    if (keys.length > 0) {
      return isKnown(String(headers['x-inferwatch-key'] ?? ''))
        ? null
        : keyNeeded('send one of proxy.api_keys as x-inferwatch-key')
    }
    if (exposed)
      return keyNeeded('this port is reachable from other machines: set proxy.api_keys, or send a virtual key')
    const { host = '', origin } = headers
    if (!isOwn(host))
      return { code: 'foreign_host', message: `does not answer for ${host}: use localhost, or add it to proxy.hosts` }
    if (isForeign(headers, host) && !(origin !== undefined && origins.includes(origin)))
      return {
        code: 'cross_site',
        message: `pages of ${origin ?? 'other sites'} may not call: see endpoints[].origins`,
      }
    return null
  }
}

const keyNeeded = (message: string): Refusal => ({ code: 'key_required', message })

/**
 * A page whose DNS was pointed at this machine is of the same origin, and names its own host. Addresses, single words and the names
 * that are reserved for networks of one's own can't be pointed anywhere by a stranger.
 */
function isOwnHost(host: string, hosts: readonly string[]): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase()
  if (!name.includes('.') || name.startsWith('[') || isIP(name) !== 0) return true
  return /\.(localhost|internal|local|test|home\.arpa)$/.test(name) || hosts.includes(name)
}

/** Browsers send Origin with what could change something, and Sec-Fetch-Site with all else. */
function isForeign({ origin, 'sec-fetch-site': site }: IncomingHttpHeaders, host: string): boolean {
  if (origin !== undefined) return !URL.canParse(origin) || new URL(origin).host !== host
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}
