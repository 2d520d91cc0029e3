/**
 * Personal data and secrets in text, replaced by what they were. Every pattern has bounded repeats and starts where the
 * one before cannot have, so that the whole is linear in the text: 1 MB of any input is a matter of milliseconds.
 */
import { isIPv6 } from 'node:net'

/** Text with e-mail addresses, phone and card numbers, IBANs, IP addresses, keys and tokens replaced by `[kind]`. */
export function redactText(text: string): string {
  let redacted = redactSecrets(text)
  if (redacted.includes('@')) redacted = redacted.replace(email, '[email]')
  if (!/\d/.test(redacted)) return redacted
  redacted = redacted.replace(iban, (match) => (isIban(match) ? '[iban]' : match))
  redacted = redacted.replace(card, (match) => (isCard(match) ? '[card]' : match))
  redacted = redacted.replace(ipv4, '[ip]')
  if (redacted.includes(':')) redacted = redacted.replace(ipv6, (match) => (isAddress(match) ? '[ip]' : match))
  return redacted.replace(phone, '[phone]')
}

/** Text with keys, tokens and private keys alone replaced: for error messages and addresses. */
export function redactSecrets(text: string): string {
  if (text.length < 8) return text
  let redacted = text.includes('-----BEGIN') ? withoutPem(text) : text
  if (keyHint.test(redacted)) redacted = redacted.replace(key, '[key]')
  if (redacted.includes('eyJ')) redacted = redacted.replace(jwt, '[jwt]')
  if (settingHint.test(redacted)) redacted = redacted.replace(setting, '$1[key]')
  return redacted
}

const email = /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g
const iban = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/g
/** 13 to 19 digits in groups, of a brand's first digit; Luhn decides. */
const card = /(?<![\d.-])[2-6](?:[ -]?\d){12,18}(?![\d-])/g
const ipv4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d]|\.\d)/g
const ipv6 = /(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,37}(?![\w:])/g
/** With a plus, or with separators: bare digits are ids and times far more often. */
const phone =
  /(?<![\w.+-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){1,4}|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w-])/g

const keyHint = /sk-|AKIA|ASIA|gh[pousr]_|github_pat_|xox[abprs]-|AIza|glpat-|hf_|npm_|gsk_|xai-|[Bb]earer /
const key =
  /(?<![A-Za-z0-9])(?:sk-[\w-]{16,256}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|xox[abprs]-[\w-]{10,255}|AIza[\w-]{35}|glpat-[\w-]{20,255}|hf_[A-Za-z0-9]{20,255}|npm_[A-Za-z0-9]{30,255}|gsk_[A-Za-z0-9]{20,255}|xai-[A-Za-z0-9]{20,255}|[Bb]earer [\w.~+/=-]{16,4096})/g
const jwt = /(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,8192}\.[\w-]{8,4096}/g
const settingHint = /key|token|secret|password/i
const setting =
  /((?:api[_-]?key|x-api-key|[?&]key|access[_-]?key|secret[_-]?access[_-]?key|secret[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret|password)\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?)(?!\[)[^\s"'\\,;&{}[\]()]{8,512}/gi

/** From each BEGIN to its END; a key that was cut off loses the rest of the text. */
function withoutPem(text: string): string {
  const parts: string[] = []
  let from = 0
  for (;;) {
    const begin = text.indexOf('-----BEGIN', from)
    if (begin === -1) break
    parts.push(text.slice(from, begin), '[private key]')
    const end = text.indexOf('-----END', begin)
    if (end === -1) return parts.join('')
    const close = text.indexOf('-----', end + 8)
    if (close === -1) return parts.join('')
    from = close + 5
  }
  return parts.join('') + text.slice(from)
}

/** The check digit of card numbers (ISO/IEC 7812-1). */
function isCard(match: string): boolean {
  const digits = match.replace(/[ -]/g, '')
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** The check digits of IBANs (ISO 13616): mod 97 is 1. */
function isIban(match: string): boolean {
  const compact = match.replaceAll(' ', '')
  if (compact.length < 15 || compact.length > 34) return false
  let rest = 0
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
  }
  return rest === 1
}

/** Two colons alone, times and C++ names are no addresses. */
function isAddress(match: string): boolean {
  return /\d/.test(match) && isIPv6(match)
}
