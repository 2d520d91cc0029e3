/** Questions that people ask of the tables, ready to run: over the views, so that they stay right when tables change, or where quantiles are merged over rollups. */

export interface ReadyQuestion {
  title: string
  /** {from} and {to} are the page's time range. */
  sql: string
}

const range = 'timestamp >= {from:DateTime64(3)} AND timestamp < {to:DateTime64(3)}'
const hours = 'hour >= toStartOfHour({from:DateTime64(3)}) AND hour < {to:DateTime64(3)}'
const days = 'day BETWEEN toDate({from:DateTime64(3)}) AND toDate({to:DateTime64(3)})'

export const readyQuestions: readonly ReadyQuestion[] = [
  {
    title: 'Spend per team last month',
    sql: `SELECT team, sum(cost_usd) AS cost_usd, sum(requests) AS requests, sum(unpriced_requests) AS unpriced_requests
FROM v_spend_daily
WHERE day >= toStartOfMonth(toDate({to:DateTime64(3)})) - INTERVAL 1 MONTH
  AND day < toStartOfMonth(toDate({to:DateTime64(3)}))
GROUP BY team
ORDER BY cost_usd DESC NULLS LAST`,
  },
  {
    title: 'Spend per team this month',
    sql: `SELECT team, sum(cost_usd) AS cost_usd, sum(requests) AS requests, sum(unpriced_requests) AS unpriced_requests
FROM v_spend_daily
WHERE day >= toStartOfMonth(toDate({to:DateTime64(3)})) AND day <= toDate({to:DateTime64(3)})
GROUP BY team
ORDER BY cost_usd DESC NULLS LAST`,
  },
  {
    title: 'Spend per day and model',
    sql: `SELECT day, model, sum(cost_usd) AS cost_usd
FROM v_spend_daily
WHERE ${days}
GROUP BY day, model
ORDER BY day, model`,
  },
  {
    title: 'Dollars per million tokens of each model',
    sql: `SELECT model, provider, sum(requests) AS requests,
  sum(cost_usd) / sum(input_tokens + output_tokens) * 1e6 AS usd_per_million_tokens
FROM v_spend_daily
WHERE ${days} AND cost_usd IS NOT NULL
GROUP BY model, provider
ORDER BY usd_per_million_tokens DESC`,
  },
  {
    title: 'Users who spent the most',
    sql: `SELECT user_id, any(team) AS team, sum(requests) AS requests, sum(cost_usd) AS cost_usd
FROM v_users_daily
WHERE ${days} AND user_id != ''
GROUP BY user_id
ORDER BY cost_usd DESC NULLS LAST
LIMIT 50`,
  },
  {
    title: 'Most expensive calls',
    sql: `WITH (
    -- In 50 of these groups some call cost at least so much: no call that was cheaper is among the 50 most expensive.
    SELECT cost_usd_max FROM models_1h
    WHERE timestamp >= {from:DateTime64(3)} AND timestamp < toStartOfHour({to:DateTime64(3)}) AND cost_usd_max IS NOT NULL
    ORDER BY cost_usd_max DESC LIMIT 1 OFFSET 49
  ) AS reached_by_50_usd
SELECT timestamp, model, team, user_id, input_tokens, output_tokens, cost_usd, trace_id
FROM v_requests
WHERE timestamp IN (
    -- Found by their time, so that the other columns of all calls need not be read.
    SELECT timestamp FROM v_requests
    WHERE ${range}
      -- Over days, an index on the highest of each few thousand rows leaves out most of them.
      AND (dateDiff('hour', {from:DateTime64(3)}, {to:DateTime64(3)}) < 48 OR toFloat64(ifNull(cost_usd, 0)) >= ifNull(reached_by_50_usd, 0))
    ORDER BY cost_usd DESC NULLS LAST LIMIT 50
  ) AND cost_usd IS NOT NULL
ORDER BY cost_usd DESC
LIMIT 50`,
  },
  {
    title: 'Calls without a price, by model',
    sql: `SELECT provider, model, sum(unpriced_requests) AS unpriced_requests, sum(requests) AS requests
FROM v_spend_daily
WHERE ${days}
GROUP BY provider, model
HAVING unpriced_requests > 0
ORDER BY unpriced_requests DESC`,
  },
  {
    title: 'What prompt caching found and saved',
    sql: `SELECT model, sum(cached_input_tokens) / sum(input_tokens) AS cached_ratio, sum(cache_savings_usd) AS cache_savings_usd
FROM v_spend_daily
WHERE ${days}
GROUP BY model
ORDER BY cached_ratio DESC NULLS LAST`,
  },
  {
    title: 'P95 TTFT by prompt length',
    sql: `WITH quantiles(0.5, 0.95)(ttft_ms) AS ttft
SELECT roundToExp2(input_tokens) AS prompt_from_tokens, count() AS requests, ttft[1] AS ttft_p50_ms, ttft[2] AS ttft_p95_ms
FROM v_requests
WHERE ${range} AND ttft_ms IS NOT NULL AND input_tokens IS NOT NULL
GROUP BY prompt_from_tokens
ORDER BY prompt_from_tokens`,
  },
  {
    title: 'P95 latency of each model over time',
    sql: `WITH {from:DateTime64(3)} + INTERVAL 2 DAY <= {to:DateTime64(3)} AS of_days
SELECT * FROM (
  SELECT toStartOfInterval(timestamp, INTERVAL 5 MINUTE) AS time, model, quantile(0.95)(duration_ms) AS duration_p95_ms
  FROM v_requests
  WHERE NOT of_days AND ${range} AND duration_ms IS NOT NULL
  GROUP BY time, model
  UNION ALL
  -- Of days the digests of whole hours are read: these can be merged, finished percentiles can't.
  SELECT timestamp AS time, model, quantilesTDigestMerge(0.5, 0.95, 0.99)(duration_ms_quantiles)[2]
  FROM models_1h
  WHERE of_days AND timestamp >= toStartOfHour({from:DateTime64(3)}) AND timestamp < {to:DateTime64(3)}
    AND duration_ms_count > 0
  GROUP BY time, model
)
ORDER BY time, model`,
  },
  {
    title: 'Latency per hour, from rollups',
    sql: `SELECT hour, model, max(duration_p95_ms) AS slowest_endpoint_p95_ms
FROM v_latency_hourly
WHERE ${hours}
GROUP BY hour, model
ORDER BY hour, model`,
  },
  {
    title: 'Slowest calls',
    sql: `WITH (
    -- In 50 of these groups some call took at least so long: no call that was quicker is among the 50 slowest.
    SELECT duration_max_ms FROM v_latency_hourly
    WHERE hour >= {from:DateTime64(3)} AND hour < toStartOfHour({to:DateTime64(3)}) AND duration_max_ms IS NOT NULL
    ORDER BY duration_max_ms DESC LIMIT 1 OFFSET 49
  ) AS reached_by_50_ms
SELECT timestamp, model, endpoint, duration_ms, ttft_ms, queue_ms, output_tokens, status, trace_id
FROM v_requests
-- Written so, an index on the highest of each few thousand rows leaves out most of them.
WHERE ${range}
  AND toFloat64(ifNull(duration_ms, 0)) >= ifNull(reached_by_50_ms, 0) AND duration_ms IS NOT NULL
ORDER BY duration_ms DESC
LIMIT 50`,
  },
  {
    title: 'Output tokens per second of each model',
    sql: `WITH quantilesTDigestMerge(0.5, 0.95, 0.99)(tpot_ms_quantiles) AS tpot_ms
SELECT model, sum(tpot_ms_count) AS requests, 1000 / tpot_ms[1] AS median_output_tokens_per_second,
  1000 / tpot_ms[2] AS slowest_5_percent_output_tokens_per_second
FROM models_1h
WHERE timestamp >= toStartOfHour({from:DateTime64(3)}) AND timestamp < {to:DateTime64(3)}
GROUP BY model
HAVING requests > 0
ORDER BY median_output_tokens_per_second DESC`,
  },
  {
    title: 'Requests per minute',
    sql: `SELECT toStartOfMinute(timestamp) AS time, count() AS requests, countIf(failed) AS failed_requests
FROM v_requests
WHERE ${range}
GROUP BY time
ORDER BY time`,
  },
  {
    title: 'Error ratio per hour and endpoint',
    sql: `SELECT hour, endpoint, sum(failed_requests) / sum(requests) AS error_ratio
FROM v_errors_hourly
WHERE ${hours}
GROUP BY hour, endpoint
ORDER BY hour, endpoint`,
  },
  {
    title: 'What fails, and where',
    sql: `SELECT endpoint, model, status, error_type, http_status, count() AS requests, max(timestamp) AS last_seen
FROM v_requests
WHERE ${range} AND failed
GROUP BY endpoint, model, status, error_type, http_status
ORDER BY requests DESC`,
  },
  {
    title: 'Slowest hour per GPU',
    sql: `SELECT host, gpu, mig_id, argMin(hour, utilization_avg_ratio) AS slowest_hour,
  min(utilization_avg_ratio) AS lowest_utilization_ratio, argMax(hour, utilization_avg_ratio) AS busiest_hour,
  max(utilization_avg_ratio) AS highest_utilization_ratio
FROM v_gpu_hourly
WHERE ${hours}
GROUP BY host, gpu, mig_id
ORDER BY host, gpu, mig_id`,
  },
  {
    title: 'Energy and mean power of each GPU',
    sql: `SELECT host, gpu, any(device) AS device, sum(energy_joules) / 3.6e6 AS energy_kilowatt_hours,
  sum(power_avg_watts * samples) / sum(samples) AS power_avg_watts, max(memory_used_max_bytes) AS memory_used_max_bytes
FROM v_gpu_hourly
WHERE ${hours}
GROUP BY host, gpu
ORDER BY energy_kilowatt_hours DESC`,
  },
  {
    title: 'Queue, KV cache and throughput of each server',
    sql: `SELECT instance, model, sum(running_avg * samples) / sum(samples) AS running_avg, max(waiting_max) AS waiting_max,
  max(kv_cache_max_ratio) AS kv_cache_max_ratio, sum(output_tokens) / sum(covered_ms) * 1000 AS output_tokens_per_second
FROM v_server_hourly
WHERE ${hours}
GROUP BY instance, model
ORDER BY instance, model`,
  },
  {
    title: 'Sessions with the most calls',
    sql: `WITH busiest AS (
    SELECT session_id, min(timestamp) AS first, max(timestamp) AS last FROM v_requests
    WHERE ${range} AND session_id != ''
    GROUP BY session_id ORDER BY count() DESC LIMIT 50
  )
SELECT session_id, any(user_id) AS user_id, count() AS requests, sum(cost_usd) AS cost_usd,
  min(timestamp) AS first_call, max(timestamp) AS last_call
FROM v_requests
-- Of all sessions only the calls are counted; other columns are read in the hours of the busiest.
WHERE ${range}
  AND (session_id, toStartOfHour(timestamp)) IN (
    SELECT session_id, hour FROM busiest
    ARRAY JOIN timeSlots(toDateTime(first), toUInt32(dateDiff('second', first, last)), 3600) AS hour
  )
GROUP BY session_id
ORDER BY requests DESC
LIMIT 50`,
  },
]
