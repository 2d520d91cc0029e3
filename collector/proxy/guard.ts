/** Stands between the transport and an observer: whatever that does, the bytes go on. What is no longer observed is counted. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { IssueLog } from '../issues.ts'
import type { CallEnd, CallObservation, CallObserver, CallStart } from './observer.ts'

/** A hook may take this long; what it does not take is to its credit, up to what it once took too long. */
const hookMs = 5
/** How far the hooks of one call may fall behind, so that a garbage collection is not held against them. */
const behindMs = 40
/** How old the last look at the thread's CPU time may get. */
const cpuLookMs = 5
/** Held back to see more of them; more than this is no longer an event of a stream. */
const maxHeldBytes = 2 ** 20

const unchangeable = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'authorization',
])

/** Null when the call is not observed. `source` of what is counted is `proxy`. */
export function beginObservation(observer: CallObserver, call: CallStart, issues: IssueLog): GuardedObservation | null {
  const start = performance.now()
  cpu.look(start)
  try {
    const observation = observer.begin(call)
    if (observation === null) return null
    const guarded = new GuardedObservation(observation, issues)
    guarded.charge('begin', ownMs(start))
    return guarded
  } catch (error) {
    issues.add('proxy', 'observer_failed', 1, `begin: ${nameOf(error)}`)
    return null
  }
}

export class GuardedObservation {
  /** By lower-case name. */
  readonly addedHeaders: Readonly<Record<string, string>> = {}
  readonly wantsBody: boolean = false
  /** Null once it was dropped. */
  private observation: CallObservation | null
  private readonly issues: IssueLog
  private behind = 0
  /** What came and was neither passed on nor, as far as one can tell, taken away for good. */
  private held: Buffer | null = null

  constructor(observation: CallObservation, issues: IssueLog) {
    this.observation = observation
    this.issues = issues
    try {
      this.addedHeaders = checkedHeaders(observation.addedHeaders)
      this.wantsBody = observation.wantsBody
    } catch (error) {
      this.drop('observer_invalid', `addedHeaders: ${nameOf(error)}`)
    }
  }

  /** What to send instead of the body; null: the body. */
  requestBody(body: Buffer): Buffer | null {
    const changed = this.ask('requestBody', (observation) => observation.requestBody(body))
    if (changed === unanswered || changed === null) return null
    if (Buffer.isBuffer(changed)) return changed
    this.drop('observer_invalid', 'requestBody')
    return null
  }

  requestChunk(chunk: Buffer): void {
    this.ask('requestChunk', (observation) => observation.requestChunk(chunk))
  }

  responseHead(...head: Parameters<CallObservation['responseHead']>): void {
    this.ask('responseHead', (observation) => observation.responseHead(...head))
  }

  /** What the client gets. `changeable` is false where the length is already promised. */
  responseChunk(chunk: Buffer, atMs: number, changeable: boolean): Buffer {
    const { held } = this
    if (this.observation === null) return held === null ? chunk : this.release(chunk)
    const start = performance.now()
    cpu.look(start)
    let passed: Buffer
    try {
      passed = this.observation.responseChunk(chunk, atMs)
    } catch (error) {
      this.drop('observer_failed', `responseChunk: ${nameOf(error)}`)
      // What it held back is owed.
      return this.release(chunk)
    }
    this.charge('responseChunk', ownMs(start))
    if (passed === chunk && held === null) return chunk
    if (!Buffer.isBuffer(passed) || (!changeable && !passed.equals(chunk))) {
      this.drop('observer_invalid', 'responseChunk')
      return this.release(chunk)
    }
    this.held = passed === chunk ? null : unpassed(held, chunk, passed)
    if (this.held !== null && this.held.length > maxHeldBytes)
      this.drop('observer_invalid', 'responseChunk: holds back too much')
    // It may have been dropped for being slow, with an answer that still counts.
    if (this.observation !== null || this.held === null) return passed
    const owed = this.held
    this.held = null
    return Buffer.concat([passed, owed])
  }

