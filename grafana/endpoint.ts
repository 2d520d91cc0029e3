/** The dashboard "LLM endpoints and servers": what callers see of an endpoint, beside what its inference servers say. */
import { lines, rowsOf, stats, type DashboardSpec } from './panels.ts'
import { requestStats } from './request-stats.ts'
import {
  called,
  chosen,
  distinct,
  failures,
  inAll,
  longOverTime,
  minutes,
  overTime,
  percentile,
  ranked,
  within,
  type Measure,
  type Question,
} from './sql.ts'

const columns = ['endpoint', 'environment'] as const
const where = within(...columns)
const counted = `${where} AND ${minutes.live}`
const shared = requestStats(columns)
const perEndpoint = (values: Record<string, Measure>) => longOverTime({ columns, by: { endpoint: 'endpoint' }, values })
const sumsPerEndpoint = (values: Record<string, string>) =>
  overTime({ from: minutes.from, where: counted, by: { endpoint: 'endpoint' }, values })
const perProbe = (values: Record<string, string>) =>
  overTime({ from: 'probes', where: within('endpoint'), by: { endpoint: 'endpoint', probe: 'probe' }, values })

const serverWhere = within('endpoint', 'instance')
const perServer = (values: Record<string, string>) =>
  overTime({ from: 'server_samples', where: serverWhere, by: { instance: 'instance', model: 'model' }, values })
/** Counters are increases since the sample before: per second of the time that the samples cover. */
const perSecond = (counter: string) => `sum(${counter}) * 1000 / nullIf(sum(interval_ms), 0)`

/** Histograms of servers add up where their bounds agree; a percentile is known up to its bucket. */
const bucketOfP95 = (histogram: string): Question => ({
  sql:
    'SELECT time, instance, model,\n' +
    '  nullIf(arrayFirst((bound, seen) -> seen >= 0.95 * arraySum(added.2), added.1, arrayCumSum(added.2)), inf) AS p95_below\n' +
    `FROM (\n  SELECT $__timeInterval(timestamp) AS time, instance, model,\n` +
    `    sumMap(arrayConcat(${histogram}_bounds, [inf]), ${histogram}_counts) AS added\n` +
    `  FROM server_samples\n  WHERE ${serverWhere} AND notEmpty(${histogram}_counts)\n  GROUP BY time, instance, model\n)\n` +
    'ORDER BY time',
  columns: { time: 'time', instance: 'text', model: 'text', p95_below: 'number' },
})

