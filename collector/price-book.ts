/** Keeps every price that was used in table `prices`, so that a stored cost can be explained after the lists have changed. */
import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { PriceRecord } from '../records/price.ts'
import type { Db } from '../storage/client.ts'
import { storePrices } from '../storage/queries/prices.ts'

export interface PriceBook {
  /** Takes note of a price; costs nothing for one that is known. */
  add(record: PriceRecord): void
  /** Stores what came together; throws StorageError, and keeps it for the next time then. */
  flush(): Promise<void>
  /** Stores what is left, if storage takes it in time. Idempotent. */
  stop(limitMs?: number): Promise<void>
}

/** Names of prices that are remembered as stored; beyond that they are stored again, which changes nothing. */
const maxKnown = 50_000

export function startPriceBook(db: Db, log: Logger, { flushMs = 2_000 } = {}): PriceBook {
  const known = new Set<string>()
  const pending = new Map<string, PriceRecord>()
  let flushing: Promise<void> = Promise.resolve()
  let failing = false

  const store = async () => {
    if (pending.size === 0) return
    const batch = [...pending]
    await storePrices(
      db,
      batch.map(([, record]) => record),
    )
    for (const [key] of batch) pending.delete(key)
  }
  const flush = () => {
    const next = flushing.then(store)
    flushing = next.catch(() => undefined)
    return next
  }
  const tick = () =>
    void flush().then(
      () => (failing = false),
      (error: unknown) => {
        if (!failing) log.warn({ err: error }, 'prices could not be stored: it will be tried again')
        failing = true
      },
    )
  const timer = setInterval(tick, flushMs).unref()

  return {
    add(record) {
      const key = `${record.id}\n${record.version}`
      if (known.has(key)) return
      if (known.size >= maxKnown) known.clear()
      known.add(key)
      pending.set(key, record)
    },
    flush,
    async stop(limitMs = 2_000) {
      clearInterval(timer)
      const stored = flush().catch((error: unknown) =>
        log.warn({ err: error }, 'prices that were used last are not stored'),
      )
      await Promise.race([stored, setTimeout(limitMs, undefined, { ref: false })])
    },
  }
}
