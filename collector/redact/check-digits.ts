/** Check digits tell numbers that mean something from numbers that only look like it. */

/** Luhn's digit of payment cards (ISO/IEC 7812-1); spaces and hyphens are skipped. */
export function isCardNumber(text: string): boolean {
  const digits = text.replace(/[ -]/g, '')
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** International bank account numbers: 15 to 34 characters, mod 97 is 1 (ISO 13616). */
export function isIban(text: string): boolean {
  const compact = text.replaceAll(' ', '')
  if (compact.length < 15 || compact.length > 34) return false
  let rest = 0
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
  }
  return rest === 1
}