export const endpoint: DashboardSpec = {
  uid: 'inferwatch-endpoint',
  title: 'LLM endpoints and servers',
  description: 'What callers see of each endpoint, what probes find, and what its inference servers say of themselves',
  from: 'now-1h',
  page: { title: 'Servers in Inferwatch', url: '${inferwatch:raw}/servers' },
  variables: [
    { name: 'endpoint', label: 'Endpoint', sql: called('endpoint') },
    { name: 'environment', label: 'Environment', sql: called('environment') },
    { name: 'instance', label: 'Server', sql: distinct('instance', 'server_samples') },
  ],
  rows: [
    {
      title: 'Endpoints',
      panels: [
        shared.requests,
        shared.errorRatio,
        stats(
          'Rate limited',
          'Requests that the endpoint refused for their number',
          'short',
          inAll({
            from: minutes.from,
            where: counted,
            values: { rate_limited: 'sum(r.requests_rate_limited)' },
          }),
        ),
        shared.p95Latency,
        stats(
          'Probes that failed',
          'Of all probes in the time range',
          'percentunit',
          inAll({
            from: 'probes',
            where: within('endpoint'),
            values: { failed_ratio: 'countIf(NOT ok) / nullIf(count(), 0)' },
          }),
        ),
        stats(
          'Servers seen',
          'Inference servers that were scraped in the time range',
          'short',
          inAll({ from: 'server_samples', where: serverWhere, values: { servers: 'uniqExact(instance)' } }),
        ),
        lines(
          'Requests per second',
          'Calls of each endpoint',
          'reqps',
          sumsPerEndpoint({ requests: 'sum(r.requests) / $__interval_s' }),
          { interval: '1m', stacked: true },
        ),
        lines(
          'Error ratio',
          'Share of requests that failed, were rate limited or timed out',
          'percentunit',
          sumsPerEndpoint({ errors: `${failures} / sum(r.requests)` }),
          { interval: '1m', max: 1 },
        ),
        lines(
          'Latency',
          'Median and 95th percentile per endpoint',
          'ms',
          perEndpoint({ p50: percentile('duration_ms', 0.5), p95: percentile('duration_ms', 0.95) }),
        ),
        lines(
          'Time to first token',
          'Median and 95th percentile per endpoint, as its callers measured it',
          'ms',
          perEndpoint({ p50: percentile('ttft_ms', 0.5), p95: percentile('ttft_ms', 0.95) }),
        ),
        lines(
          'Probes',
          'Share of the synthetic calls that were answered well',
          'percentunit',
          perProbe({ answered: 'countIf(ok) / count()' }),
          { max: 1 },
        ),
        lines('Slowest probe', 'Longest synthetic call', 'ms', perProbe({ slowest: 'max(duration_ms)' })),
      ],
    },
    {
      title: 'Inference servers',
      panels: [
        lines(
          'Queue',
          'Requests running and waiting on each server',
          'short',
          perServer({ running_now: 'avg(running)', waiting_now: 'avg(waiting)' }),
        ),
        lines(
          'KV cache',
          'Share in use; near 100 % requests wait or are preempted',
          'percentunit',
          perServer({ kv_cache: 'max(kv_cache_ratio)' }),
          { max: 1 },
        ),
        lines(
          'Tokens per second',
          'Read and generated, as the server counts them',
          'short',
          perServer({ tokens_in: perSecond('input_tokens'), tokens_out: perSecond('output_tokens') }),
        ),
        lines(
          'Preemptions per second',
          'Requests thrown out of the KV cache and computed again: the server has too little memory for its load',
          'short',
          perServer({ preempted: perSecond('preemptions') }),
        ),
        lines(
          'P95 time to first token, of the server',
          'Upper bound of the bucket that holds it; the rest of what callers see is network and queues before the server',
          'ms',
          bucketOfP95('ttft_ms'),
        ),
        lines('P95 time in the queue', 'Upper bound of the bucket that holds it', 'ms', bucketOfP95('queue_ms')),
        lines(
          'Prefix cache',
          'Prompt tokens found in the prefix cache, of those looked up',
          'percentunit',
          perServer({ found: 'sum(prefix_hits) / nullIf(sum(prefix_queries), 0)' }),
          { max: 1 },
        ),
        lines(
          'Failed requests per second',
          'As the server counts them',
          'reqps',
          perServer({ failures: perSecond('requests_failed') }),
        ),
        rowsOf(
          'Servers',
          'What each server did in the time range',
          ranked({
            from: 'server_samples',
            where: serverWhere,
            by: { instance: 'instance', server: 'server', endpoint: 'endpoint', model: 'model' },
            values: {
              waiting_most: 'max(waiting)',
              kv_cache_most: 'max(kv_cache_ratio)',
              tokens_out: 'sum(output_tokens)',
              preempted: 'sum(preemptions)',
              restarts: 'countIf(restarted)',
            },
            order: 'waiting_most',
          }),
          { units: { kv_cache_most: 'percentunit' } },
        ),
        rowsOf(
          'Scrape targets',
          'Newest state of every scraped page of these endpoints, and what to do about it',
          {
            sql:
              'SELECT url, argMax(t.kind, t.timestamp) AS kind, argMax(t.endpoint, t.timestamp) AS serves,\n' +
              '  argMax(t.state, t.timestamp) AS state, argMax(t.error, t.timestamp) AS error, max(t.timestamp) AS seen\n' +
              `FROM targets AS t\nWHERE $__timeFilter(t.timestamp) AND ${chosen('t.endpoint', 'endpoint')}\n` +
              'GROUP BY url\nORDER BY state, url\nLIMIT 1000',
            columns: { url: 'text', kind: 'text', serves: 'text', state: 'text', error: 'text', seen: 'time' },
          },
          { units: { seen: 'dateTimeAsIso' } },
        ),
      ],
    },
  ],
}
