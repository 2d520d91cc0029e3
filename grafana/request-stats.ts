/** The numbers over all chosen requests that more than one dashboard begins with. */
import { stats, type Panel } from './panels.ts'
import { failures, inAll, minutes } from './sql.ts'

/** `where` is a dashboard's own choice of requests, by columns that rollups have. */
export function requestStats(where: string): Record<'requests' | 'errorRatio' | 'p95Latency', Panel> {
  const sums = (values: Record<string, string>) =>
    inAll({ from: minutes.from, where: `${where} AND ${minutes.live}`, values })
  return {
    requests: stats('Requests', 'Calls of a model in the time range', 'short', sums({ requests: 'sum(r.requests)' })),
    errorRatio: stats(
      'Error ratio',
      'Requests that failed, were rate limited or timed out, of all',
      'percentunit',
      sums({ error_ratio: `${failures} / nullIf(sum(r.requests), 0)` }),
    ),
    p95Latency: stats(
      'P95 latency',
      '19 of 20 requests took less',
      'ms',
      inAll({ from: 'requests', where, values: { p95_ms: 'quantile(0.95)(duration_ms)' } }),
    ),
  }
}
