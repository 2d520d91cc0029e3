-- What analysts build on: views whose columns stay what they are when tables change. Each call is counted once, unknown is null, and
-- quantiles are merged from their states. A later migration may add columns to them, or read them from elsewhere.

CREATE OR REPLACE VIEW v_requests
(
  timestamp DateTime64(6, 'UTC') COMMENT 'Start of the call, UTC',
  duration_ms Nullable(Float64) COMMENT 'Whole duration in ms; null when unknown, as in some imported logs',
  ttfb_ms Nullable(Float64) COMMENT 'Time to the first byte of the answer in ms; null unless measured on its way',
  ttft_ms Nullable(Float64) COMMENT 'Time to first token in ms; null unless streamed and measured',
  tpot_ms Nullable(Float64) COMMENT 'Time per output token in ms: (duration - TTFT) / (output_tokens - 1)',
  queue_ms Nullable(Float64) COMMENT 'Time in the server queue in ms',
  prefill_ms Nullable(Float64) COMMENT 'Time to process the prompt in ms',
  decode_ms Nullable(Float64) COMMENT 'Time to generate after the first token in ms',
  streamed Bool COMMENT 'The answer came as a stream',
  trace_id String COMMENT 'Trace: 32 hex digits',
  span_id String COMMENT 'Span: 16 hex digits',
  parent_span_id String COMMENT 'Parent span; empty for a root',
  request_id String COMMENT 'Id that the provider or client gave the call',
  service LowCardinality(String) COMMENT 'Calling service (OpenTelemetry service.name)',
  environment LowCardinality(String) COMMENT 'Deployment environment: production, staging, demo, ...',
  provider LowCardinality(String) COMMENT 'Who ran the model: openai, anthropic, vllm, ...',
  endpoint LowCardinality(String) COMMENT 'Configured endpoint or host that was called',
  region LowCardinality(String) COMMENT 'Region of the provider',
  instance LowCardinality(String) COMMENT 'Server instance that answered: host:port',
  model LowCardinality(String) COMMENT 'Model, normalised: gpt-4o',
  requested_model LowCardinality(String) COMMENT 'Model as the client asked for it',
  model_version LowCardinality(String) COMMENT 'What normalising took off the model name: 2024-08-06',
  operation LowCardinality(String) COMMENT 'chat, text_completion, embeddings, ...',
  user_id String COMMENT 'End user on whose behalf the call was made',
  team LowCardinality(String) COMMENT 'Team that pays',
  feature LowCardinality(String) COMMENT 'Product feature that made the call',
  session_id String COMMENT 'Conversation or session',
  api_key LowCardinality(String) COMMENT 'Hash or name of the API key, never the key',
  variant LowCardinality(String) COMMENT 'Experiment variant',
  prompt_name LowCardinality(String) COMMENT 'Name of the prompt template',
  prompt_version LowCardinality(String) COMMENT 'Version of the prompt template',
  input_tokens Nullable(UInt32) COMMENT 'Input tokens in all, cached and cache-written ones included; null when unknown',
  cached_input_tokens Nullable(UInt32) COMMENT 'Input tokens read from the prompt cache',
  cache_write_tokens Nullable(UInt32) COMMENT 'Input tokens written to the prompt cache',
  output_tokens Nullable(UInt32) COMMENT 'Output tokens in all, reasoning included; null when unknown',
  reasoning_tokens Nullable(UInt32) COMMENT 'Output tokens spent on reasoning',
  output_tokens_per_second Nullable(Float64) COMMENT 'Output tokens per second after the first one: 1000 / tpot_ms',
  max_tokens Nullable(UInt32) COMMENT 'Limit of output tokens that the client asked for',
  context_window Nullable(UInt32) COMMENT 'Context window of the model in tokens',
  status LowCardinality(String) COMMENT 'ok, error, rate_limited, timeout, cancelled or filtered',
  failed Bool COMMENT 'The status is error, rate_limited or timeout: what error ratios count',
  error_type LowCardinality(String) COMMENT 'Class or code of the error; empty when ok',
  http_status Nullable(UInt16) COMMENT 'HTTP status of the answer',
  finish_reason LowCardinality(String) COMMENT 'stop, length, tool_calls, content_filter, error or the vendor\'s own word',
  tool_call_count Nullable(UInt16) COMMENT 'Tools that the answer calls; null when unknown',
  attempt UInt16 COMMENT '1 for the first try of a call, 2 for its first retry',
  cache_hit Bool COMMENT 'Answered from a response cache, without the model',
  cost_usd Nullable(Decimal(18, 12)) COMMENT 'Cost in US dollars; null when unknown, never 0 instead',
  input_cost_usd Nullable(Decimal(18, 12)) COMMENT 'Part of the cost for input tokens, in US dollars',
  output_cost_usd Nullable(Decimal(18, 12)) COMMENT 'Part of the cost for output tokens, in US dollars',
  cost_source LowCardinality(String) COMMENT 'Where the cost comes from: reported, catalogue, provisioned, gpu or unknown',
  cache_savings_usd Nullable(Decimal(18, 12)) COMMENT 'What prompt caching saved against the uncached rate, in US dollars; negative when writing the cache cost more',
  attributes Map(LowCardinality(String), String) COMMENT 'Everything that stands in no other column'
)
AS SELECT timestamp, duration_ms, ttfb_ms, ttft_ms, tpot_ms, queue_ms, prefill_ms, decode_ms, streamed, trace_id, span_id,
  parent_span_id, request_id, service, environment, provider, endpoint, region, instance, model, requested_model, model_version,
  operation, user_id, team, feature, session_id, api_key, variant, prompt_name, prompt_version, input_tokens,
  cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
  if(tpot_ms > 0, 1000 / tpot_ms, NULL) AS output_tokens_per_second, max_tokens, context_window, status,
  CAST(status IN ('error', 'rate_limited', 'timeout'), 'Bool') AS failed, error_type, http_status, finish_reason, tool_call_count, attempt,
  cache_hit, cost_usd, input_cost_usd, output_cost_usd, cost_source, cache_savings_usd, attributes
