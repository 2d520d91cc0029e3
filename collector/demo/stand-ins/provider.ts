/** What the stand-ins of OpenAI and Anthropic share: how long answers take, and when a client has asked too often. */
import { seeded } from '../random.ts'

export interface ProviderPace {
  /** Median time to the first token, ms. */
  ttft_ms: number
  tokens_per_second: number
}

/** Share of requests that are refused with 429 while a provider limits its clients. */
const limitedShare = 0.45
/** A stream sends what was generated this often. */
const tickMs = 70

export class Provider {
  limited = false
  private readonly random = seeded(Date.now())
  private readonly pace: (model: string) => ProviderPace
  private calls = 0

  constructor(pace: (model: string) => ProviderPace) {
    this.pace = pace
  }

  refuses(): boolean {
    return this.limited && this.random.next() < limitedShare
  }

  nextId(prefix: string): string {
    return `${prefix}${(++this.calls).toString(36).padStart(6, '0')}${this.random.hex(18)}`
  }

  /** Calls `onTokens` while an answer comes out, then `onEnd`; the result stops it. */
  generate(model: string, tokens: number, onTokens: (tokens: number) => void, onEnd: () => void): () => void {
    const { ttft_ms, tokens_per_second } = this.pace(model)
    const speed = tokens_per_second * this.random.lognormal(1, 0.15)
    let sent = 0
    let timer = setTimeout(
      () => {
        const began = Date.now()
        const step = () => {
          const due = Math.min(Math.max(Math.floor(((Date.now() - began) / 1000) * speed), 1), tokens)
          if (due > sent) onTokens(due - sent)
          sent = due
          if (sent >= tokens) return onEnd()
          timer = setTimeout(step, tickMs)
        }
        step()
      },
      ttft_ms * this.random.lognormal(1, 0.3),
    )
    return () => clearTimeout(timer)
  }
}
