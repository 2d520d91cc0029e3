/** Keys that an upstream's error may repeat, and AWS's does: with what it says that should have been signed. Pure. */
import type { IncomingHttpHeaders } from 'node:http'
import type { EndpointConfig } from '../../config.ts'

/** Fewer letters at the end of a text are no key. */
const leastPart = 4
/** Shorter ones are words, for servers that need no key. */
const leastClientKey = 16
const keyHeaders = ['x-api-key', 'api-key', 'x-goog-api-key', 'x-amz-security-token'] as const

/** An endpoint's own. */
export function secretsOf({ api_key, aws }: Pick<EndpointConfig, 'api_key' | 'aws'>): string[] {
  return [api_key, aws?.secret_access_key, aws?.session_token].filter((secret) => secret !== undefined)
}

/** A client's, where vendors' clients put them. */
export function clientSecrets(headers: IncomingHttpHeaders, query: URLSearchParams): string[] {
  const { authorization = '' } = headers
  const found = [authorization.replace(/^\S+\s+/, ''), query.get('key'), ...keyHeaders.map((name) => headers[name])]
  return found.filter((secret) => typeof secret === 'string' && secret.length >= leastClientKey) as string[]
}

/** `[key]` in their place, also of the beginning of one where the text was cut. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let left = text
  for (const secret of secrets) {
    left = left.replaceAll(secret, '[key]')
    for (let length = Math.min(secret.length, left.length); length >= leastPart; length--)
      if (left.endsWith(secret.slice(0, length))) left = `${left.slice(0, -length)}[key]`
  }
  return left
}