FROM requests FINAL
COMMENT 'One row per call of a model, each call once; prompts and answers stand in requests, where they are kept';

CREATE OR REPLACE VIEW v_spend_daily
(
  day Date COMMENT 'Day, UTC',
  environment LowCardinality(String) COMMENT 'Deployment environment',
  service LowCardinality(String) COMMENT 'Calling service',
  provider LowCardinality(String) COMMENT 'Who ran the model',
  endpoint LowCardinality(String) COMMENT 'Endpoint that was called',
  region LowCardinality(String) COMMENT 'Region of the provider',
  model LowCardinality(String) COMMENT 'Model, normalised',
  operation LowCardinality(String) COMMENT 'chat, embeddings, ...',
  team LowCardinality(String) COMMENT 'Team that pays',
  feature LowCardinality(String) COMMENT 'Product feature that made the call',
  requests UInt64 COMMENT 'Requests',
  unpriced_requests UInt64 COMMENT 'Requests without a known cost: cost_usd leaves them out',
  input_tokens Nullable(UInt64) COMMENT 'Sum of input tokens; null when no request told',
  cached_input_tokens Nullable(UInt64) COMMENT 'Sum of input tokens read from the prompt cache; null when no request told',
  output_tokens Nullable(UInt64) COMMENT 'Sum of output tokens; null when no request told',
  cost_usd Nullable(Decimal(38, 12)) COMMENT 'Sum of known costs in US dollars; null when none is known',
  input_cost_usd Nullable(Decimal(38, 12)) COMMENT 'Sum of known costs for input tokens in US dollars; null when no cost is known',
  output_cost_usd Nullable(Decimal(38, 12)) COMMENT 'Sum of known costs for output tokens in US dollars; null when no cost is known',
  cache_savings_usd Nullable(Decimal(38, 12)) COMMENT 'Sum of what prompt caching saved in US dollars; null when no cost is known'
)
AS SELECT toDate(s.timestamp) AS day, s.environment AS environment, s.service AS service, s.provider AS provider,
  s.endpoint AS endpoint, s.region AS region, s.model AS model, s.operation AS operation, s.team AS team, s.feature AS feature,
  s.requests AS requests, s.unpriced AS unpriced_requests,
  if(s.input_tokens_unknown = s.requests, NULL, s.input_tokens) AS input_tokens,
  if(s.cached_input_tokens_unknown = s.requests, NULL, s.cached_input_tokens) AS cached_input_tokens,
  if(s.output_tokens_unknown = s.requests, NULL, s.output_tokens) AS output_tokens,
  if(s.priced = 0, NULL, s.cost_usd) AS cost_usd, if(s.priced = 0, NULL, s.input_cost_usd) AS input_cost_usd,
  if(s.priced = 0, NULL, s.output_cost_usd) AS output_cost_usd, if(s.priced = 0, NULL, s.cache_savings_usd) AS cache_savings_usd