  /** What the client is still owed when no more comes; empty for nothing. */
  responseRest(): Buffer {
    if (this.held === null) return nothing
    const rest = this.ask('responseRest', (observation) => observation.responseRest?.() ?? null)
    if (rest === null || rest === undefined) return nothing
    if (Buffer.isBuffer(rest)) return rest
    if (rest !== unanswered) this.drop('observer_invalid', 'responseRest')
    return this.held
  }

  /** However long it takes: after it there is nothing to drop. */
  end(end: CallEnd): void {
    if (this.observation === null) return
    try {
      this.observation.end(end)
      this.observation = null
    } catch (error) {
      this.drop('observer_failed', `end: ${nameOf(error)}`)
    }
  }

  /** A hook took so much time of its own. */
  charge(hook: string, ms: number): void {
    this.behind = Math.max(0, this.behind + ms - hookMs)
    if (this.behind > behindMs) this.drop('observer_slow', `${hook}: ${Math.round(ms)} ms`)
  }

  private ask<Answer>(hook: string, question: (observation: CallObservation) => Answer): Answer | typeof unanswered {
    if (this.observation === null) return unanswered
    const start = performance.now()
    cpu.look(start)
    try {
      const answer = question(this.observation)
      this.charge(hook, ownMs(start))
      return answer
    } catch (error) {
      this.drop('observer_failed', `${hook}: ${nameOf(error)}`)
      return unanswered
    }
  }

  private release(chunk: Buffer): Buffer {
    const { held } = this
    this.held = null
    return held === null ? chunk : Buffer.concat([held, chunk])
  }

  private drop(reason: string, example: string): void {
    const { observation } = this
    if (observation === null) return
    this.observation = null
    this.issues.add('proxy', reason, 1, example)
    try {
      observation.dropped?.()
    } catch {
      // One failure was counted: nothing is observed of the call any more.
    }
  }
}

/** CPU time of this thread since a recent moment: more than any hook that began later can have used. */
class CpuWatch {
  private lookedAt = Number.NEGATIVE_INFINITY
  private last = process.threadCpuUsage()

  /** `now` is of performance.now(). Costs nothing most of the time. */
  look(now: number): void {
    if (now - this.lookedAt < cpuLookMs) return
    this.lookedAt = now
    this.last = process.threadCpuUsage()
  }

  usedMs(): number {
    const { user, system } = process.threadCpuUsage(this.last)
    return (user + system) / 1000
  }
}

const cpu = new CpuWatch()

/** What a hook took that began at `start`; what the machine gave to others meanwhile is not held against it. */
function ownMs(start: number): number {
  const ms = performance.now() - start
  return ms > hookMs ? Math.min(ms, cpu.usedMs()) : ms
}

const nothing = Buffer.alloc(0)
/** There is no observation, or none any more. */
const unanswered = Symbol('unanswered')

/** What is left of the bytes after those passed on; null when all are, or when others were passed on. */
function unpassed(held: Buffer | null, chunk: Buffer, passed: Buffer): Buffer | null {
  const all = held === null ? chunk : Buffer.concat([held, chunk])
  if (passed.length >= all.length || !all.subarray(0, passed.length).equals(passed)) return null
  return all.subarray(passed.length)
}

/** Throws for what is no header, or one that is not the observer's to set. */
function checkedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const checked: Record<string, string> = {}
  for (const name in headers) {
    const lower = name.toLowerCase()
    const value: unknown = headers[name]
    if (typeof value !== 'string') throw new TypeError(`${lower} is no text`)
    validateHeaderName(lower)
    validateHeaderValue(lower, value)
    if (unchangeable.has(lower)) throw new TypeError(`${lower} is not the observer's`)
    checked[lower] = value
  }
  return checked
}

/** Never the message, which may quote what a client sent. */
const nameOf = (error: unknown) => (error instanceof Error ? error.name : typeof error)
