/** One attempt at one notification, and what follows from its outcome. Never throws. */
import { createPost, redactor } from './notify/post.ts'
import { DeliveryError, type Change, type Memory, type Tools } from './notify/notifier.ts'
import type { Notification } from './notify/notification.ts'
import type { Channel } from './channel.ts'
import type { Clock } from './clock.ts'

export interface Attempt {
  /** sent: the vendor has it · retry: try again later · failed: no use without a change of configuration. */
  outcome: 'sent' | 'retry' | 'failed'
  http_status: number | null
  /** Without secrets; empty when sent. */
  error: string
  duration_ms: number
  /** How long to wait before the next attempt, when the outcome is retry. */
  retry_in_ms: number
  /** The vendor named that time. */
  asked_to_wait: boolean
  /** What the next message of the group has to know; null unless sent. */
  memory: Memory | null
}

export interface Sender {
  clock: Clock
  fetch: typeof fetch
  /** From 0 to 1; jitter. */
  random: () => number
  /** Whether this process may tell anybody; it may unless said. */
  leads?: () => boolean
  signal: AbortSignal
}

const attemptTimeoutMs = 10_000

/** What a channel's notifier works with; `attempts` counts this one. */
function toolsFor(
  { secrets }: Pick<Channel, 'secrets'>,
  memory: Memory | null,
  attempts: number,
  { clock, fetch, signal }: Omit<Sender, 'random'>,
): Tools {
  const timeoutMs = attemptTimeoutMs
  const post = createPost({ fetch, signal, now: () => clock.now(), secrets, timeoutMs })
  return { post, memory, attempt: attempts, signal, timeoutMs, redact: redactor(secrets) }
}

/** `attempts` counts this one. */
export function attempt(
  channel: Channel,
  notification: Notification,
  { memory, attempts }: { memory: Memory | null; attempts: number },
  sender: Sender,
): Promise<Attempt> {
  const tools = toolsFor(channel, memory, attempts, sender)
  return outcomeOf(
    () => (sender.leads?.() === false ? Promise.reject(deposed()) : channel.send(notification, tools)),
    attempts,
    sender.random,
  )
}

/** Tells the vendor that somebody takes care of the group; null where it knows no such thing. `attempts` counts this one. */
export function acknowledge(
  channel: Channel,
  groupKey: string,
  attempts: number,
  sender: Sender,
): Promise<Attempt> | null {
  const { acknowledge: tell } = channel
  if (!tell) return null
  const work = () =>
    sender.leads?.() === false ? Promise.reject(deposed()) : tell(groupKey, toolsFor(channel, null, attempts, sender))
  return outcomeOf(() => work().then(() => null), attempts, sender.random)
}

/** Puts a change on the vendor's time line; null where it is not wanted. `attempts` counts this one. */
export function tellChange(
  channel: Channel,
  change: Change,
  attempts: number,
  sender: Sender,
): Promise<Attempt> | null {
  const { change: tell } = channel
  if (!tell) return null
  const work = () =>
    sender.leads?.() === false ? Promise.reject(deposed()) : tell(change, toolsFor(channel, null, attempts, sender))
  return outcomeOf(() => work().then(() => null), attempts, sender.random)
}

async function outcomeOf(work: () => Promise<Memory | null>, attempts: number, random: () => number): Promise<Attempt> {
  const started = performance.now()
  const done = (rest: Partial<Attempt>): Attempt => ({
    outcome: 'sent',
    http_status: null,
    error: '',
    duration_ms: performance.now() - started,
    retry_in_ms: 0,
    asked_to_wait: false,
    memory: null,
    ...rest,
  })
  try {
    return done({ memory: await work() })
  } catch (error) {
    const failure = error instanceof DeliveryError ? error : unexpected(error)
    const { httpStatus: http_status, retryAfterMs, message } = failure
    if (!failure.retryable) return done({ outcome: 'failed', http_status, error: message })
    const own = backoffMs(attempts, random)
    const retry_in_ms = Math.max(Math.min(retryAfterMs ?? 0, longestAskedMs), own)
    return done({ outcome: 'retry', http_status, error: message, retry_in_ms, asked_to_wait: retryAfterMs !== null })
  }
}

const firstBackoffMs = 1_000
const longestBackoffMs = 300_000
/** No vendor is left alone for longer, whatever it asks for: it may err, and a page that waits for a day is none. */
const longestAskedMs = 900_000

/** Doubles from one second to five minutes; half of it is jitter. */
export function backoffMs(attempts: number, random: () => number): number {
  const ceiling = Math.min(firstBackoffMs * 2 ** Math.min(attempts - 1, 20), longestBackoffMs)
  return ceiling / 2 + (ceiling / 2) * random()
}

const deposed = () => new DeliveryError('another process tells receivers now', { retryable: true })

/** A fault of our own while rendering: the text may hold anything, so it isn't shown. */
function unexpected(error: unknown): DeliveryError {
  const name = error instanceof Error ? error.name : typeof error
  return new DeliveryError(`the notification could not be made (${name})`, { retryable: false })
}
