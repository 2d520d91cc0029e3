/** Time as an argument: tests move it by hand. */
export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Runs `task` once, after `ms`; the result cancels it. */
  after(ms: number, task: () => void): () => void
}

/** What is longer a timer takes for nothing, and runs at once. */
const longestTimerMs = 2 ** 31 - 1

/** A task that is more than 24 days away runs then. */
export const systemClock: Clock = {
  now: Date.now,
  after(ms, task) {
    const timer = setTimeout(task, Math.min(ms, longestTimerMs))
    return () => clearTimeout(timer)
  },
}

/** A clock that stands still until `advance` is called; tasks then run in order of their time. */
export class ManualClock implements Clock {
  #now: number
  #tasks: { at: number; task: () => void }[] = []

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#now + ms, task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry)
    }
  }

  /** What people and time servers do: tasks still run after as long as they were to. */
  set(now: number): void {
    for (const task of this.#tasks) task.at += now - this.#now
    this.#now = now
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = this.#tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#tasks = this.#tasks.filter((entry) => entry !== due)
      this.#now = due.at
      due.task()
    }
    this.#now = end
  }
}
