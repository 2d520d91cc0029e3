/** Versions of rows: of two copies the later one wins. */
import type { Db } from '../storage/client.ts'

/** Rises with every call, as microseconds of the clock, also when that stands still or is set back; begins above `last`. */
export function createVersions(clock: () => number, last = 0): () => number {
  return () => (last = Math.max(last + 1, clock() * 1000))
}

/**
 * The highest version that storage has from a clock that was ahead of today's: rows of then are marked as stored in the future.
 * 0 when there are none, as nearly always, and when storage does not answer.
 */
export async function versionAhead(db: Pick<Db, 'query'>): Promise<number> {
  const sql = `SELECT toInt64(max(version)) AS version FROM requests WHERE inserted_at > now64(3, 'UTC') + INTERVAL 1 SECOND`
  const rows = await db.query<{ version: number }>(sql, {}, { settings: { final: 0 } }).catch(() => [])
  return Math.max(0, ...rows.map(({ version }) => version))
}