FROM requests_1d AS s FINAL WHERE s.requests > 0
COMMENT 'Requests, tokens and spend per day of UTC and environment, service, provider, endpoint, region, model, operation, team and feature; a minute or two behind';

CREATE OR REPLACE VIEW v_latency_hourly
(
  hour DateTime('UTC') COMMENT 'Start of the hour, UTC',
  environment LowCardinality(String) COMMENT 'Deployment environment',
  provider LowCardinality(String) COMMENT 'Who ran the model',
  endpoint LowCardinality(String) COMMENT 'Endpoint that was called',
  model LowCardinality(String) COMMENT 'Model, normalised',
  requests UInt64 COMMENT 'Requests',
  duration_avg_ms Nullable(Float64) COMMENT 'Mean duration in ms; null when none is known, as all figures of this view',
  duration_p50_ms Nullable(Float64) COMMENT 'Median duration in ms; quantiles cannot be averaged: for other groups take v_requests',
  duration_p95_ms Nullable(Float64) COMMENT 'P95 of the duration in ms',
  duration_p99_ms Nullable(Float64) COMMENT 'P99 of the duration in ms',
  duration_max_ms Nullable(Float64) COMMENT 'Highest duration in ms',
  ttft_avg_ms Nullable(Float64) COMMENT 'Mean time to first token in ms',
  ttft_p50_ms Nullable(Float64) COMMENT 'Median time to first token in ms',
  ttft_p95_ms Nullable(Float64) COMMENT 'P95 of the time to first token in ms',
  ttft_p99_ms Nullable(Float64) COMMENT 'P99 of the time to first token in ms',
  tpot_avg_ms Nullable(Float64) COMMENT 'Mean time per output token in ms',
  tpot_p50_ms Nullable(Float64) COMMENT 'Median time per output token in ms',
  tpot_p95_ms Nullable(Float64) COMMENT 'P95 of the time per output token in ms',
  tpot_p99_ms Nullable(Float64) COMMENT 'P99 of the time per output token in ms'
)
AS SELECT hour, environment, provider, endpoint, model, all_requests AS requests,
  if(durations = 0, NULL, duration_sum / durations) AS duration_avg_ms,
  if(durations = 0, NULL, duration[1]) AS duration_p50_ms, if(durations = 0, NULL, duration[2]) AS duration_p95_ms,
  if(durations = 0, NULL, duration[3]) AS duration_p99_ms, duration_max AS duration_max_ms,
  if(ttfts = 0, NULL, ttft_sum / ttfts) AS ttft_avg_ms, if(ttfts = 0, NULL, ttft[1]) AS ttft_p50_ms,
  if(ttfts = 0, NULL, ttft[2]) AS ttft_p95_ms, if(ttfts = 0, NULL, ttft[3]) AS ttft_p99_ms,
  if(tpots = 0, NULL, tpot_sum / tpots) AS tpot_avg_ms, if(tpots = 0, NULL, tpot[1]) AS tpot_p50_ms,
  if(tpots = 0, NULL, tpot[2]) AS tpot_p95_ms, if(tpots = 0, NULL, tpot[3]) AS tpot_p99_ms
