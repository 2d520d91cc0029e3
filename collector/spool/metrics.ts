/** What the spool says of itself. */
import { metrics, type Counter, type Histogram } from '@opentelemetry/api'

export interface SpoolStats {
  /** Bytes on disk or on their way there: open, waiting and rejected segments. */
  bytes: number
  max_bytes: number
  /** Sealed segments that wait for ClickHouse. */
  segments: number
  /** Age of the oldest rows not yet in ClickHouse; null when there are none. */
  oldest_ms: number | null
  /** Rows made durable and rows inserted since start, by table. */
  appended: Record<string, number>
  inserted: Record<string, number>
  /** Appends refused since start, and why the last one was: there may be room again. */
  refused: number
  last_refusal: string
  /** Segments that ClickHouse refused for good since start, and what it said of the last one. */
  rejected_segments: number
  /** Why segments wait; empty while they go in. */
  reason: string
  /** Why the disk takes nothing more; empty while it does. */
  no_room: string
}

export interface SpoolMetrics {
  appended: Counter
  inserted: Counter
  refused: Counter
  rejected: Counter
  appendSeconds: Histogram
  insertSeconds: Histogram
  stop: () => void
}

export function spoolMetrics(stats: () => SpoolStats): SpoolMetrics {
  const meter = metrics.getMeter('inferwatch')
  const bytes = meter.createObservableGauge('inferwatch.spool.bytes', { description: 'Spool on disk', unit: 'By' })
  const limit = meter.createObservableGauge('inferwatch.spool.limit_bytes', {
    description: 'Spool size at which receivers answer 503',
    unit: 'By',
  })
  const segments = meter.createObservableGauge('inferwatch.spool.segments', {
    description: 'Sealed segments that wait for ClickHouse',
    unit: '{segment}',
  })
  const oldest = meter.createObservableGauge('inferwatch.spool.oldest_age_seconds', {
    description: 'Age of the oldest rows not yet in ClickHouse',
    unit: 's',
  })
  const gauges = [bytes, limit, segments, oldest]
  const observe: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) => {
    const now = stats()
    result.observe(bytes, now.bytes)
    result.observe(limit, now.max_bytes)
    result.observe(segments, now.segments)
    result.observe(oldest, (now.oldest_ms ?? 0) / 1000)
  }
  meter.addBatchObservableCallback(observe, gauges)
  return {
    appended: meter.createCounter('inferwatch.spool.rows_appended', {
      description: 'Rows made durable, by table',
      unit: '{row}',
    }),
    inserted: meter.createCounter('inferwatch.spool.rows_inserted', {
      description: 'Rows of segments that ClickHouse has taken, by table',
      unit: '{row}',
    }),
    refused: meter.createCounter('inferwatch.spool.refused', {
      description: 'Appends refused, by reason',
      unit: '{append}',
    }),
    rejected: meter.createCounter('inferwatch.spool.segments_rejected', {
      description: 'Segments that ClickHouse refused for good, by table',
      unit: '{segment}',
    }),
    appendSeconds: meter.createHistogram('inferwatch.spool.append_duration_seconds', {
      description: 'From append to durable',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] },
    }),
    insertSeconds: meter.createHistogram('inferwatch.spool.insert_duration_seconds', {
      description: 'One INSERT of a segment',
      unit: 's',
      advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] },
    }),
    stop: () => meter.removeBatchObservableCallback(observe, gauges),
  }
}
