import { expect, test } from 'vitest'
import { parseTimestamp, zoneOffset } from './timestamp.ts'

const utc = zoneOffset('UTC')
const day = Date.UTC(2023, 10, 16) * 1000
const noon = day + 12 * 3_600_000_000

test.each([
  ['2023-11-16 18:17:03.9799600', day + 65_823_979_960],
  ['2023-11-16T18:17:03.979960Z', day + 65_823_979_960],
  ['2023-11-16T18:17:03,979Z', day + 65_823_979_000],
  ['2023-11-16 18:17:03.123456789', day + 65_823_123_456],
  ['2023-11-16T20:17:03+02:00', day + 65_823_000_000],
  ['2023-11-16T13:47:03-0430', day + 65_823_000_000],
  ['2023-11-16 18:17 UTC', day + 65_820_000_000],
  ['2023-11-16', day],
  ['2024-02-29', Date.UTC(2024, 1, 29) * 1000],
  ['1700158623', 1_700_158_623_000_000],
  ['1700158623.5', 1_700_158_623_500_000],
  ['1700158623979', 1_700_158_623_979_000],
  ['1700158623979.25', 1_700_158_623_979_250],
  ['1700158623979960', 1_700_158_623_979_960],
  ['1700158623979960123', 1_700_158_623_979_960],
])('%s', (text, micros) => {
  expect(parseTimestamp(text, utc)).toBe(micros)
})

test.each([
  '',
  'yesterday',
  '2023-02-30 00:00:00',
  '2023-13-01',
  '2023-02-29',
  '1900-02-29',
  '2023-04-31',
  '2023-00-10',
  '2023-01-00',
  '2023-11-16 24:00:00',
  '2023-11-16 12:60:00',
  '2023-11-16 12:00:61',
  '-5',
  '1e9',
  '16/11/2023',
  '2023-11-16 12:00:00 CET',
])('no time: %j', (text) => {
  expect(parseTimestamp(text, utc)).toBeNull()
})

test.each([
  ['Europe/Berlin', '2023-11-16 13:00:00', noon],
  ['Asia/Kolkata', '2023-11-16 17:30:00', noon],
  ['America/New_York', '2023-11-16 07:00:00', noon],
  // Summer time, and the first minute after the clocks went forward and back.
  ['Europe/Berlin', '2024-07-01 12:00:00', Date.UTC(2024, 6, 1, 10) * 1000],
  ['Europe/Berlin', '2024-03-31 03:00:00', Date.UTC(2024, 2, 31, 1) * 1000],
  ['Europe/Berlin', '2024-10-27 03:00:00', Date.UTC(2024, 9, 27, 2) * 1000],
  // A zone in the text wins.
  ['Europe/Berlin', '2023-11-16 12:00:00Z', noon],
])('%s: %s', (zone, text, micros) => {
  expect(parseTimestamp(text, zoneOffset(zone))).toBe(micros)
})

test('an unknown zone is an error', () => {
  expect(() => zoneOffset('Mars/Olympus')).toThrow(RangeError)
})