FROM (
  SELECT s.timestamp AS hour, s.environment AS environment, s.provider AS provider, s.endpoint AS endpoint, s.model AS model,
    sum(s.requests) AS all_requests,
    sum(s.duration_ms_count) AS durations, sum(s.duration_ms_sum) AS duration_sum, max(s.duration_ms_max) AS duration_max,
    sum(s.ttft_ms_count) AS ttfts, sum(s.ttft_ms_sum) AS ttft_sum, sum(s.tpot_ms_count) AS tpots, sum(s.tpot_ms_sum) AS tpot_sum,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(s.duration_ms_quantiles) AS duration,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(s.ttft_ms_quantiles) AS ttft,
    quantilesTDigestMerge(0.5, 0.95, 0.99)(s.tpot_ms_quantiles) AS tpot
  FROM requests_1h AS s FINAL WHERE s.requests > 0
  GROUP BY hour, environment, provider, endpoint, model
)
COMMENT 'Latency per hour of UTC and environment, provider, endpoint and model, quantiles within 0.02 % of exact; a minute or two behind';

CREATE OR REPLACE VIEW v_errors_hourly
(
  hour DateTime('UTC') COMMENT 'Start of the hour, UTC',
  environment LowCardinality(String) COMMENT 'Deployment environment',
  service LowCardinality(String) COMMENT 'Calling service',
  provider LowCardinality(String) COMMENT 'Who ran the model',
  endpoint LowCardinality(String) COMMENT 'Endpoint that was called',
  model LowCardinality(String) COMMENT 'Model, normalised',
  team LowCardinality(String) COMMENT 'Team that pays',
  requests UInt64 COMMENT 'Requests',
  failed_requests UInt64 COMMENT 'Requests with status error, rate_limited or timeout',
  error_requests UInt64 COMMENT 'Requests with status error',
  rate_limited_requests UInt64 COMMENT 'Requests with status rate_limited',
  timeout_requests UInt64 COMMENT 'Requests with status timeout',
  cancelled_requests UInt64 COMMENT 'Requests with status cancelled: no failure',
  filtered_requests UInt64 COMMENT 'Requests with status filtered: no failure',
  error_ratio Float64 COMMENT 'failed_requests / requests, 0 to 1; over several rows take sum(failed_requests) / sum(requests)'
)
AS SELECT hour, environment, service, provider, endpoint, model, team, all_requests AS requests,
  errors + limited + timeouts AS failed_requests, errors AS error_requests, limited AS rate_limited_requests,
  timeouts AS timeout_requests, cancelled AS cancelled_requests, filtered AS filtered_requests,
  (errors + limited + timeouts) / all_requests AS error_ratio
FROM (
  SELECT s.timestamp AS hour, s.environment AS environment, s.service AS service, s.provider AS provider, s.endpoint AS endpoint,
    s.model AS model, s.team AS team, sum(s.requests) AS all_requests, sum(s.requests_error) AS errors,
    sum(s.requests_rate_limited) AS limited, sum(s.requests_timeout) AS timeouts, sum(s.requests_cancelled) AS cancelled,
    sum(s.requests_filtered) AS filtered
  FROM requests_1h AS s FINAL WHERE s.requests > 0
  GROUP BY hour, environment, service, provider, endpoint, model, team
)
COMMENT 'Failures per hour of UTC and environment, service, provider, endpoint, model and team; what failed says error_type of v_requests; a minute or two behind';

