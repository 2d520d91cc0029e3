/** What a notifier is: it renders a notification and posts it. Time-outs, retries, redaction and dedup surround it. */
import type { z } from 'zod'
import type { Notification } from './notification.ts'
import type { Post } from './post.ts'

/** What a vendor must be told to find its own message again, such as an id; kept with the group's dedup log. */
export type Memory = Record<string, string>

export interface Tools {
  /** Throws DeliveryError unless the vendor took the message. */
  post: Post
  /** What the last message of the group that arrived here left behind; null before it. */
  memory: Memory | null
  /** Counts this one; above 1, an earlier attempt may have arrived without its answer. */
  attempt: number
  /** Ends the attempt, as at shutdown. */
  signal: AbortSignal
  timeoutMs: number
  /** Takes the channel's secrets out of a text. */
  redact: (text: string) => string
}

type ChannelSchema = z.ZodObject<{ type: z.ZodLiteral<string> }>

export interface Notifier<Schema extends ChannelSchema = ChannelSchema> {
  type: string
  /** Strict; `type` is a literal. */
  config: Schema
  /** A configuration that would work: feeds the docs and the contract test. */
  example: z.input<Schema>
  /** Keys of the configuration that errors may show; any other may hold a secret. */
  shown?: readonly string[]
  /** How often an alert that fires is told again to a vendor that forgets it otherwise, in ms. */
  resendMs?: number
  /**
   * Resolves once the vendor has the message, with what the next message of the group has to know; throws DeliveryError.
   * Must be safe to call again with the same id.
   */
  send(notification: Notification, config: z.output<Schema>, tools: Tools): Promise<Memory | null>
  /** What `send` would send, as text, where that is no HTTP request. */
  preview?(notification: Notification, config: z.output<Schema>): Promise<string>
  /** Tells that somebody takes care of the group; absent where the vendor has no such thing. */
  acknowledge?(groupKey: string, config: z.output<Schema>, tools: Tools): Promise<void>
  /** Puts a change on the vendor's time line, where the configuration wants them; absent where the vendor has no such thing. */
  change?(change: Change, config: z.output<Schema>, tools: Tools): Promise<void>
}

/** A deploy, a new price or a new configuration: it stands on a vendor's time line, and notifies nobody. */
export interface Change {
  /** One line: what was changed. */
  summary: string
  /** Epoch milliseconds. */
  at: number
  details: Record<string, unknown>
  links: { href: string; text: string }[]
}

export function defineNotifier<Schema extends ChannelSchema>(notifier: Notifier<Schema>): Notifier<Schema> {
  return notifier
}

/** A message that did not arrive, sorted by what the caller does next. Its text holds no secret. */
export class DeliveryError extends Error {
  override name = 'DeliveryError'
  /** Trying again may help: network, 408, 425, 429, 5xx. Anything else needs a change of configuration. */
  readonly retryable: boolean
  readonly httpStatus: number | null
  /** How long the vendor asked to be left alone, in ms. */
  readonly retryAfterMs: number | null

  constructor(
    message: string,
    options: { retryable: boolean; httpStatus?: number | null; retryAfterMs?: number | null },
  ) {
    super(message)
    this.retryable = options.retryable
    this.httpStatus = options.httpStatus ?? null
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}
