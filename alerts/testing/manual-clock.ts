import type { Clock } from '../clock.ts'

export interface ManualClock extends Clock {
  /** Moves time forward, running every task that falls due, in order, each to its end. */
  advance(ms: number): Promise<void>
  /** Somebody sets it that much later, or earlier where negative: no time goes by. */
  step(ms: number): void
}

/** A clock that stands still until a test advances it. */
export function manualClock(start: number): ManualClock {
  let elapsed = 0
  let offset = start
  let sequence = 0
  const tasks = new Map<number, { at: number; task: () => void | Promise<void> }>()

  const nextDue = (until: number) =>
    [...tasks].filter(([, { at }]) => at <= until).sort(([idA, a], [idB, b]) => a.at - b.at || idA - idB)[0]

  return {
    now: () => offset + elapsed,
    elapsed: () => elapsed,
    after(ms, task) {
      const id = sequence++
      tasks.set(id, { at: elapsed + Math.max(ms, 0), task })
      return () => void tasks.delete(id)
    },
    async advance(ms) {
      const until = elapsed + ms
      for (let due = nextDue(until); due; due = nextDue(until)) {
        const [id, { at, task }] = due
        tasks.delete(id)
        elapsed = Math.max(elapsed, at)
        await task()
      }
      elapsed = until
    },
    step: (ms) => void (offset += ms),
  }
}