CREATE OR REPLACE VIEW v_gpu_hourly
(
  hour DateTime('UTC') COMMENT 'Start of the hour, UTC',
  host LowCardinality(String) COMMENT 'Host of the GPU',
  gpu LowCardinality(String) COMMENT 'Index of the GPU on its host',
  uuid LowCardinality(String) COMMENT 'UUID of the GPU',
  device LowCardinality(String) COMMENT 'Name of the GPU model: NVIDIA H200',
  mig_profile LowCardinality(String) COMMENT 'MIG profile or AMD partitioning; empty for a whole GPU',
  mig_id LowCardinality(String) COMMENT 'MIG instance or AMD partition; empty for a whole GPU',
  samples UInt64 COMMENT 'Samples of the hour',
  covered_ms Float64 COMMENT 'Time covered by samples in ms: an hour scraped all through has 3,600,000',
  utilization_avg_ratio Nullable(Float64) COMMENT 'Mean share of time with any kernel running, 0 to 1; null when not exported, as all figures of this view',
  utilization_max_ratio Nullable(Float64) COMMENT 'Highest share of time with any kernel running, 0 to 1',
  sm_active_avg_ratio Nullable(Float64) COMMENT 'Mean share of multiprocessors with work, 0 to 1',
  tensor_active_avg_ratio Nullable(Float64) COMMENT 'Mean share of time the tensor cores were active, 0 to 1',
  memory_used_avg_bytes Nullable(Float64) COMMENT 'Mean memory in use, bytes',
  memory_used_max_bytes Nullable(Float64) COMMENT 'Highest memory in use, bytes',
  memory_total_bytes Nullable(Float64) COMMENT 'Memory in all, bytes',
  power_avg_watts Nullable(Float64) COMMENT 'Mean power, watts',
  power_max_watts Nullable(Float64) COMMENT 'Highest power, watts',
  energy_joules Nullable(Float64) COMMENT 'Energy used, joules, as the GPU counts it; else mean power times time covered',
  temperature_max_celsius Nullable(Float64) COMMENT 'Highest temperature of the chip, degrees Celsius',
  throttled_ratio Float64 COMMENT 'Share of samples while clocks were held down, 0 to 1',
  xid_samples UInt64 COMMENT 'Samples that showed an XID error'
)
AS SELECT hour, host, gpu, uuid, device, mig_profile, mig_id, samples, covered_ms,
  if(utilizations = 0, NULL, utilization_sum / utilizations) AS utilization_avg_ratio, utilization_max_ratio,
  if(sms = 0, NULL, sm_sum / sms) AS sm_active_avg_ratio, if(tensors = 0, NULL, tensor_sum / tensors) AS tensor_active_avg_ratio,
  if(memories = 0, NULL, memory_sum / memories) AS memory_used_avg_bytes, memory_used_max_bytes, memory_total_bytes,
  if(powers = 0, NULL, power_sum / powers) AS power_avg_watts, power_max_watts,
  multiIf(energy > 0, energy, powers = 0, NULL, power_sum / powers * covered_ms / 1000) AS energy_joules,
  temperature_max_celsius, throttled_samples / samples AS throttled_ratio, xid_samples
FROM (
  SELECT s.timestamp AS hour, if(s.uuid = '', concat(s.host, ' ', s.gpu), s.uuid) AS key, s.mig_id AS mig_id,
    argMax(s.host, (s.samples, s.host, s.gpu)) AS host, argMax(s.gpu, (s.samples, s.host, s.gpu)) AS gpu,
    any(s.uuid) AS uuid, argMax(s.device, (s.samples, s.host, s.gpu)) AS device,
    argMax(s.mig_profile, (s.samples, s.host, s.gpu)) AS mig_profile,
    argMax(s.samples, (s.samples, s.host, s.gpu)) AS samples, argMax(s.interval_ms, (s.samples, s.host, s.gpu)) AS covered_ms,
    argMax(s.utilization_ratio_sum, (s.samples, s.host, s.gpu)) AS utilization_sum,
    argMax(s.utilization_ratio_count, (s.samples, s.host, s.gpu)) AS utilizations,
    argMax(tuple(s.utilization_ratio_max), (s.samples, s.host, s.gpu)).1 AS utilization_max_ratio,
    argMax(s.sm_active_ratio_sum, (s.samples, s.host, s.gpu)) AS sm_sum,
    argMax(s.sm_active_ratio_count, (s.samples, s.host, s.gpu)) AS sms,
    argMax(s.tensor_active_ratio_sum, (s.samples, s.host, s.gpu)) AS tensor_sum,
    argMax(s.tensor_active_ratio_count, (s.samples, s.host, s.gpu)) AS tensors,
    argMax(s.memory_used_bytes_sum, (s.samples, s.host, s.gpu)) AS memory_sum,
    argMax(s.memory_used_bytes_count, (s.samples, s.host, s.gpu)) AS memories,
    argMax(tuple(s.memory_used_bytes_max), (s.samples, s.host, s.gpu)).1 AS memory_used_max_bytes,
    argMax(tuple(s.memory_total_bytes_max), (s.samples, s.host, s.gpu)).1 AS memory_total_bytes,
    argMax(s.power_watts_sum, (s.samples, s.host, s.gpu)) AS power_sum,
    argMax(s.power_watts_count, (s.samples, s.host, s.gpu)) AS powers,
    argMax(tuple(s.power_watts_max), (s.samples, s.host, s.gpu)).1 AS power_max_watts,
    argMax(s.energy_delta_joules, (s.samples, s.host, s.gpu)) AS energy,
    argMax(tuple(s.temperature_celsius_max), (s.samples, s.host, s.gpu)).1 AS temperature_max_celsius,
    argMax(s.throttled_samples, (s.samples, s.host, s.gpu)) AS throttled_samples,
    argMax(s.xid_samples, (s.samples, s.host, s.gpu)) AS xid_samples
  FROM gpu_1h AS s FINAL WHERE s.samples > 0
  GROUP BY hour, key, mig_id
)
COMMENT 'GPUs and MIG instances per hour of UTC; one that two exporters show is there once; a minute or two behind';

