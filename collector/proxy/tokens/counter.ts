/** OpenAI's tokenizer, for texts whose vendor did not count them. In a thread of its own, started when first needed, ended when idle. */
import { Worker } from 'node:worker_threads'

export type Encoding = 'o200k_base' | 'cl100k_base'

export interface ToCount {
  id: number
  encoding: Encoding
  texts: readonly string[]
}

export interface Counted {
  id: number
  /** Null when they could not be counted. */
  tokens: number[] | null
}

/** Of OpenAI's models; null for those whose tokenizer is not public, or not here. */
export function encodingOf(model: string): Encoding | null {
  if (/^(?:gpt-4o|gpt-4\.|gpt-[5-9]|gpt-oss|chatgpt-|o[1-9](?:-|$))/.test(model)) return 'o200k_base'
  return /^(?:gpt-4|gpt-3\.5|gpt-35|text-embedding-)/.test(model) ? 'cl100k_base' : null
}

export interface TokenCounterOptions {
  /** Requests that wait; with more, none is taken. */
  maxWaiting?: number
  /** What was not counted by then is not. */
  timeoutMs?: number
  /** The thread is given up after this; what it held is used again by the next, and little of it goes back to the system. */
  idleMs?: number
  worker?: URL
}

export class TokenCounter {
  private readonly options: Required<TokenCounterOptions>
  private readonly waiting = new Map<number, (tokens: number[] | null) => void>()
  private worker: Worker | null = null
  private idle: NodeJS.Timeout | null = null
  private next = 0
  private stopped = false

  constructor(options: TokenCounterOptions = {}) {
    const worker = new URL('./worker.ts', import.meta.url)
    this.options = { maxWaiting: 64, timeoutMs: 5_000, idleMs: 60_000, worker, ...options }
  }

  /** Tokens of each text; null when there is no time or no tokenizer for them. Never rejects. */
  async count(encoding: Encoding, texts: readonly string[]): Promise<number[] | null> {
    const { maxWaiting, timeoutMs } = this.options
    if (this.stopped || this.waiting.size >= maxWaiting) return null
    const worker = this.start()
    if (this.idle) clearTimeout(this.idle)
    const id = this.next++
    const { promise, resolve } = Promise.withResolvers<number[] | null>()
    this.waiting.set(id, resolve)
    const timer = setTimeout(() => this.answer(id, null), timeoutMs)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage({ id, encoding, texts } satisfies ToCount)
    const tokens = await promise
    clearTimeout(timer)
    if (this.waiting.size === 0) this.rest()
    return tokens
  }

  /** Whoever waits gets no count. Idempotent. */
  stop(): void {
    this.stopped = true
    this.end()
  }

  private start(): Worker {
    if (this.worker) return this.worker
    const worker = new Worker(this.options.worker)
    worker.unref()
    const lose = () => {
      if (this.worker === worker) this.end()
    }
    worker
      .on('message', ({ id, tokens }: Counted) => this.answer(id, tokens))
      .on('error', lose)
      .on('exit', lose)
    return (this.worker = worker)
  }

  private answer(id: number, tokens: number[] | null): void {
    this.waiting.get(id)?.(tokens)
    this.waiting.delete(id)
  }

  private rest(): void {
    // Several may be answered at once.
    if (this.idle) clearTimeout(this.idle)
    this.idle = setTimeout(() => this.end(), this.options.idleMs).unref()
  }

  private end(): void {
    if (this.idle) clearTimeout(this.idle)
    void this.worker?.terminate()
    this.worker = null
    for (const id of this.waiting.keys()) this.answer(id, null)
  }
}
