/** The dashboard "LLM model": how fast, how well and for how much a model answers. */
import { lines, rowsOf, stats, traceLink, type DashboardSpec } from './panels.ts'
import { requestStats } from './request-stats.ts'
import {
  called,
  firstRows,
  inAll,
  isError,
  longInAll,
  longOverTime,
  minutes,
  overTime,
  percentile,
  percentileInAll,
  perStatus,
  pricedSum,
  ranked,
  toldSum,
  within,
  type Measure,
} from './sql.ts'

const columns = ['model', 'environment', 'provider'] as const
const where = within(...columns)
const counted = `${where} AND ${minutes.live}`
const shared = requestStats(columns)
const perModel = (values: Record<string, Measure>) => longOverTime({ columns, by: { model: 'model' }, values })
const per = (by: Record<string, string>, values: Record<string, string>, condition = '') =>
  overTime({ from: 'requests', where: where + condition, by, values })

/** Prompts of a like length wait alike for their first token. */
const promptLength =
  "multiIf(input_tokens IS NULL, 'unknown', input_tokens < 1000, '0 to 1k', input_tokens < 8000, '1k to 8k'," +
  " input_tokens < 32000, '8k to 32k', 'over 32k')"

const requestColumns =
  'timestamp AS time, model, provider, endpoint, status, error_type, duration_ms, ttft_ms, input_tokens,\n' +
  '  output_tokens, toFloat64(cost_usd) AS spend_usd, trace_id, span_id'
const requestKinds = {
  time: 'time',
  model: 'text',
  provider: 'text',
  endpoint: 'text',
  status: 'text',
  error_type: 'text',
  duration_ms: 'number',
  ttft_ms: 'number',
  input_tokens: 'number',
  output_tokens: 'number',
  spend_usd: 'number',
  trace_id: 'text',
  span_id: 'text',
} as const
const requestRows = {
  units: { time: 'dateTimeAsIso', duration_ms: 'ms', ttft_ms: 'ms', spend_usd: 'currencyUSD' },
  links: { trace_id: traceLink },
}

