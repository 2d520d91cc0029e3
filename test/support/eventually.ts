import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for something that becomes true by itself: polls until the probe gives a value; throws, with the last error, when it never does. */
export async function eventually<T>(what: string, probe: () => Promise<T | null>, withinMs = 60_000): Promise<T> {
  const deadline = Date.now() + withinMs
  let last: unknown
  while (Date.now() < deadline) {
    try {
      const found = await probe()
      if (found !== null) return found
    } catch (error) {
      last = error
    }
    await sleep(50)
  }
  throw new Error(`${what}: not within ${withinMs / 1000} s`, { cause: last })
}
