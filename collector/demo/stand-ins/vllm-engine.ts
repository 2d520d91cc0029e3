/**
 * Continuous batching as vLLM does it, reduced to what its metrics show: requests wait for a place in the batch and for KV cache
 * blocks, are prefilled, then get one token a step; a step takes longer the more of them there are.
 */
import { Histogram } from './exposition.ts'

/** When what happened to a request, in epoch ms. */
export interface Timing {
  arrived: number
  scheduled: number
  firstToken: number
  ended: number
}

export interface Work {
  prompt_tokens: number
  /** Of the prompt, in the prefix cache. */
  cached_tokens: number
  answer_tokens: number
  finish_reason: 'stop' | 'length'
  /** Tokens as they come out of a step. */
  onTokens(tokens: number): void
  onEnd(timing: Timing): void
}

interface Sequence extends Work, Omit<Timing, 'ended'> {
  /** Of the prompt, still to be computed. */
  prefill: number
  generated: number
}

export const blockTokens = 16
const maxSequences = 24
/** Small for two H100, so that bursts fill it. */
export const kvBlocks = 2600
const prefillTokensPerSecond = 14_000

const secondsBounds = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680]
export const ttftBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
]
export const itlBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]
export const e2eBounds = secondsBounds
const iterationBounds = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]
const requestTokensBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]

export class VllmEngine {
  /** Makes every step slower: throttled GPUs. */
  slowdown = 1
  /** Share of the batch and of the cache that is left: the rest is taken by somebody else's work. */
  capacity = 1
  promptTokens = 0
  generationTokens = 0
  prefixQueries = 0
  prefixHits = 0
  preemptions = 0
  readonly finished = { stop: 0, length: 0, abort: 0, error: 0 }
  /** Tokens of a step, computed and generated. */
  readonly iteration = new Histogram(iterationBounds)
  readonly promptLength = new Histogram(requestTokensBounds)
  readonly answerLength = new Histogram(requestTokensBounds)
  readonly ttft = new Histogram(ttftBounds)
  readonly itl = new Histogram(itlBounds)
  readonly tpot = new Histogram(itlBounds)
  readonly e2e = new Histogram(e2eBounds)
  readonly queue = new Histogram(e2eBounds)
  readonly prefill = new Histogram(e2eBounds)
  readonly decode = new Histogram(e2eBounds)
  private waitingList: Sequence[] = []
  private batch: Sequence[] = []
  private owedSteps = 0
  /** Of the step that has begun. */
  private stepTokens = 0
  private busyMs = 0

  get running(): number {
    return this.batch.length
  }

  get waiting(): number {
    return this.waitingList.length
  }

  /** 0–1. */
  get kvUsage(): number {
    return Math.min(1 - this.capacity + this.usedBlocks() / kvBlocks, 1)
  }

  /** One forward pass of the current batch, in ms. */
  get stepMs(): number {
    return (14 + 0.55 * this.batch.length) * this.slowdown
  }

  /** Adds a request; the answer takes it out again when nobody waits for it any more. */
  submit(work: Work, now: number): () => void {
    const prefill = work.prompt_tokens - work.cached_tokens
    const sequence = { ...work, arrived: now, scheduled: 0, firstToken: 0, prefill, generated: 0 }
    this.prefixQueries += work.prompt_tokens
    this.prefixHits += work.cached_tokens
    this.waitingList.push(sequence)
    return () => this.abort(sequence)
  }

  /** Lets `ms` pass that end at `now`. */
  advance(now: number, ms: number): void {
    this.schedule(now)
    if (this.batch.length > 0) this.busyMs += ms
    let prefillBudget = (prefillTokensPerSecond / this.slowdown) * (ms / 1000)
    for (const sequence of this.batch) {
      const taken = Math.min(sequence.prefill, prefillBudget)
      sequence.prefill -= taken
      prefillBudget -= taken
      this.stepTokens += taken
    }
    this.owedSteps += ms / this.stepMs
    const steps = Math.floor(this.owedSteps)
    this.owedSteps -= steps
    if (steps > 0) this.step(steps, now)
    while (this.kvUsage > 0.995 && this.batch.length > 1) this.preempt()
    this.schedule(now)
  }

  /** How busy the GPUs were since the last call, 0–1, from batch and duty. */
  takeLoad(ms: number): number {
    const duty = ms > 0 ? Math.min(this.busyMs / ms, 1) : 0
    this.busyMs = 0
    return duty
  }

  private schedule(now: number): void {
    const places = Math.max(Math.round(maxSequences * this.capacity), 1)
    while (this.waitingList.length > 0 && this.batch.length < places) {
      const next = this.waitingList[0]
      if (!next) return
      const blocks = (next.prompt_tokens + next.generated) / blockTokens
      if (this.batch.length > 0 && this.usedBlocks() + blocks > kvBlocks * this.capacity * 0.96) return
      this.waitingList.shift()
      if (next.scheduled === 0) {
        next.scheduled = now
        this.queue.observe((now - next.arrived) / 1000)
      }
      this.batch.push(next)
    }
  }

  private step(steps: number, now: number): void {
    const before = this.generationTokens
    for (const sequence of this.batch) if (sequence.prefill <= 0) this.generate(sequence, steps, now)
    const tokens = this.stepTokens + this.generationTokens - before
    if (tokens > 0) this.iteration.observe(tokens / steps, steps)
    this.stepTokens = 0
  }

  private generate(sequence: Sequence, steps: number, now: number): void {
    const tokens = Math.min(steps, sequence.answer_tokens - sequence.generated)
    if (sequence.firstToken === 0) {
      sequence.firstToken = now
      this.promptTokens += sequence.prompt_tokens
      this.ttft.observe((now - sequence.arrived) / 1000)
      this.prefill.observe((now - sequence.scheduled) / 1000)
      if (tokens > 1) this.itl.observe(this.stepMs / 1000, tokens - 1)
    } else this.itl.observe(this.stepMs / 1000, tokens)
    sequence.generated += tokens
    this.generationTokens += tokens
    sequence.onTokens(tokens)
    if (sequence.generated >= sequence.answer_tokens) this.finish(sequence, now)
  }

  private finish(sequence: Sequence, now: number): void {
    this.batch = this.batch.filter((one) => one !== sequence)
    this.finished[sequence.finish_reason]++
    this.promptLength.observe(sequence.prompt_tokens)
    this.answerLength.observe(sequence.generated)
    const decodeS = (now - sequence.firstToken) / 1000
    this.decode.observe(decodeS)
    this.e2e.observe((now - sequence.arrived) / 1000)
    if (sequence.generated > 1) this.tpot.observe(decodeS / (sequence.generated - 1))
    const { arrived, scheduled, firstToken } = sequence
    sequence.onEnd({ arrived, scheduled, firstToken, ended: now })
  }

  /** The last to come gives its blocks back and starts over. */
  private preempt(): void {
    const victim = this.batch.pop()
    if (!victim) return
    this.preemptions++
    victim.prefill = victim.prompt_tokens + victim.generated
    this.waitingList.unshift(victim)
  }

  private abort(sequence: Sequence): void {
    const held = this.batch.includes(sequence) || this.waitingList.includes(sequence)
    this.batch = this.batch.filter((one) => one !== sequence)
    this.waitingList = this.waitingList.filter((one) => one !== sequence)
    if (held) this.finished.abort++
  }

  private usedBlocks(): number {
    return this.batch.reduce(
      (sum, { prompt_tokens, generated }) => sum + Math.ceil((prompt_tokens + generated) / blockTokens),
      0,
    )
  }
}