export const model: DashboardSpec = {
  uid: 'inferwatch-model',
  title: 'LLM model',
  description: 'Latency, tokens, errors and cost of the chosen models, down to single requests',
  from: 'now-6h',
  page: { title: 'Requests in Inferwatch', url: '${inferwatch:raw}/requests' },
  variables: [
    { name: 'model', label: 'Model', sql: called('model') },
    { name: 'provider', label: 'Provider', sql: called('provider') },
    { name: 'environment', label: 'Environment', sql: called('environment') },
  ],
  rows: [
    {
      title: 'In all',
      panels: [
        shared.requests,
        shared.errorRatio,
        shared.p95Latency,
        stats(
          'P95 time to first token',
          '19 of 20 streamed requests began sooner',
          'ms',
          longInAll(columns, 'p95_ms', percentileInAll('ttft_ms', 0.95)),
        ),
        stats(
          'Median time per output token',
          'After the first one',
          'ms',
          longInAll(columns, 'p50_ms', percentileInAll('tpot_ms', 0.5)),
        ),
        stats(
          'Cost per 1,000 requests',
          'Of the requests whose price is known',
          'currencyUSD',
          inAll({
            from: minutes.from,
            where: counted,
            values: { usd: `${pricedSum('cost_usd')} * 1000 / nullIf(sum(r.priced), 0)` },
          }),
        ),
      ],
    },
    {
      title: 'Speed',
      panels: [
        lines(
          'Latency',
          'Median, 95th and 99th percentile per model',
          'ms',
          perModel({
            p50: percentile('duration_ms', 0.5),
            p95: percentile('duration_ms', 0.95),
            p99: percentile('duration_ms', 0.99),
          }),
        ),
        lines(
          'Time to first token',
          'Median and 95th percentile per model, of streamed requests that measured it',
          'ms',
          perModel({ p50: percentile('ttft_ms', 0.5), p95: percentile('ttft_ms', 0.95) }),
        ),
        lines(
          'Time per output token',
          'Median and 95th percentile per model, after the first token',
          'ms',
          perModel({ p50: percentile('tpot_ms', 0.5), p95: percentile('tpot_ms', 0.95) }),
        ),
        lines(
          'P95 time to first token by prompt length',
          'Long prompts take longer to read: whether the mix changed, or the model',
          'ms',
          per({ input_length: promptLength }, { p95: 'quantile(0.95)(ttft_ms)' }),
        ),
      ],
    },
    {
      title: 'Traffic',
      panels: [
        lines('Requests per second', 'By how they ended', 'reqps', perStatus(where), { interval: '1m', stacked: true }),
        lines(
          'Errors per second by type',
          'Of requests that failed, were rate limited or timed out',
          'reqps',
          per(
            { error: "if(error_type = '', status, error_type)" },
            { errors: 'count() / $__interval_s' },
            ` AND ${isError}`,
          ),
          { stacked: true },
        ),
        lines(
          'Tokens per second',
          'Read and generated, as callers counted them',
          'short',
          overTime({
            from: minutes.from,
            where: counted,
            by: { model: 'model' },
            values: {
              tokens_in: `${toldSum('input_tokens')} / $__interval_s`,
              tokens_out: `${toldSum('output_tokens')} / $__interval_s`,
            },
          }),
          { interval: '1m' },
        ),
        lines(
          'Prompt cache',
          'Input tokens that came from the prompt cache of the provider, of those of requests that say so',
          'percentunit',
          per(
            { model: 'model' },
            {
              cached: 'sum(cached_input_tokens) / nullIf(sumIf(input_tokens, cached_input_tokens IS NOT NULL), 0)',
            },
          ),
          { max: 1 },
        ),
        lines(
          'Finish reasons',
          'Why answers ended; length means that they were cut off',
          'reqps',
          per({ finish_reason: 'finish_reason' }, { answers: 'count() / $__interval_s' }, " AND finish_reason != ''"),
          { stacked: true },
        ),
        lines(
          'Spend by version',
          'Dollars per hour; a new version of a model may cost more',
          'currencyUSD',
          per(
            { model_and_version: "if(model_version = '', model, concat(model, ' ', model_version))" },
            { usd_per_hour: 'toFloat64(sum(cost_usd)) * 3600 / $__interval_s' },
          ),
          { stacked: true },
        ),
      ],
    },
    {
      title: 'Requests',
      panels: [
        rowsOf(
          'Versions and providers',
          'The same model may be faster or cheaper elsewhere',
          ranked({
            from: 'requests',
            where,
            by: { model: 'model', model_version: 'model_version', provider: 'provider', endpoint: 'endpoint' },
            values: {
              requests: 'count()',
              errors: `countIf(${isError})`,
              p95_ms: 'quantile(0.95)(duration_ms)',
              ttft_p95_ms: 'quantile(0.95)(ttft_ms)',
              tpot_p50_ms: 'quantile(0.5)(tpot_ms)',
              spend_usd: 'toFloat64(sum(cost_usd))',
            },
            order: 'requests',
          }),
          { units: { p95_ms: 'ms', ttft_p95_ms: 'ms', tpot_p50_ms: 'ms', spend_usd: 'currencyUSD' } },
        ),
        rowsOf(
          'Slowest requests',
          'The trace shows where the time went',
          {
            sql: firstRows({
              select: requestColumns,
              where,
              and: 'duration_ms IS NOT NULL',
              order: 'duration_ms',
              highest: 'duration_ms_max',
            }),
            columns: requestKinds,
          },
          requestRows,
        ),
        rowsOf(
          'Newest errors',
          'Requests that failed, were rate limited or timed out',
          {
            sql: firstRows({ select: requestColumns, where, and: isError, order: 'timestamp' }),
            columns: requestKinds,
          },
          requestRows,
        ),
      ],
    },
  ],
}
