import { describe, expect, test } from 'vitest'
import * as f from './format.ts'

/** Non-breaking spaces read as spaces. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ')

describe('numbers', () => {
  test.each([
    [null, '—'],
    [undefined, '—'],
    [Number.NaN, '—'],
    [0, '0 ms'],
    [0.001936, '1.94 µs'],
    [0.3517, '0.352 ms'],
    [35.25, '35.3 ms'],
    [350, '350 ms'],
    [999.4, '999 ms'],
    [999.9, '1 s'],
    [2300, '2.3 s'],
    [12_345, '12.3 s'],
    [59_990, '1 min'],
    [245_000, '4 min 5 s'],
    [11_520_000, '3 h 12 min'],
    [180_000_000, '2 d 2 h'],
  ])('%s ms reads %s', (value, text) => expect(plain(f.formatMs(value))).toBe(text))

  test.each([
    [null, '—'],
    [0, '0'],
    [0.25, '0.25'],
    [7, '7'],
    [1284, '1,284'],
    [9999, '9,999'],
    [12_345, '12.3 k'],
    [999_499, '999 k'],
    [999_600, '1 M'],
    [18_059_974, '18.1 M'],
    [1.5e9, '1.5 G'],
  ])('count %s reads %s', (value, text) => expect(plain(f.formatCount(value))).toBe(text))

  test('exact figures keep every digit', () => expect(f.formatExact(18_059_974)).toBe('18,059,974'))

  test('what is counted is one or many', () => {
    expect([0, 1, 12_034].map((count) => f.formatExactly(count, 'row'))).toEqual(['0 rows', '1 row', '12,034 rows'])
    expect([f.formatPart(0, 1, 'request'), f.formatPart(3, 12, 'request')]).toEqual([
      '0 of 1 request',
      '3 of 12 requests',
    ])
  })

  test.each([
    [1284, 'tok/s', '1,284 tok/s'],
    [0.25, 'req/s', '0.25 req/s'],
    [12_345, 'tok/s', '12.3 ktok/s'],
    [null, 'tok/s', '—'],
  ])('rate %s %s reads %s', (value, unit, text) => expect(plain(f.formatRate(value, unit))).toBe(text))

  test.each([
    [null, '—'],
    [0, '0 %'],
    [1, '100 %'],
    [0.16, '16 %'],
    [0.9993, '99.93 %'],
    [0.999999, '>99.99 %'],
    [0.00034, '0.034 %'],
    [0.000001, '<0.001 %'],
    [0.1234, '12.3 %'],
  ])('ratio %s reads %s', (value, text) => expect(plain(f.formatRatio(value))).toBe(text))

  test.each([
    [0, '0 B'],
    [512, '512 B'],
    [1536, '1.5 KiB'],
    [12.4 * 2 ** 30, '12.4 GiB'],
    [80 * 2 ** 30, '80 GiB'],
    [null, '—'],
  ])('%s bytes read %s', (value, text) => expect(plain(f.formatBytes(value))).toBe(text))

  test('memory of a total says the share', () => {
    expect(plain(f.formatBytesOf(12.4 * 2 ** 30, 80 * 2 ** 30))).toBe('12.4 GiB of 80 GiB (15.5 %)')
    expect(plain(f.formatBytesOf(12.4 * 2 ** 30, null))).toBe('12.4 GiB')
    expect(f.formatBytesOf(null, 80)).toBe('—')
  })
})

describe('money', () => {
  test.each([
    [null, '—'],
    [0, '$0.00'],
    [4e-9, '<$0.000001'],
    [0.0000012, '$0.0000012'],
    [0.0011, '$0.0011'],
    [0.0123456, '$0.0123'],
    [0.5, '$0.50'],
    [0.999, '$1.00'],
    [3.1, '$3.10'],
    [1204.5, '$1,204.50'],
    [1_250_000, '$1.25 M'],
    [-2.5, '−$2.50'],
  ])('%s dollars read %s', (value, text) => expect(plain(f.formatUsd(value))).toBe(text))

  test.each([
    [0.5, '$0.50'],
    [999, '$999.00'],
    [60_000, '$60 k'],
    [null, '—'],
  ])('%s dollars on a scale read %s', (value, text) => expect(plain(f.formatUsdTick(value))).toBe(text))

  test('an unknown rate has no unit', () => {
    expect(plain(f.formatUsdPerHour(3.1))).toBe('$3.10 /h')
    expect(f.formatUsdPerHour(null)).toBe('—')
  })
})

describe('change against the period before', () => {
  test.each([
    [112, 100, '+12 %'],
    [96.6, 100, '−3.4 %'],
    [100, 100, '±0 %'],
    [1200, 100, '×12'],
    [5, 0, '—'],
    [5, null, '—'],
    [null, 5, '—'],
    [0, 5, '−100 %'],
  ])('%s after %s reads %s', (now, before, text) => expect(plain(f.formatChange(now, before).text)).toBe(text))
})

describe('times', () => {
  const now = Date.UTC(2026, 10, 21, 12)
  test.each([
    [0, 'now'],
    [3500, '3 s ago'],
    [125_000, '2 min ago'],
    [7_300_000, '2 h ago'],
  ])('%s ms ago reads %s', (age, text) => expect(plain(f.formatAgo(now - age, now))).toBe(text))

  test('older than a day is a date', () => expect(f.formatAgo(now - 3 * 86_400_000, now)).toMatch(/18 Nov/))
  test('a clock ahead of ours is now', () => expect(f.formatAgo(now + 5000, now)).toBe('now'))
  test.each([
    [-5000, 'now'],
    [400, 'now'],
    [12_900, 'in 12 s'],
    [125_000, 'in 2 min'],
    [1_799_000, 'in 30 min'],
    [3_599_000, 'in 1 h'],
    [7_199_000, 'in 2 h'],
    [7_300_000, 'in 2 h'],
  ])('%s ms ahead reads %s', (left, text) => expect(plain(f.formatUntil(now + left, now))).toBe(text))
  test('what comes after a day is a date', () => expect(f.formatUntil(now + 3 * 86_400_000, now)).toMatch(/24 Nov/))
  test('ISO for the hover', () => expect(f.formatIso(now)).toBe('2026-11-21T12:00:00.000Z'))
  test.each([
    [900_000, '15 minutes'],
    [3_600_000, '1 hour'],
    [7 * 86_400_000, '7 days'],
  ])('a range of %s ms is %s', (ms, text) => expect(f.formatSpan(ms)).toBe(text))
})
