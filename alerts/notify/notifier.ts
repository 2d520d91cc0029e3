/** What a notifier is: it renders a notification and posts it. Time-outs, retries, redaction and dedup surround it. */
import type { z } from 'zod'
import type { Notification } from './notification.ts'
import type { Post } from './post.ts'

export interface Tools {
  /** Throws DeliveryError unless the vendor took the message. */
  post: Post
}

type ChannelSchema = z.ZodObject<{ type: z.ZodLiteral<string> }>

export interface Notifier<Schema extends ChannelSchema = ChannelSchema> {
  type: string
  /** Strict; `type` is a literal. */
  config: Schema
  /** A configuration that would work: feeds the docs and the contract test. */
  example: z.input<Schema>
  /** Resolves once the vendor has the message; throws DeliveryError. Must be safe to call again with the same id. */
  send(notification: Notification, config: z.output<Schema>, tools: Tools): Promise<void>
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
