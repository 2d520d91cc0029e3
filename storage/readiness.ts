/** Whether storage takes work: a real query and a real insert, answered in time. */
import type { Db } from './client.ts'

export interface Readiness {
  ok: boolean
  reason: string
}

/**
 * The returned function answers within `limitMs`, also when the engine is stuck and does not. A check that is still under
 * way is shared: probes that come in meanwhile do not pile up on an engine that is in trouble.
 */
export function readiness(db: Pick<Db, 'query' | 'command'>, limitMs = 5_000): () => Promise<Readiness> {
  let running: Promise<Readiness> | null = null
  return async () => {
    running ??= check(db).finally(() => (running = null))
    const { promise: late, resolve } = Promise.withResolvers<Readiness>()
    const timer = setTimeout(
      () => resolve({ ok: false, reason: `ClickHouse does not answer within ${limitMs / 1000} s` }),
      limitMs,
    )
    try {
      return await Promise.race([running, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

async function check(db: Pick<Db, 'query' | 'command'>): Promise<Readiness> {
  try {
    await db.query('SELECT count() FROM requests WHERE timestamp > now() - 60', {}, { max_execution_s: 5 })
    await db.command('INSERT INTO health (ok) VALUES (1)')
    return { ok: true, reason: '' }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
}