CREATE OR REPLACE VIEW v_server_hourly
(
  hour DateTime('UTC') COMMENT 'Start of the hour, UTC',
  server LowCardinality(String) COMMENT 'Inference server: vllm, sglang, ...',
  instance LowCardinality(String) COMMENT 'host:port of the server',
  endpoint LowCardinality(String) COMMENT 'Endpoint that the server serves',
  model LowCardinality(String) COMMENT 'Model, normalised',
  gateway Bool COMMENT 'It forwards to engines: adding it to them counts a request twice',
  samples UInt64 COMMENT 'Samples of the hour',
  covered_ms Float64 COMMENT 'Time covered by samples in ms: an hour scraped all through has 3,600,000',
  running_avg Nullable(Float64) COMMENT 'Mean number of requests being processed; null when the server does not say, as all figures of this view',
  running_max Nullable(Float64) COMMENT 'Highest number of requests being processed',
  waiting_avg Nullable(Float64) COMMENT 'Mean number of requests in the queue',
  waiting_max Nullable(Float64) COMMENT 'Highest number of requests in the queue',
  kv_cache_avg_ratio Nullable(Float64) COMMENT 'Mean share of the KV cache in use, 0 to 1',
  kv_cache_max_ratio Nullable(Float64) COMMENT 'Highest share of the KV cache in use, 0 to 1',
  input_tokens Nullable(UInt64) COMMENT 'Input tokens processed',
  output_tokens Nullable(UInt64) COMMENT 'Output tokens generated',
  output_tokens_per_second Nullable(Float64) COMMENT 'Output tokens per second of the time over which they are counted',
  requests Nullable(UInt64) COMMENT 'Requests ended in any way',
  requests_ok Nullable(UInt64) COMMENT 'Requests finished well',
  requests_failed Nullable(UInt64) COMMENT 'Requests failed',
  preemptions Nullable(UInt64) COMMENT 'Preemptions',
  prefix_hit_ratio Nullable(Float64) COMMENT 'Prefix tokens found in the cache, 0 to 1',
  restarts UInt64 COMMENT 'Restarts of the server',
  ttft_avg_ms Nullable(Float64) COMMENT 'Mean time to first token in ms as the server measured it; null when it observed none',
  e2e_avg_ms Nullable(Float64) COMMENT 'Mean time of a whole request in ms as the server measured it',
  queue_avg_ms Nullable(Float64) COMMENT 'Mean time in the queue in ms as the server measured it'
)
AS SELECT s.timestamp AS hour, s.server AS server, s.instance AS instance, s.endpoint AS endpoint, s.model AS model,
  CAST(s.gateway, 'Bool') AS gateway, s.samples AS samples, s.interval_ms AS covered_ms,
  if(s.running_count = 0, NULL, s.running_sum / s.running_count) AS running_avg, s.running_max AS running_max,
  if(s.waiting_count = 0, NULL, s.waiting_sum / s.waiting_count) AS waiting_avg, s.waiting_max AS waiting_max,
  if(s.kv_cache_ratio_count = 0, NULL, s.kv_cache_ratio_sum / s.kv_cache_ratio_count) AS kv_cache_avg_ratio,
  s.kv_cache_ratio_max AS kv_cache_max_ratio,
  if(s.input_tokens = 0 AND s.input_tokens_interval_ms = 0, NULL, s.input_tokens) AS input_tokens,
  if(s.output_tokens = 0 AND s.output_tokens_interval_ms = 0, NULL, s.output_tokens) AS output_tokens,
  if(s.output_tokens_interval_ms = 0, NULL, s.output_tokens / s.output_tokens_interval_ms * 1000) AS output_tokens_per_second,
  multiIf(s.requests_interval_ms > 0 OR s.requests > 0, s.requests,
    s.requests_ok_interval_ms > 0 OR s.requests_ok > 0, s.requests_ok + s.requests_failed, NULL) AS requests,
  if(s.requests_ok = 0 AND s.requests_ok_interval_ms = 0, NULL, s.requests_ok) AS requests_ok,
  if(s.requests_failed = 0 AND s.requests_failed_interval_ms = 0, NULL, s.requests_failed) AS requests_failed,
  if(s.preemptions = 0 AND s.preemptions_interval_ms = 0, NULL, s.preemptions) AS preemptions,
  multiIf(s.prefix_queries > 0, s.prefix_hits / s.prefix_queries,
    s.prefix_hit_ratio_count > 0, s.prefix_hit_ratio_sum / s.prefix_hit_ratio_count, NULL) AS prefix_hit_ratio,
  s.restarts AS restarts,
  if(arraySum(arrayMap(counts -> arraySum(counts), mapValues(s.ttft_ms_buckets))) = 0, NULL,
    s.ttft_ms_sum / arraySum(arrayMap(counts -> arraySum(counts), mapValues(s.ttft_ms_buckets)))) AS ttft_avg_ms,
  if(arraySum(arrayMap(counts -> arraySum(counts), mapValues(s.e2e_ms_buckets))) = 0, NULL,
    s.e2e_ms_sum / arraySum(arrayMap(counts -> arraySum(counts), mapValues(s.e2e_ms_buckets)))) AS e2e_avg_ms,
  if(arraySum(arrayMap(counts -> arraySum(counts), mapValues(s.queue_ms_buckets))) = 0, NULL,
    s.queue_ms_sum / arraySum(arrayMap(counts -> arraySum(counts), mapValues(s.queue_ms_buckets)))) AS queue_avg_ms
