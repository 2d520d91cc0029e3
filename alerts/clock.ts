/** Time as an argument: tests advance it, nothing sleeps. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Runs `task` once, `ms` from now; the function that comes back cancels it. A task must not throw or reject. */
  after(ms: number, task: () => void | Promise<void>): () => void
}

/** setTimeout fires at once above this. */
const longestTimerMs = 2 ** 31 - 1

/** The machine's clock. Its timers don't keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(() => void task(), Math.min(Math.max(ms, 0), longestTimerMs))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
