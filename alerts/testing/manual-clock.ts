import type { Clock } from '../clock.ts'

export interface ManualClock extends Clock {
  /** Moves time forward, running every task that falls due, in order, each to its end. */
  advance(ms: number): Promise<void>
}

/** A clock that stands still until a test advances it. */
export function manualClock(start: number): ManualClock {
  let now = start
  let sequence = 0
  const tasks = new Map<number, { at: number; task: () => void | Promise<void> }>()

  const nextDue = (until: number) =>
    [...tasks].filter(([, { at }]) => at <= until).sort(([idA, a], [idB, b]) => a.at - b.at || idA - idB)[0]

  return {
    now: () => now,
    after(ms, task) {
      const id = sequence++
      tasks.set(id, { at: now + Math.max(ms, 0), task })
      return () => void tasks.delete(id)
    },
    async advance(ms) {
      const until = now + ms
      for (let due = nextDue(until); due; due = nextDue(until)) {
        const [id, { at, task }] = due
        tasks.delete(id)
        now = Math.max(now, at)
        await task()
      }
      now = until
    },
  }
}
