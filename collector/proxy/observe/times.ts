/** When things came, in ms after the start of a call: the first byte, the first token, the last, and the gaps between. */
import { gapBucket } from '../../../records/token-gaps.ts'

export class Times {
  private readonly startedMs: number
  ttfb_ms: number | null = null
  ttft_ms: number | null = null
  last_token_ms: number | null = null
  private counts: number[] | null = null

  constructor(startedMs: number) {
    this.startedMs = startedMs
  }

  byte(atMs: number): void {
    this.ttfb_ms ??= Math.max(0, atMs - this.startedMs)
  }

  /** An event that bears content. */
  token(atMs: number): void {
    const at = Math.max(0, atMs - this.startedMs)
    if (this.last_token_ms === null) this.ttft_ms = at
    else {
      const bucket = gapBucket(at - this.last_token_ms)
      this.counts ??= []
      while (this.counts.length <= bucket) this.counts.push(0)
      this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    }
    this.last_token_ms = at
  }

  get itl_ms_counts(): number[] {
    return this.counts ?? []
  }
}
