/** One attempt at one notification, and what follows from its outcome. Never throws. */
import { createPost } from './notify/post.ts'
import { DeliveryError } from './notify/notifier.ts'
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
}

export interface Sender {
  clock: Clock
  fetch: typeof fetch
  /** From 0 to 1; jitter. */
  random: () => number
  signal: AbortSignal
}

/** `attempts` counts this one. */
export async function attempt(
  channel: Channel,
  notification: Notification,
  attempts: number,
  { clock, fetch, random, signal }: Sender,
): Promise<Attempt> {
  const post = createPost({ fetch, signal, now: () => clock.now(), secrets: channel.secrets })
  const started = performance.now()
  const done = (rest: Partial<Attempt>): Attempt => ({
    outcome: 'sent',
    http_status: null,
    error: '',
    duration_ms: performance.now() - started,
    retry_in_ms: 0,
    asked_to_wait: false,
    ...rest,
  })
  try {
    await channel.send(notification, { post })
    return done({})
  } catch (error) {
    const failure = error instanceof DeliveryError ? error : unexpected(error)
    const { httpStatus: http_status, retryAfterMs, message } = failure
    if (!failure.retryable) return done({ outcome: 'failed', http_status, error: message })
    const own = backoffMs(attempts, random)
    const retry_in_ms = Math.max(retryAfterMs ?? 0, own)
    return done({ outcome: 'retry', http_status, error: message, retry_in_ms, asked_to_wait: retryAfterMs !== null })
  }
}

const firstBackoffMs = 1_000
const longestBackoffMs = 300_000

/** Doubles from one second to five minutes; half of it is jitter. */
export function backoffMs(attempts: number, random: () => number): number {
  const ceiling = Math.min(firstBackoffMs * 2 ** Math.min(attempts - 1, 20), longestBackoffMs)
  return ceiling / 2 + (ceiling / 2) * random()
}

/** A fault of our own while rendering: the text may hold anything, so it isn't shown. */
function unexpected(error: unknown): DeliveryError {
  const name = error instanceof Error ? error.name : typeof error
  return new DeliveryError(`the notification could not be made (${name})`, { retryable: false })
}
