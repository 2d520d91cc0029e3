/** Every number and time that a page shows. Three significant digits, the unit always there, unknown is a dash. */
import { shownZone, wallTimeOf } from './time-zone.ts'

export const unknown = '—'
const gap = '\u00a0'

export type Maybe = number | null | undefined

const known = (value: Maybe): value is number => typeof value === 'number' && Number.isFinite(value)

const numberFormats = new Map<number, Intl.NumberFormat>()

/** Grouped digits, with so many decimals at most and at least. Intl's formats take long to make: each is made once. */
function digitsOf(value: number, most: number, least = 0): string {
  const key = most * 100 + least
  let format = numberFormats.get(key)
  if (!format) {
    format = new Intl.NumberFormat('en-US', { maximumFractionDigits: most, minimumFractionDigits: least })
    numberFormats.set(key, format)
  }
  return format.format(value)
}

/** Three significant digits without trailing zeros; whole numbers from 100 on: 0.352, 2.3, 350, 1,284. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return '0'
  const magnitude = Math.floor(Math.log10(Math.abs(value)))
  const decimals = Math.min(Math.max(digits - 1 - magnitude, 0), 12)
  return digitsOf(value, decimals)
}

/** 1.94 µs, 0.35 ms, 350 ms, 2.3 s, 4 min 5 s, 3 h 12 min. */
export function formatMs(ms: Maybe): string {
  if (!known(ms)) return unknown
  if (ms !== 0 && Math.abs(ms) < 0.1) return `${significant(ms * 1000)}${gap}µs`
  if (Math.abs(ms) < 999.5) return `${significant(ms)}${gap}ms`
  if (ms < 59_950) return `${significant(ms / 1000)}${gap}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const head = `${large}${gap}${largeUnit}`
  return small === 0 ? head : `${head} ${small}${gap}${smallUnit}`
}

/** 7, 1,284, 12.3 k, 18.1 M: exact below ten thousand. */
export function formatCount(value: Maybe): string {
  if (!known(value)) return unknown
  const size = Math.abs(value)
  if (size < 9_999.5) return significant(value, size < 1000 ? 3 : 4)
  const [divisor, unit] = size < 999_500 ? [1e3, 'k'] : size < 999_500_000 ? [1e6, 'M'] : [1e9, 'G']
  return `${significant(value / divisor)}${gap}${unit}`
}

/** All digits, for the hover: 18,059,974. */
export function formatExact(value: Maybe): string {
  return known(value) ? digitsOf(value, 12) : unknown
}

/** 1 request, 12k requests. */
export function formatCounted(value: Maybe, unit: string): string {
  return `${formatCount(value)} ${unit}${value === 1 ? '' : 's'}`
}

/** All digits, for the hover: 1 request, 12,034 requests. */
export function formatExactly(value: Maybe, unit: string): string {
  return `${formatExact(value)} ${unit}${value === 1 ? '' : 's'}`
}

/** All digits, for the hover: 3 of 12,034 requests, 0 of 1 request. */
export function formatPart(part: Maybe, whole: Maybe, unit: string): string {
  return `${formatExact(part)} of ${formatExactly(whole, unit)}`
}

/** 1,284 tok/s, 0.25 req/s. */
export function formatRate(perSecond: Maybe, unit: string): string {
  if (!known(perSecond)) return unknown
  const text = formatCount(perSecond)
  return /[kMG]$/.test(text) ? `${text}${unit}` : `${text}${gap}${unit}`
}

/** 16 %, 99.93 %, 0.034 %; never 100 % for less than all, never 0 % for more than none. */
export function formatRatio(ratio: Maybe): string {
  if (!known(ratio)) return unknown
  const percent = ratio * 100
  if (percent > 99 && percent < 100) {
    const shown = Math.min(Number(percent.toFixed(2)), 99.99)
    return `${percent > 99.99 ? '>' : ''}${shown}${gap}%`
  }
  if (percent > 0 && percent < 0.001) return `<0.001${gap}%`
  return `${significant(percent)}${gap}%`
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** 12.4 GiB. */
export function formatBytes(bytes: Maybe): string {
  if (!known(bytes)) return unknown
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), byteUnits.length - 1)
  return `${significant(bytes / 1024 ** power)}${gap}${byteUnits[power]}`
}

/** 12.4 GiB of 80 GiB (16 %). */
export function formatBytesOf(used: Maybe, total: Maybe): string {
  if (!known(used)) return unknown
  if (!known(total) || total === 0) return formatBytes(used)
  return `${formatBytes(used)} of ${formatBytes(total)} (${formatRatio(used / total)})`
}

/** $0.0011, $3.10, $1,204.50, $1.25 M. A known zero is $0.00; less than a millionth says so, never $0. */
export function formatUsd(usd: Maybe): string {
  if (!known(usd)) return unknown
  const size = Math.abs(usd)
  const sign = usd < 0 ? '−' : ''
  if (size === 0) return '$0.00'
  if (size < 0.000001) return `${sign}<$0.000001`
  if (size < 0.995) return `${sign}$${twoDecimals(size)}`
  if (size < 999_995) return `${sign}$${digitsOf(size, 2, 2)}`
  return `${sign}$${significant(size / 1e6)}${gap}M`
}

function twoDecimals(size: number): string {
  const text = significant(size)
  return (text.split('.')[1]?.length ?? 0) < 2 ? size.toFixed(2) : text
}

/** $0.50, $60 k: short enough for the scale of a chart. */
export function formatUsdTick(usd: Maybe): string {
  return known(usd) && usd >= 1000 ? `$${formatCount(usd)}` : formatUsd(usd)
}

/** $3.10 /h */
export function formatUsdPerHour(usd: Maybe): string {
  return known(usd) ? `${formatUsd(usd)}${gap}/h` : unknown
}

export interface Change {
  text: string
  /** Relative: 0.12 is 12 % more; null when there is nothing to compare with. */
  ratio: number | null
}

/** +12 %, −3.4 %, ±0 %, ×12; nothing to compare with is a dash. */
export function formatChange(current: Maybe, previous: Maybe): Change {
  if (!known(current) || !known(previous) || previous === 0) return { text: unknown, ratio: null }
  const ratio = (current - previous) / previous
  if (ratio >= 9) return { text: `×${significant(current / previous, 2)}`, ratio }
  const percent = Number((ratio * 100).toFixed(Math.abs(ratio) < 0.1 ? 1 : 0))
  const sign = percent > 0 ? '+' : percent < 0 ? '−' : '±'
  return { text: `${sign}${Math.abs(percent)}${gap}%`, ratio }
}

/** Relative under a day (3 s ago, 2 h ago), then the date and time in the chosen zone. */
export function formatAgo(at: Maybe, now: number): string {
  if (!known(at)) return unknown
  const age = Math.max(now - at, 0)
  if (age < 1000) return 'now'
  if (age < 60_000) return `${Math.floor(age / 1000)}${gap}s ago`
  if (age < 3_600_000) return `${Math.floor(age / 60_000)}${gap}min ago`
  if (age < 86_400_000) return `${Math.floor(age / 3_600_000)}${gap}h ago`
  return formatTime(at, 86_400_000)
}

/** The same towards the future: in 5 s, in 2 h, then the date; what is due is `now`. */
export function formatUntil(at: Maybe, now: number): string {
  if (!known(at)) return unknown
  const left = at - now
  if (left < 1000) return 'now'
  if (left < 60_000) return `in ${Math.floor(left / 1000)}${gap}s`
  // To the nearest: what was just asked for two hours is not over in one.
  const minutes = Math.round(left / 60_000)
  if (minutes < 60) return `in ${minutes}${gap}min`
  if (left < 86_400_000) return `in ${Math.round(left / 3_600_000)}${gap}h`
  return formatTime(at, 7 * 86_400_000)
}

const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
const withSeconds: Intl.DateTimeFormatOptions = { ...clock, second: '2-digit' }
const day: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' }

const formats = new Map<string, Intl.DateTimeFormat>()

/** In the chosen zone. */
function inZone(at: number, options: Intl.DateTimeFormatOptions): string {
  const zone = shownZone()
  const key = JSON.stringify([zone, options])
  let format = formats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', zone === undefined ? options : { ...options, timeZone: zone })
    formats.set(key, format)
  }
  return format.format(at)
}

/** A time on an axis or in a tooltip: as much date as a range of `rangeMs` needs. */
export function formatTime(at: number, rangeMs: number): string {
  if (rangeMs <= 15 * 60_000) return wallTimeOf(at).slice(-8)
  if (rangeMs < 86_400_000) return formatClock(at)
  return inZone(at, rangeMs <= 7 * 86_400_000 ? { ...day, ...clock } : day)
}

/** The time of day: 08:30. As it is on most axes, it is had without a format. */
export const formatClock = (at: number): string => wallTimeOf(at).slice(-8, -3)

/** The time of day; with its day where that is another one than that of `beside`. */
export const formatClockBeside = (at: number, beside: number): string =>
  formatDay(at) === formatDay(beside) ? formatClock(at) : `${formatDay(at)} ${formatClock(at)}`

/** A day of the reader's calendar: Sat, 21 Nov. */
export const formatDay = (at: number): string => inZone(at, { weekday: 'short', ...day })

/** All of it, to the second: 21 Nov 2026, 08:30:00. */
export function formatDateTime(at: Maybe): string {
  return known(at) ? inZone(at, { ...day, year: 'numeric', ...withSeconds }) : unknown
}

/** A calendar month as it is accounted, in UTC: November 2026. */
export function formatMonth(at: number): string {
  return new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(at)
}

/** ISO 8601, for the hover. */
export function formatIso(at: Maybe): string {
  return known(at) ? new Date(at).toISOString() : unknown
}

/** The length of a range in words: 15 minutes, 1 hour, 7 days. */
export function formatSpan(ms: number): string {
  const [size, unit] =
    ms % 86_400_000 === 0 ? [86_400_000, 'day'] : ms % 3_600_000 === 0 ? [3_600_000, 'hour'] : [60_000, 'minute']
  const count = Math.max(Math.round(ms / size), 1)
  return formatCounted(count, unit)
}
