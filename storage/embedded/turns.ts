/** Lets a few in at once; others wait in line, up to a number. */
import { codes, EngineError } from './errors.ts'

export class Turns {
  private readonly size: number
  private readonly maxWaiting: number
  private readonly waiting: (() => void)[] = []
  private busy = 0

  constructor(size: number, maxWaiting: number) {
    this.size = size
    this.maxWaiting = maxWaiting
  }

  /** Resolves when it is the caller's turn, who must `leave`. Throws EngineError: 202 when too many wait, 394 after `signal` fired. */
  async enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled()
    if (this.busy < this.size) {
      this.busy++
      return
    }
    if (this.waiting.length >= this.maxWaiting) {
      throw new EngineError(
        codes.tooManyQueries,
        `too many queries at once: ${this.busy} run and ${this.waiting.length} wait`,
      )
    }
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(turn), 1)
        reject(cancelled())
      }
      this.waiting.push(turn)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  leave(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.busy--
  }
}

export function cancelled(): EngineError {
  return new EngineError(codes.cancelled, 'Query was cancelled.')
}
