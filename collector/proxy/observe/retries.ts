/** Which try of its call a request is: clients say so, or send what failed again. */
import { hash } from 'node:crypto'

/** Clients wait longer than this between two tries only when told to, and then mostly give up. */
const windowMs = 60_000
const maxFailures = 10_000

interface Failure {
  attempt: number
  atMs: number
}

export class Retries {
  /** By what was sent, with which key: the oldest first. */
  private readonly failures = new Map<string, Failure>()

  /** The number of a try, from 1. `body` is null when it is not known as a whole. */
  attemptOf(said: string | string[] | undefined, call: RetryKey, failed: boolean): number {
    const count = typeof said === 'string' && /^\d{1,3}$/.test(said) ? Number(said) + 1 : null
    if (call.body === null || (!failed && this.failures.size === 0)) return count ?? 1
    const key = hash('sha256', `${call.endpoint}\n${call.api_key}\n${call.path}\n`) + hash('sha256', call.body)
    const before = this.failures.get(key)
    const again = before !== undefined && call.startedMs >= before.atMs && call.startedMs - before.atMs <= windowMs
    const attempt = count ?? (again ? before.attempt + 1 : 1)
    this.failures.delete(key)
    if (failed) this.failures.set(key, { attempt, atMs: call.endedMs })
    this.forget(call.endedMs)
    return attempt
  }

  private forget(nowMs: number): void {
    for (const [key, { atMs }] of this.failures) {
      if (nowMs - atMs <= windowMs && this.failures.size <= maxFailures) break
      this.failures.delete(key)
    }
  }
}

export interface RetryKey {
  endpoint: string
  api_key: string
  path: string
  body: Buffer | null
  startedMs: number
  endedMs: number
}
