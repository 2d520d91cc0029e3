/** What the process knows of its own health, for alert rules about ourselves: storage, spool, disk, scrape targets. */
import { statfs } from 'node:fs/promises'
import type { Storage } from '../../storage/index.ts'
import type { Reading } from './reading.ts'

/** What a collector says of itself. */
export interface CollectorHealth {
  stats(): {
    spool: {
      bytes: number
      max_bytes: number
      /** Age of the oldest segment that waits; null when none does. */
      oldest_ms: number | null
      /** Records that were not taken, and why the last were not. */
      refused: number
      last_refusal: string
      rejected_segments: number
      /** Why it waits, and why it takes no more; empty else. */
      reason: string
      no_room: string
    }
    /** Counts by "source reason". */
    issues: Record<string, number>
  }
  targets(): { url: string; state: string }[]
}

export interface Watched {
  storage: Pick<Storage, 'ready'>
  /** Null in a process that collects nothing. */
  collector: CollectorHealth | null
  dataDir: string
  /** Ms of a clock that nobody sets. */
  now?: () => number
}

/** Reads it anew at every call. Rejects when the disk cannot be looked at. */
export function processHealth({
  storage,
  collector,
  dataDir,
  now = () => performance.now(),
}: Watched): () => Promise<Reading[]> {
  let downSince: number | null = null
  return async () => {
    const [{ ok, reason }, disk] = await Promise.all([storage.ready(), diskUsed(dataDir)])
    downSince = ok ? null : (downSince ?? now())
    const value = downSince === null ? 0 : now() - downSince
    return [
      { measure: 'storage_down', labels: {}, details: { error: reason }, value },
      { measure: 'disk_used', labels: {}, details: { directory: dataDir }, value: disk },
      ...(collector ? collectorReadings(collector) : []),
    ]
  }
}

function collectorReadings(collector: CollectorHealth): Reading[] {
  const { spool, issues } = collector.stats()
  const down = collector.targets().filter(({ state }) => state === 'down')
  const error = spool.no_room || spool.reason
  return [
    { measure: 'spool_used', labels: {}, details: { error }, value: spool.bytes / spool.max_bytes },
    ...(spool.oldest_ms === null
      ? []
      : [{ measure: 'spool_age' as const, labels: {}, details: { error }, value: spool.oldest_ms }]),
    { measure: 'refused', labels: {}, details: { error: spool.last_refusal }, value: spool.refused },
    { measure: 'rejected_segments', labels: {}, value: spool.rejected_segments },
    { measure: 'targets_down', labels: {}, details: { url: down[0]?.url ?? '' }, value: down.length },
    ...Object.entries(issues).map(([name, value]): Reading => {
      const [source = '', reason = ''] = name.split(' ')
      return { measure: 'ingest_issues', labels: { source, reason }, value }
    }),
  ]
}

/** Share of the disk that this user can't write to any more. */
async function diskUsed(dir: string): Promise<number> {
  const { bavail, blocks } = await statfs(dir)
  return 1 - bavail / blocks
}
