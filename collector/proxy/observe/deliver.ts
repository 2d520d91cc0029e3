/**
 * Hands finished calls to the pipeline, a few at a time and never while bytes wait: what cannot be taken in time is dropped and
 * counted. Nothing here ever reaches a client.
 */
import type { AcceptCalls, SeenCall } from '../../pipeline.ts'
import { SpoolFull } from '../../spool/index.ts'
import type { ObservedCall } from './call.ts'
import type { Problem } from './problems.ts'

export interface DelivererOptions {
  accept: AcceptCalls
  /** The records of a call; may throw. */
  finish: (call: ObservedCall) => SeenCall
  ondropped: (reason: Problem, calls: number, example: string) => void
  /** Calls wait for so long for others to share a batch. */
  batchMs?: number
  maxBatch?: number
  maxWaiting?: number
  /** Calls that the pipeline may be busy with. */
  maxInFlight?: number
}

export class Deliverer {
  private readonly options: Required<DelivererOptions>
  private waiting: ObservedCall[] = []
  private readonly inFlight = new Set<Promise<void>>()
  private inFlightCalls = 0
  private timer: NodeJS.Timeout | null = null
  private soon: NodeJS.Immediate | null = null
  /** Calls that ended and are still being read. */
  private reading = 0
  private onread: (() => void) | null = null

  constructor(options: DelivererOptions) {
    this.options = { batchMs: 100, maxBatch: 32, maxWaiting: 5_000, maxInFlight: 2_048, ...options }
  }

  /** Call when a call ends, and what it gives back when everything of the call is read. */
  expect(): (call: ObservedCall) => void {
    this.reading++
    return (call) => {
      this.reading--
      this.add(call)
      this.onread?.()
    }
  }

  private add(call: ObservedCall): void {
    const { maxWaiting, maxBatch, batchMs, ondropped } = this.options
    if (this.waiting.length >= maxWaiting) {
      call.release()
      return ondropped('too_many_calls', 1, `${maxWaiting} calls wait`)
    }
    this.waiting.push(call)
    if (this.waiting.length >= maxBatch) this.hurry()
    else this.timer ??= setTimeout(() => this.hurry(), batchMs).unref()
  }

  /** Resolves once everything added before the call is durable or dropped. */
  async flush(): Promise<void> {
    for (;;) {
      while (this.waiting.length > 0) this.deliver(Infinity)
      if (this.inFlight.size === 0 && this.reading === 0) return
      const read = new Promise<void>((resolve) => (this.onread = resolve))
      await Promise.race([...this.inFlight, ...(this.reading > 0 ? [read] : [])])
    }
  }

  /** After what waits to be read and written. */
  private hurry(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    this.soon ??= setImmediate(() => {
      this.soon = null
      this.deliver(this.options.maxInFlight)
      if (this.waiting.length >= this.options.maxBatch) this.hurryUnlessFull()
      else if (this.waiting.length > 0) this.timer ??= setTimeout(() => this.hurry(), this.options.batchMs).unref()
    })
  }

  /** A batch that ends hurries on. */
  private hurryUnlessFull(): void {
    if (this.inFlightCalls < this.options.maxInFlight) this.hurry()
  }

  private deliver(maxInFlight: number): void {
    const { accept, maxBatch, ondropped } = this.options
    const room = maxInFlight - this.inFlightCalls
    if (this.waiting.length === 0 || room <= 0) return
    // Many may end at once: the longer the queue, the more of it.
    const size = Math.min(Math.max(maxBatch, this.waiting.length >> 3), maxBatch * 8, room)
    const calls = this.waiting.splice(0, size).flatMap((call) => this.finished(call))
    if (calls.length === 0) return
    const batch = Promise.resolve()
      .then(() => accept(calls))
      .catch((error: unknown) => {
        if (error instanceof SpoolFull) ondropped('calls_spool_full', calls.length, error.message)
        else ondropped('calls_not_stored', calls.length, (error as Error).name)
      })
      .finally(() => {
        this.inFlight.delete(batch)
        this.inFlightCalls -= calls.length
        if (this.waiting.length >= maxBatch) this.hurryUnlessFull()
      })
    this.inFlight.add(batch)
    this.inFlightCalls += calls.length
  }

  private finished(call: ObservedCall): SeenCall[] {
    try {
      return [this.options.finish(call)]
    } catch (error) {
      call.release()
      this.options.ondropped('parser_failed', 1, (error as Error).name)
      return []
    }
  }
}
