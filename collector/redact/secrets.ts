/** Keys, tokens and passwords in text: known by their vendor's shape, or by the name in front of them. Linear in the text. */

import { inPieces } from './pieces.ts'

/** Text with them replaced by what they were: `[key]`, `[jwt]`, `[password]`, `[private key]`. */
export function redactSecrets(text: string): string {
  return inPieces(withoutPem(text), redactTokens)
}

/** Likewise, of text without private keys and escapes. */
export function redactTokens(text: string): string {
  if (text.length < 8) return text
  let redacted = text
  if (redacted.includes('eyJ')) redacted = redacted.replace(jwt, '[jwt]')
  if (redacted.includes('://')) redacted = redacted.replace(urlPassword, '$1[password]')
  if (redacted.includes('AKIA') || redacted.includes('ASIA')) redacted = redacted.replace(awsPair, '[key]$1[key]')
  redacted = withoutKeys(redacted)
  if (/[:=]/.test(redacted) && settingHint.test(redacted)) redacted = redacted.replace(setting, '$1[key]')
  if (authorizationHint.test(redacted)) redacted = redacted.replace(authorization, '$1[key]')
  return redacted
}

const keyHint =
  /sk-|k_live_|k_test_|whsec_|AKIA|ASIA|gh[pousr]_|github_pat_|xox[abeprs]-|xapp-|hooks\.slack|AIza|ya29\.|GOCSPX-|glpat-|hf_|npm_|gsk_|xai-|r8_|pplx-|nvapi-|dapi|dop_v1_|pypi-|SG\.|shp(?:at|ss)_|hvs\.|lin_api_|ntn_|sbp_|lsv2_|ATATT|JQQJ9|iw-/
