import type { EpochMicros } from '../../records/span.ts'

/** Offset of a zone from UTC, in minutes, at a wall-clock time given as if it were UTC, in epoch ms. */
export type ZoneOffset = (wallMs: number) => number

const wallClock =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i
const epoch = /^(\d{1,20})(?:\.(\d{1,12}))?$/

/**
 * Reads a point in time: ISO 8601, `YYYY-MM-DD hh:mm:ss.fffffff`, or seconds, milliseconds, microseconds or nanoseconds
 * since 1970, told apart by their size. Digits below a microsecond are cut off. Without an offset in the text the time is
 * one of `zone`. Null when it is no such thing.
 */
export function parseTimestamp(text: string, zone: ZoneOffset): EpochMicros | null {
  const number = epoch.exec(text)
  if (number) return epochMicros(number[1] ?? '', number[2] ?? '')
  const parts = wallClock.exec(text)
  if (!parts) return null
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const [hour, minute, second] = [Number(parts[4] ?? 0), Number(parts[5] ?? 0), Number(parts[6] ?? 0)]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59)
    return null
  const wall = Date.UTC(year, month - 1, day, hour, minute, second)
  const offset = parts[8] === undefined ? zone(wall) : offsetMinutes(parts[8])
  return wall * 1000 - offset * 60_000_000 + Number((parts[7] ?? '').padEnd(6, '0').slice(0, 6))
}

/** The zone of an IANA name such as `Europe/Berlin`. Throws RangeError when there is none of that name. */
export function zoneOffset(name: string): ZoneOffset {
  if (/^(utc|gmt|z|etc\/utc)$/i.test(name)) return () => 0
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  const at = (utcMs: number) => {
    const shown = format.formatToParts(utcMs).find((part) => part.type === 'timeZoneName')?.value ?? ''
    return offsetMinutes(shown.replace('GMT', ''))
  }
  // Zones change on quarter hours at most, and asking Intl costs microseconds: once a quarter hour is enough.
  const known = new Map<number, number>()
  return (wallMs) => {
    const quarter = Math.floor(wallMs / 900_000)
    const found = known.get(quarter)
    if (found !== undefined) return found
    const guess = at(wallMs)
    const offset = at(wallMs - guess * 60_000)
    if (known.size > 100_000) known.clear()
    known.set(quarter, offset)
    return offset
  }
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function epochMicros(whole: string, fraction: string): EpochMicros {
  const value = Number(whole)
  if (value < 1e11) return value * 1e6 + Number(fraction.padEnd(6, '0').slice(0, 6))
  if (value < 1e14) return value * 1e3 + Number(fraction.padEnd(3, '0').slice(0, 3))
  return value < 1e17 ? value : Number(BigInt(whole) / 1000n)
}

function offsetMinutes(text: string): number {
  const parts = /^([+-])(\d\d):?(\d\d)?$/.exec(text)
  if (!parts) return 0
  const minutes = Number(parts[2]) * 60 + Number(parts[3] ?? 0)
  return parts[1] === '-' ? -minutes : minutes
}
