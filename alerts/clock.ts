/** Time as an argument: tests advance it, nothing sleeps. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds since some moment, evenly, whatever time the clock is set to. */
  elapsed(): number
  /** Runs `task` once, `ms` from now; the function that comes back cancels it. A task must not throw or reject. */
  after(ms: number, task: () => void | Promise<void>): () => void
}

/** setTimeout fires at once above this. */
const longestTimerMs = 2 ** 31 - 1

/** The machine's clock. Its timers don't keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(() => void task(), Math.min(Math.max(ms, 0), longestTimerMs))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Clocks are slewed all the time, both alike; what is further apart was set. */
const leastStepMs = 1_000

/**
 * A clock that notices when it was set, or the machine slept. `onStep` hears by how much, in ms, negative for back, before anybody reads
 * the new time or a task runs.
 */
export function noticingSteps(clock: Clock, onStep: (byMs: number) => void): Clock {
  let offset = clock.now() - clock.elapsed()
  function now(): number {
    // Read on both sides: a process that was held up in between has seen no step.
    const before = clock.elapsed()
    const at = clock.now()
    const after = clock.elapsed()
    const [least, most] = [at - after - offset, at - before - offset]
    if (least < leastStepMs && most > -leastStepMs) return at
    const byMs = Math.round(most < 0 ? most : least)
    // Before it is told: whoever hears of it reads the time.
    offset += byMs
    onStep(byMs)
    return at
  }
  return {
    now,
    elapsed: () => clock.elapsed(),
    after(ms, task) {
      let cancelled = false
      const cancel = clock.after(ms, () => {
        now()
        return cancelled ? undefined : task()
      })
      return () => {
        cancelled = true
        cancel()
      }
    },
  }
}