const shapes = [
  // Virtual keys of the proxy
  'iw-[\\w-]{43}',
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse and others; Stripe
  'sk-[\\w-]{16,512}',
  '[sr]k_(?:live|test)_\\w{16,255}',
  'whsec_[\\w+/=-]{16,255}',
  // AWS
  '(?:AKIA|ASIA)[A-Z0-9]{16}',
  // GitHub, GitLab
  'gh[pousr]_[A-Za-z0-9]{20,255}',
  'github_pat_\\w{20,255}',
  'glpat-[\\w-]{20,255}',
  // Slack, its webhooks too
  'xox[abeprs]-[\\w-]{16,255}',
  'xapp-[\\w-]{16,255}',
  'hooks\\.slack\\.com/(?:services|workflows)/[\\w/]{8,255}',
  // Google
  'AIza[\\w-]{35}',
  'ya29\\.[\\w-]{20,2048}',
  'GOCSPX-[\\w-]{20,255}',
  // Azure OpenAI and AI services: 84 characters with a mark inside
  '[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{20,40}',
  // Hugging Face, Groq, xAI, Replicate, Perplexity, NVIDIA, Databricks, LangSmith
  'hf_[A-Za-z0-9]{20,255}',
  'gsk_[A-Za-z0-9]{20,255}',
  'xai-[A-Za-z0-9]{20,255}',
  'r8_[A-Za-z0-9]{20,255}',
  'pplx-[A-Za-z0-9]{20,255}',
  'nvapi-[\\w-]{20,255}',
  'dapi[0-9a-f]{32}',
  'lsv2_(?:pt|sk)_[A-Za-z0-9_]{20,255}',
  // npm, PyPI, SendGrid, Shopify, Vault, DigitalOcean, Linear, Notion, Supabase, Atlassian
  'npm_[A-Za-z0-9]{30,255}',
  'pypi-[\\w-]{20,512}',
  'SG\\.[\\w-]{16,64}\\.[\\w-]{16,64}',
  'shp(?:at|ss)_[A-Fa-f0-9]{32}',
  'hvs\\.[\\w-]{20,255}',
  'dop_v1_[0-9a-f]{64}',
  'lin_api_[A-Za-z0-9]{20,255}',
  'ntn_[A-Za-z0-9]{20,255}',
  'sbp_[0-9a-f]{40}',
  'ATATT[\\w-]{20,255}={0,2}\\w{0,16}',
]
const key = new RegExp(`(?<![A-Za-z0-9])(?:${shapes.join('|')})`, 'g')
/** The secret half of an AWS key has no shape of its own but its length: it is known by the key id before it. */
const awsPair = /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}([^A-Za-z0-9/+]{1,8})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g
const jwt = /(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,8192}\.[\w-]{8,4096}/g
/** `postgres://user:password@host`: user and host stay. */
const urlPassword = /(:\/\/[^\s:/@"'\\]{0,128}:)[^\s/@"'\\]{1,256}(?=@)/g
const settingHint = /key|token|secret|pass|pwd|[?&]sig=/i
const names =
  'api[_-]?key|[?&](?:key|sig)|(?:access|account|shared[_-]?access|subscription|secret[_-]?access|secret|private|master)[_-]?key(?:[_-]?id)?|' +
  '(?:auth|access|refresh|id|session|security|bot)[_-]?token|client[_-]?secret|password|passwd|passphrase|pwd'
/** A credential known by the name in front of it, also inside JSON that is inside a JSON string. */
const setting = new RegExp(
  `((?:${names})\\\\{0,3}["']?[ \\t]{0,4}[:=][ \\t]{0,4}\\\\{0,3}["']?)(?!\\[)[^\\s"'\\\\,;&{}[\\]()]{8,4096}`,
  'gi',
)
const authorizationHint = /[Bb]earer |BEARER |[Aa]uthorization|AUTHORIZATION/
/** A word after "bearer" is a token when it has a digit or is long: bearers are people too. */
const authorization =
  /(bearer |authorization\\{0,3}["']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}["']?(?:basic|token|apikey) )(?!\[)(?=[^\s"'\\,;]{0,64}\d|[^\s"'\\,;]{20})[^\s"'\\,;&{}[\]()]{8,4096}/gi

/** Every key has a run of so many letters, digits, `_` and `-`, which prose hardly has. */
const leastRun = 18
/** What a shape may have in front of that run: `hooks.slack.com/workflows/`. */
const mostBefore = 32

/** The many shapes are tried only around long runs: all text between those is passed over. */
function withoutKeys(text: string): string {
  let clean = ''
  let copied = 0
  let last = -1
  // Looks at every eighteenth character, and back from there to the last one that is of no word.
  for (let at = leastRun - 1; at < text.length; at = last + leastRun) {
    let back = at
    while (back > last && isWord(text.charCodeAt(back))) back--
    if (back > last) {
      last = back
      continue
    }
    let end = at + 1
    while (end < text.length && text.charCodeAt(end) > 32) end++
    const begin = Math.max(copied, last + 1 - mostBefore)
    const around = text.slice(begin, end)
    if (keyHint.test(around)) {
      clean += text.slice(copied, begin) + around.replace(key, '[key]')
      copied = end
    }
    last = end - 1
  }
  return copied === 0 ? text : clean + text.slice(copied)
}

function isWord(code: number): boolean {
  const letter = code | 32
  return (letter >= 97 && letter <= 122) || (code >= 48 && code <= 57) || code === 95 || code === 45
}

/** From each BEGIN to its END; a key that was cut off loses the rest of the text. */
export function withoutPem(text: string): string {
  if (!text.includes('-----BEGIN')) return text
  const parts: string[] = []
  let from = 0
  for (;;) {
    const begin = text.indexOf('-----BEGIN', from)
    if (begin === -1) return parts.join('') + text.slice(from)
    parts.push(text.slice(from, begin), '[private key]')
    const end = text.indexOf('-----END', begin)
    const close = end === -1 ? -1 : text.indexOf('-----', end + 8)
    if (close === -1) return parts.join('')
    from = close + 5
  }
}
