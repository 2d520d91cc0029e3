/**
 * Personal data and secrets in text, replaced by what they were. Every repeat is bounded and every pattern is guarded by
 * a cheap look for what it must contain: the whole is linear in the text, some 3 µs a kilobyte of prose.
 */
import { isIPv6 } from 'node:net'
import { isCardNumber, isIban } from './check-digits.ts'

/** Text with e-mail addresses, phone and card numbers, IBANs, IP addresses, keys and tokens replaced by `[kind]`. */
export function redactText(text: string): string {
  let redacted = redactSecrets(text)
  if (redacted.includes('@')) redacted = withoutEmails(redacted)
  if (!/\d/.test(redacted)) return redacted
  redacted = redacted
    .replace(iban, (match) => (isIban(match) ? '[iban]' : match))
    .replace(card, (match) => (isCardNumber(match) ? '[card]' : match))
    .replace(ipv4, '[ip]')
  if (ipv6Hint.test(redacted)) redacted = redacted.replace(ipv6, (match) => (isAddress(match) ? '[ip]' : match))
  return redacted.replace(phone, (match) => (isPhone(match) ? '[phone]' : match))
}

/** Text with keys, tokens and private keys alone replaced: for error messages and addresses. */
export function redactSecrets(text: string): string {
  if (text.length < 8) return text
  let redacted = text.includes('-----BEGIN') ? withoutPem(text) : text
  if (redacted.includes('eyJ')) redacted = redacted.replace(jwt, '[jwt]')
  if (keyHint.test(redacted)) redacted = redacted.replace(key, '[key]')
  if (settingHint.test(redacted)) redacted = redacted.replace(setting, '$1[key]')
  return redacted
}

const iban = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/g
/** 13 to 19 digits, in groups or not, with a brand's first digit: nanoseconds since 1970 begin with a 1. */
const card = /(?<![\d.-])[2-6](?:[ -]?\d){12,18}(?![\d-])/g
const ipv4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\d|\.\d)/g
const ipv6Hint = /:[0-9A-Fa-f]{0,4}:/
const ipv6 = /(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,37}(?:\.\d{1,3}){0,3}(?![\w:])/g
/** With a plus, a trunk zero or separators: bare digits are far more often ids and times. */
const phone =
  /(?<![\w.+-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,5}(?:[ ./-]?\d{2,5}){1,5}|(?:\+?1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}|0\d{2,4}(?:[ /-]\d{3,8}){1,3}|0\d(?:[ .-]\d{2}){4})(?![\w-])/g

const keyHint = /sk-|k_live_|k_test_|AKIA|ASIA|gh[pousr]_|github_pat_|xox[abprs]-|AIza|glpat-|hf_|npm_|gsk_|xai-/
/** OpenAI, Anthropic and others, Stripe, AWS, GitHub, Slack, Google, GitLab, Hugging Face, npm, Groq, xAI. */
const key =
  /(?<![A-Za-z0-9])(?:sk-[\w-]{16,256}|[sr]k_(?:live|test)_\w{16,255}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|xox[abprs]-[\w-]{10,255}|AIza[\w-]{35}|glpat-[\w-]{20,255}|hf_[A-Za-z0-9]{20,255}|npm_[A-Za-z0-9]{30,255}|gsk_[A-Za-z0-9]{20,255}|xai-[A-Za-z0-9]{20,255})/g
const jwt = /(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,8192}\.[\w-]{8,4096}/g
const settingHint = /key|token|secret|password|bearer/i
/** A credential known by the name in front of it, also inside JSON that is inside a JSON string. */
const setting =
  /((?:api[_-]?key|[?&]key|access[_-]?key(?:[_-]?id)?|secret[_-]?access[_-]?key|secret[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret|password)\\{0,3}["']?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}["']?|bearer )(?!\[)[^\s"'\\,;&{}[\]()]{8,4096}/gi

/** Found from each @ outwards: a pattern would try every word of the text. */
function withoutEmails(text: string): string {
  const parts: string[] = []
  let from = 0
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    domain.lastIndex = at + 1
    const host = domain.exec(text)?.[0]
    if (host === undefined) continue
    let begin = at
    while (begin > from && at - begin < 64 && isLocalPart(text.charCodeAt(begin - 1))) begin--
    if (begin === at) continue
    parts.push(text.slice(from, begin), '[email]')
    from = at + 1 + host.length
  }
  return from === 0 ? text : parts.join('') + text.slice(from)
}

const domain = /[A-Za-z0-9\u{80}-\u{10ffff}-]{1,63}(?:\.[A-Za-z0-9\u{80}-\u{10ffff}-]{1,63}){1,8}/uy

/** Letters of any script, digits and . _ % + ' - */
function isLocalPart(code: number): boolean {
  if (code > 127) return true
  const letter = code | 32
  return (
    (letter >= 97 && letter <= 122) ||
    (code >= 48 && code <= 57) ||
    code === 46 ||
    code === 95 ||
    code === 37 ||
    code === 43 ||
    code === 39 ||
    code === 45
  )
}

/** From each BEGIN to its END; a key that was cut off loses the rest of the text. */
function withoutPem(text: string): string {
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

/** Two colons alone, times and names of C++ and Rust are no addresses. */
function isAddress(match: string): boolean {
  return /\d/.test(match) && isIPv6(match)
}

/** Numbers have 8 to 15 digits (ITU E.164). */
function isPhone(match: string): boolean {
  const digits = match.replace(/\D/g, '').length
  return digits >= 8 && digits <= 15
}
