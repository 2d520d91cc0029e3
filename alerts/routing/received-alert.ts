/** Reads what is posted to Alertmanager's `/api/v2/alerts`. Pure. */
import { z } from 'zod'
import { fingerprint, type Labels } from '../labels.ts'

/** Times are epoch milliseconds. */
export interface ReceivedAlert {
  fingerprint: string
  labels: Labels
  annotations: Record<string, string>
  starts_at: number
  /** It is over then, unless it is sent again; not after now: it is over. */
  expires_at: number
  generator_url?: string
}

const texts = z.record(z.string(), z.string())
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

/** Unknown keys pass, as they do in Alertmanager. */
const postedAlert = z.object({
  labels: texts,
  annotations: texts.default({}),
  startsAt: time.optional(),
  endsAt: time.optional(),
  generatorURL: z.string().optional(),
})
export const postedAlerts = z.array(postedAlert)
type PostedAlert = z.output<typeof postedAlert>

export interface Received {
  /** The valid ones: a bad alert doesn't keep the others out. */
  alerts: ReceivedAlert[]
  /** In Alertmanager's words. */
  problems: string[]
}

/** `resolveTimeoutMs` is how long an alert without an end lasts. */
export function readPostedAlerts(posted: readonly PostedAlert[], now: number, resolveTimeoutMs: number): Received {
  const read = posted.map((alert) => readPostedAlert(alert, now, resolveTimeoutMs))
  return {
    alerts: read.flatMap((alert) => (typeof alert === 'string' ? [] : [alert])),
    problems: read.filter((alert) => typeof alert === 'string'),
  }
}

/** Go's zero time, 0001-01-01, is no time. */
const given = (at: number | undefined) => (at === undefined || at < 0 ? undefined : at)

function readPostedAlert(posted: PostedAlert, now: number, resolveTimeoutMs: number): ReceivedAlert | string {
  const { annotations, generatorURL } = posted
  // An empty label is no label.
  const labels = Object.fromEntries(Object.entries(posted.labels).filter(([, value]) => value !== ''))
  const ends = given(posted.endsAt)
  // One that is said to end has begun.
  const starts_at = given(posted.startsAt) ?? Math.min(ends ?? now, now)
  const expires_at = ends ?? now + resolveTimeoutMs
  if (expires_at < starts_at) return 'start time must be before end time'
  if (Object.keys(labels).length === 0) return 'at least one label pair required'
  const bad = [...Object.keys(labels), ...Object.keys(annotations)].find((name) => name === '' || !name.isWellFormed())
  if (bad !== undefined) return `invalid label set: invalid name ${JSON.stringify(bad)}`
  const explained = generatorURL ? { generator_url: generatorURL } : {}
  return { fingerprint: fingerprint(labels), labels, annotations, starts_at, expires_at, ...explained }
}
