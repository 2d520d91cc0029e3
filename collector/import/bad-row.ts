/** What is wrong with a row, and the checks that say so. */
import type { LlmRequest } from '../../records/llm-request.ts'
import type { EpochMicros } from '../../records/span.ts'
import { assign, BadValue, type Target } from './columns.ts'
import { parseTimestamp, type ZoneOffset } from './timestamp.ts'

/** A row that is refused: `reason` is a stable word to count by, the message names column and value. */
export class BadRow extends Error {
  override name = 'BadRow'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

const year2000 = Date.UTC(2000, 0, 1) * 1000
/** Shown of a bad value in messages. */
const shownChars = 80

export const shown = (value: string) =>
  JSON.stringify(value.length > shownChars ? `${value.slice(0, shownChars)}…` : value)

/** Which times a file may hold, and where those lie that name no zone. */
export interface Clock {
  zone: ZoneOffset
  /** Times after this are refused. */
  latest: EpochMicros
}

/** Writes one value; `name` is what the file calls it. Throws BadRow. */
export function assignChecked(
  request: LlmRequest,
  target: Exclude<Target, 'timestamp'>,
  value: string,
  name: string = target,
): void {
  try {
    assign(request, target, value)
  } catch (error) {
    if (!(error instanceof BadValue)) throw error
    throw new BadRow(`${target}_${error.reason}`, `${name} ${shown(value)} ${error.message}`)
  }
}

/** The time at which a row happened, as it stands in the file. Throws BadRow. */
export function checkedTime(text: string | undefined, name: string, { zone, latest }: Clock): EpochMicros {
  if (text === undefined || text === '') throw new BadRow('timestamp_missing', `${name} is empty`)
  const timestamp = parseTimestamp(text, zone)
  if (timestamp === null) throw new BadRow('timestamp_invalid', `${name} ${shown(text)} is not a time`)
  if (timestamp < year2000) throw new BadRow('timestamp_out_of_range', `${name} ${shown(text)} is before the year 2000`)
  if (timestamp > latest) throw new BadRow('timestamp_in_future', `${name} ${shown(text)} is in the future`)
  return timestamp
}
