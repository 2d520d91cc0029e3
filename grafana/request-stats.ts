/** The numbers over all chosen requests that more than one dashboard begins with. */
import { stats, type Panel } from './panels.ts'
import { inAll, isError } from './sql.ts'

/** `where` is a dashboard's own choice of requests. */
export function requestStats(where: string): Record<'requests' | 'errorRatio' | 'p95Latency', Panel> {
  const total = (values: Record<string, string>) => inAll({ from: 'requests', where, values })
  return {
    requests: stats('Requests', 'Calls of a model in the time range', 'short', total({ requests: 'count()' })),
    errorRatio: stats(
      'Error ratio',
      'Requests that failed, were rate limited or timed out, of all',
      'percentunit',
      total({ error_ratio: `countIf(${isError}) / nullIf(count(), 0)` }),
    ),
    p95Latency: stats(
      'P95 latency',
      '19 of 20 requests took less',
      'ms',
      total({ p95_ms: 'quantile(0.95)(duration_ms)' }),
    ),
  }
}
