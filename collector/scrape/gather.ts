/** Puts what many targets store at about the same time into one append: each costs a sync of the disk, whatever its size. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Batch, Spool } from '../spool/index.ts'

interface Waiting extends PromiseWithResolvers<void> {
  batch: Batch
}

/** Appends of one turn go together; one that follows within `windowMs` waits for others until that is over. */
export function gathering(spool: Pick<Spool, 'append'>, windowMs: number): Pick<Spool, 'append'> {
  let group: Waiting[] | null = null
  let lastAt = -Infinity

  const flush = async () => {
    await wait(Math.max(lastAt + windowMs - performance.now(), 0))
    lastAt = performance.now()
    const all = group ?? []
    group = null
    await appendAll(spool, all)
  }

  return {
    append(batch) {
      const waiting = { batch, ...Promise.withResolvers<void>() }
      if (group) group.push(waiting)
      else {
        group = [waiting]
        void flush()
      }
      return waiting.promise
    },
  }
}

async function appendAll(spool: Pick<Spool, 'append'>, all: readonly Waiting[]): Promise<void> {
  try {
    await spool.append(merged(all.map(({ batch }) => batch)))
    for (const { resolve } of all) resolve()
  } catch (error) {
    // A malformed row: it must not cost the others theirs.
    if (error instanceof TypeError && all.length > 1) for (const waiting of all) await appendAll(spool, [waiting])
    else for (const { reject } of all) reject(error)
  }
}

function merged(batches: readonly Batch[]): Batch {
  const [first = {}] = batches
  if (batches.length === 1) return first
  const result: Record<string, object[]> = {}
  for (const batch of batches)
    for (const [table, rows] of Object.entries(batch)) {
      const all = (result[table] ??= [])
      for (const row of rows) all.push(row)
    }
  return result
}
