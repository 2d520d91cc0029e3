/** What callers may count on of every OTLP receiver. */
import type { Logger } from 'pino'
import type { IngestConfig } from '../config.ts'
import type { IssueLog } from '../issues.ts'
import type { BodyReader } from './body.ts'
import type { Signal } from './signal.ts'

export interface ReceiverOptions {
  /** host:port; port 0 picks a free one. */
  listen: string
  config: IngestConfig
  signals: readonly Signal[]
  /** One for all receivers: the bodies of all together stay within its bound. */
  bodies: BodyReader
  issues: IssueLog
  log: Logger
  /** Epoch ms. */
  clock?: () => number
}

export interface Receiver {
  /** host:port that it is bound to. */
  address: string
  /** Takes no new requests and waits for the ones it has, for at most `limitMs`. Idempotent. */
  stop(limitMs?: number): Promise<void>
  /** Takes new keys and limits from the next request on. */
  reload(config: IngestConfig): void
}

/** Resolves once all of `work` ended, but no later than after `limitMs`. */
export async function endedWithin(limitMs: number, work: Iterable<Promise<void>>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, limitMs)
  await Promise.race([Promise.all(work), late])
  clearTimeout(timer)
}
