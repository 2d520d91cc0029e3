/** Which requests carry one of the configured keys. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Bearer, or Basic with the key as its password, as Langfuse's SDK sends it. Digests make every comparison equally long. */
export function authoriser(keys: readonly string[]): (header: string | undefined) => boolean {
  if (keys.length === 0) return () => true
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const known = keys.map(digest)
  return (header = '') => {
    const [scheme = '', credentials = ''] = header.split(' ', 2)
    const basic = scheme.toLowerCase() === 'basic'
    if (!basic && scheme.toLowerCase() !== 'bearer') return false
    const given = basic
      ? Buffer.from(credentials, 'base64')
          .toString()
          .replace(/^[^:]*:/, '')
      : credentials
    const sent = digest(given)
    return known.reduce((found, key) => timingSafeEqual(key, sent) || found, false)
  }
}
