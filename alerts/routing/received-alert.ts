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

const text = z
  .string()
  .nullable()
  .transform((given) => given ?? '')
const texts = z.record(z.string(), text)

/** As Alertmanager reads it: also without seconds, with a space for the T, and of UTC where it does not say. */
const time = z
  .string()
  .regex(
    /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/i,
    'expected a time such as 2026-11-27T23:00:00Z',
  )
  .transform((said) =>
    said === '' ? undefined : Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(said.slice(10)) ? said : `${said}Z`),
  )
  .refine((at) => !Number.isNaN(at), 'no such time')

/** Unknown keys pass, and null and an empty text say nothing, as in Alertmanager. */
const postedAlert = z.object({
  labels: texts,
  annotations: texts.nullish().transform((given) => given ?? {}),
  startsAt: time.nullish(),
  endsAt: time.nullish(),
  generatorURL: z.string().nullish(),
})
type PostedAlert = z.output<typeof postedAlert>

/** What is wrong with what is no alert, as text: it doesn't keep the others out. */
export const postedAlerts = z.array(z.unknown()).transform((list) => list.map((one, index) => parsed(one, index)))

function parsed(one: unknown, index: number): PostedAlert | string {
  const { data, error } = postedAlert.safeParse(one)
  return data ?? `${[index, ...(error?.issues[0]?.path ?? [])].join('.')}: ${error?.issues[0]?.message}`
}

export interface Received {
  /** The valid ones: a bad alert doesn't keep the others out. */
  alerts: ReceivedAlert[]
  /** In Alertmanager's words. */
  problems: string[]
}

/** `resolveTimeoutMs` is how long an alert without an end lasts. */
export function readPostedAlerts(
  posted: z.output<typeof postedAlerts>,
  now: number,
  resolveTimeoutMs: number,
): Received {
  const read = posted.map((one) => (typeof one === 'string' ? one : readPostedAlert(one, now, resolveTimeoutMs)))
  return {
    alerts: read.flatMap((alert) => (typeof alert === 'string' ? [] : [alert])),
    problems: read.filter((alert) => typeof alert === 'string'),
  }
}

/** Go's zero time, 0001-01-01, is no time. */
const given = (at: number | null | undefined) => (at === undefined || at === null || at < 0 ? undefined : at)

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
