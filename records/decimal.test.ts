import { expect, test } from 'vitest'
import { decimalOf, picoOf, picoProduct, shifted, storedPico, usdText } from './decimal.ts'

test.each([
  [0, 0n, 0],
  [2.5, 25n, 1],
  [0.1, 1n, 1],
  [1e-7, 1n, 7],
  [123_000, 123n, -3],
  [-0.05, -5n, 2],
  [1e21, 1n, -21],
])('%d is %d × 10^-%d', (value, digits, scale) => {
  expect(decimalOf(value)).toEqual({ digits, scale })
})

test('a rate per token is one per 1M tokens, to the digit', () => {
  for (const [token, million] of [
    [1.25e-6, 1.25],
    [7.5e-8, 0.075],
    [3e-7, 0.3],
    [0.00006, 60],
    [0, 0],
  ] as const)
    expect(shifted(token, 6)).toBe(million)
})

test('products are exact, and rounded once', () => {
  expect(picoProduct([0.1, 3], -6)).toBe(300_000n)
  expect(picoProduct([0.1, 0.2, 0.3])).toBe(6_000_000_000n)
  expect(picoProduct([5e-13])).toBe(1n)
  expect(picoProduct([4.9e-13])).toBe(0n)
  expect(picoProduct([15, 999_999_999], -6)).toBe(14_999_999_985_000_000n)
})

test.each([
  [0n, '0'],
  [1n, '0.000000000001'],
  [12_500_000_000n, '0.0125'],
  [-500_000_000_000n, '-0.5'],
  [123_456_125_000_000_000n, '123456.125'],
])('%d pico-dollars are $%s, there and back', (pico, text) => {
  expect(usdText(pico)).toBe(text)
  expect(picoOf(text)).toBe(pico)
})

test('what is no amount is refused; an amount above 4,500 USD keeps the digits that a double has', () => {
  for (const text of ['', '1e5', '.5', 'NaN', '1.']) expect(() => picoOf(text)).toThrow(SyntaxError)
  expect(usdText(storedPico(123_456.125))).toBe('123456.125')
  expect(usdText(storedPico(14_999.999985))).toMatch(/^14999\.99998(5|49999999)/)
})