FROM server_1h AS s FINAL WHERE s.samples > 0
COMMENT 'Inference servers per hour of UTC, instance, endpoint and model; a minute or two behind';

CREATE OR REPLACE VIEW v_users_daily
(
  day Date COMMENT 'Day, UTC',
  environment LowCardinality(String) COMMENT 'Deployment environment',
  team LowCardinality(String) COMMENT 'Team that pays',
  user_id String COMMENT 'End user on whose behalf the calls were made; empty when unknown',
  requests UInt64 COMMENT 'Requests',
  failed_requests UInt64 COMMENT 'Requests with status error, rate_limited or timeout',
  unpriced_requests UInt64 COMMENT 'Requests without a known cost: cost_usd leaves them out',
  sessions UInt64 COMMENT 'Different sessions; calls that name none do not count',
  models UInt64 COMMENT 'Different models',
  input_tokens Nullable(UInt64) COMMENT 'Sum of input tokens; null when no request told',
  output_tokens Nullable(UInt64) COMMENT 'Sum of output tokens; null when no request told',
  cost_usd Nullable(Decimal(38, 12)) COMMENT 'Sum of known costs in US dollars; null when none is known'
)
AS SELECT toDate(r.timestamp) AS day, r.environment AS environment, r.team AS team, r.user_id AS user_id, count() AS requests,
  countIf(r.status IN ('error', 'rate_limited', 'timeout')) AS failed_requests, countIf(r.cost_usd IS NULL) AS unpriced_requests,
  uniqExactIf(r.session_id, r.session_id != '') AS sessions, uniqExact(r.model) AS models,
  sum(r.input_tokens) AS input_tokens, sum(r.output_tokens) AS output_tokens, sum(r.cost_usd) AS cost_usd
FROM requests AS r FINAL
GROUP BY day, environment, team, user_id
COMMENT 'Use and spend per day of UTC and environment, team and end user, from the requests themselves';
