import { expect, test } from 'vitest'
import { isCardNumber, isIban } from './check-digits.ts'

test.each([
  ['4111111111111111', true],
  ['4111 1111 1111 1111', true],
  ['5555-5555-5555-4444', true],
  ['378282246310005', true],
  ['4111111111111112', false],
  ['4111111111111121', false],
])('card %s: %o', (text, is) => {
  expect(isCardNumber(text)).toBe(is)
})

test.each([
  ['DE89370400440532013000', true],
  ['DE89 3704 0044 0532 0130 00', true],
  ['GB29NWBK60161331926819', true],
  ['NO9386011117947', true],
  ['DE88370400440532013000', false],
  ['DE8937040044', false],
])('IBAN %s: %o', (text, is) => {
  expect(isIban(text)).toBe(is)
})
