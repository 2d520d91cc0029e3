/**
 * What stopped coming? Of each group of rows that there was in the window, how long ago the newest one was. Reads raw rows of the
 * table that is watched.
 */
import { alertSamples, type SampleScan } from './alert-samples.ts'
import { dimensionColumns, type Question } from './alert-scan.ts'
import { gpuColumns } from './alert-gpu.ts'
import { jobQueueColumns } from './alert-job-queue.ts'
import { probeColumns } from './alert-probe.ts'
import { serverColumns } from './alert-server.ts'

export const watchedTables = {
  requests: { table: 'requests', columns: dimensionColumns, by: ['model'] },
  server: { table: 'server_samples', columns: serverColumns, by: ['endpoint', 'instance', 'model'] },
  gpu: { table: 'gpu_samples', columns: gpuColumns, by: ['host', 'gpu', 'mig_id'] },
  probe: { table: 'probes', columns: probeColumns, by: ['endpoint', 'probe'] },
  job_queue: { table: 'queue_samples', columns: jobQueueColumns, by: ['system', 'queue'] },
} as const
export type Watched = keyof typeof watchedTables

export interface AbsentScan extends SampleScan {
  /** Groups with fewer rows in the window give no row: what comes rarely is not missed. */
  min_rows: number
}

/** In ms. Without `by` there is one instance, also when there is no row at all: that has lasted the whole window, at least. */
export function alertAbsent(of: Watched, scan: AbsentScan): Question {
  const { by, range, min_rows } = scan
  const since = '{to_ms:Int64} - max(i.newest)'
  const value = by.length > 0 ? since : `if(count() = 0, {window_ms:Int64}, ${since})`
  const measure = {
    each: { newest: 'max(toUnixTimestamp64Milli(s.timestamp))', rows: 'count()' },
    value: `if(sum(i.rows) >= {min_rows:UInt64}${by.length > 0 ? '' : ' or count() = 0'}, toFloat64(${value}), null)`,
    params: { min_rows, window_ms: Math.ceil(range.to - range.from) },
  }
  const key = by.length > 0 ? by.map((column) => `s.${column}`) : ['()']
  return alertSamples({ rows: watchedTables[of].table, key }, measure, scan)
}
