/** The zone in which pages show times: the browser's, UTC, or one that the reader chose. */

let shownIn: string | undefined

/** An IANA name; undefined is the browser's. The frame sets it before it draws a page. */
export function showTimesIn(zone: string | undefined): void {
  shownIn = zone
}

export const shownZone = (): string | undefined => shownIn

let ownZone: string | undefined

/** Asked for once: it is of the machine, and takes long to tell. UTC, by which clocks go then, where the machine's has no name. */
export const browserZone = (): string => (ownZone ??= machineZone())

function machineZone(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions() as { timeZone?: string }
  return timeZone !== undefined && isTimeZone(timeZone) ? timeZone : 'UTC'
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Every zone that the browser knows, UTC first. */
export const allZones = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((name) => name !== 'UTC')]

const formats = new Map<string, Intl.DateTimeFormat>()

/** Intl's formats take long to make: each is made once. */
function partsFormat(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    })
    formats.set(zone, format)
  }
  return format
}

/** How far the zone's clocks are ahead of UTC at a moment, in ms. */
export function offsetAt(at: number, zone: string | undefined = shownIn): number {
  // Of most readers, and known without a format.
  if (zone === undefined) return 0 - new Date(at).getTimezoneOffset() * 60_000
  if (zone === 'UTC') return 0
  const second = Math.floor(at / 1000) * 1000
  const parts = Object.fromEntries(
    partsFormat(zone)
      .formatToParts(second)
      .map(({ type, value }) => [type, value]),
  )
  const number = (name: string) => Number(parts[name])
  const [year, month, day] = [number('year'), number('month') - 1, number('day')]
  return Date.UTC(year, month, day, number('hour'), number('minute'), number('second')) - second
}

/** As an input of type datetime-local holds it: the zone's wall clock, to the second, without an offset. */
export function wallTimeOf(at: number, zone: string | undefined = shownIn): string {
  return new Date(at + offsetAt(at, zone)).toISOString().slice(0, 19)
}

/**
 * The moment that such an input means, in epoch ms; not a number when it is empty. Of an hour that clocks skip it is one beside it,
 * of one that they repeat the first.
 */
export function momentOf(wall: string, zone: string | undefined = shownIn): number {
  const utc = Date.parse(`${wall}Z`)
  if (Number.isNaN(utc)) return Number.NaN
  // The offset of the day before and after: one of them holds at the moment itself.
  const guesses = [-86_400_000, 86_400_000].map((away) => utc - offsetAt(utc + away, zone))
  return guesses.find((at) => at + offsetAt(at, zone) === utc) ?? Math.max(...guesses)
}
