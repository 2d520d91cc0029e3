/** The numbers over all chosen requests that more than one dashboard begins with. */
import { stats, type Panel } from './panels.ts'
import { failures, inAll, longInAll, minutes, percentileInAll, within } from './sql.ts'

/** `columns`: by which a dashboard chooses its requests; rollups have them. */
export function requestStats(columns: readonly string[]): Record<'requests' | 'errorRatio' | 'p95Latency', Panel> {
  const where = within(...columns)
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
      longInAll(columns, 'p95_ms', percentileInAll('duration_ms', 0.95)),
    ),
  }
}
