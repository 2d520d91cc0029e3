/** Which requests carry one of the configured keys. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Bearer, or Basic with the key as its password, as Langfuse's SDK sends it. */
export function authoriser(keys: readonly string[]): (header: string | undefined) => boolean {
  if (keys.length === 0) return () => true
  const isKnown = keyRing(keys)
  return (header = '') => {
    const [scheme = '', credentials = ''] = header.split(' ', 2)
    const basic = scheme.toLowerCase() === 'basic'
    if (!basic && scheme.toLowerCase() !== 'bearer') return false
    const given = basic
      ? Buffer.from(credentials, 'base64')
          .toString()
          .replace(/^[^:]*:/, '')
      : credentials
    return isKnown(given)
  }
}

/** Whether a text is one of the keys. Digests make every comparison equally long. */
export function keyRing(keys: readonly string[]): (given: string) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const known = keys.map(digest)
  return (given) => {
    const sent = digest(given)
    return known.reduce((found, key) => timingSafeEqual(key, sent) || found, false)
  }
}
