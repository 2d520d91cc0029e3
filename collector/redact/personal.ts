/** Personal data in text. Every repeat is bounded, and every pattern guarded by a cheap look for what it must contain: linear. */
import { isIPv6 } from 'node:net'
import { isCardNumber, isIban } from './check-digits.ts'

/** Text with e-mail addresses, phone and card numbers, IBANs and IP addresses replaced by `[kind]`. */
export function redactPersonal(text: string): string {
  let redacted = text.includes('@') || text.includes('u0040') ? withoutEmails(text) : text
  if (redacted.includes(':') && ipv6Hint.test(redacted))
    redacted = redacted.replace(ipv6, (match) => (isAddress(match) ? '[ip]' : match))
  if (!numberHint.test(redacted)) return redacted
  return redacted
    .replace(iban, (match) => (isIban(match) ? '[iban]' : match))
    .replace(card, withoutCard)
    .replace(ipv4, '[ip]')
    .replace(phone, (match) => (isPhone(match) ? '[phone]' : match))
}

/** Whether a number without separators is a card's. */
export function isBareCard(digits: string): boolean {
  return /^[2-6]\d{12,18}$/.test(digits) && isCardNumber(digits)
}

/** The shortest are an address and a phone number: 1.1.1.1 and 01 23 45 67. */
const numberHint = /\d[\d ./()+-]{5}/
const iban = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/g
/** 13 to 19 digits, in groups or not, with a brand's first digit: nanoseconds since 1970 begin with a 1. */
const card = /(?<![\d.-])[2-6](?:[ -]?\d){12,18}(?![\d-])/g
const ipv4 = /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\d|\.\d)/g
const ipv6Hint = /:[0-9A-Fa-f]{0,4}:/
const ipv6 = /(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,37}(?:\.\d{1,3}){0,3}(?![\w:])/g
/** With a plus, a trunk zero or separators: bare digits are far more often ids and times. */
const phone =
  /(?=[+(\d])(?<![\w.+-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,5}(?:[ ./-]?\d{2,5}){1,5}|(?:\+?1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}|0\d{2,4}(?:[ /-]\d{3,8}){1,3}|0\d(?:[ .-]\d{2}){4})(?![\w-])/g

/** The digits may go on behind the number, as with a CVV: what ends before a separator is tried too. */
function withoutCard(match: string): string {
  if (isCardNumber(match)) return '[card]'
  for (let end = match.length - 1; end >= 13; end--) {
    const separator = match[end]
    if (separator !== ' ' && separator !== '-') continue
    const head = match.slice(0, end)
    if (head.replace(/\D/g, '').length >= 13 && isCardNumber(head)) return `[card]${match.slice(end)}`
  }
  return match
}

/** JSON may spell the sign as an escape. */
const atSign = /@|\\{1,8}u0040/g

/** Found from each @ outwards: a pattern would try every word of the text. */
function withoutEmails(text: string): string {
  const parts: string[] = []
  let from = 0
  for (const { 0: sign, index } of text.matchAll(atSign)) {
    domain.lastIndex = index + sign.length
    const host = domain.exec(text)?.[0]
    if (host === undefined) continue
    let begin = index
    while (begin > from && index - begin < 64 && isLocalPart(text.charCodeAt(begin - 1))) begin--
    if (begin === index) continue
    parts.push(text.slice(from, begin), '[email]')
    from = index + sign.length + host.length
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

/** Two colons alone, times and names of C++ and Rust are no addresses. */
function isAddress(match: string): boolean {
  return /\d/.test(match) && isIPv6(match)
}

/** Numbers have 8 to 15 digits (ITU E.164). */
function isPhone(match: string): boolean {
  const digits = match.replace(/\D/g, '').length
  return digits >= 8 && digits <= 15
}
