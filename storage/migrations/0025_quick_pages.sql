-- Fewer and cheaper states for pages over long ranges: totals without models, models per six hours and per week, and quantiles of an
-- hour as finished numbers. Filled in the background after the start; until then pages read what they read before.

CREATE TABLE IF NOT EXISTS models_6h
(
  timestamp DateTime('UTC') COMMENT 'Start of the six hours, UTC' CODEC(Delta, ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Deployment environment' CODEC(ZSTD(1)),
  provider LowCardinality(String) COMMENT 'Who ran the model' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that was called' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model, normalised' CODEC(ZSTD(1)),
  requests UInt64 COMMENT 'Requests; 0 when the last one of this key was corrected or deleted' CODEC(ZSTD(1)),
  requests_ok UInt64 COMMENT 'Requests with status ok' CODEC(ZSTD(1)),
  requests_error UInt64 COMMENT 'Requests with status error' CODEC(ZSTD(1)),
  requests_rate_limited UInt64 COMMENT 'Requests with status rate_limited' CODEC(ZSTD(1)),
  requests_timeout UInt64 COMMENT 'Requests with status timeout' CODEC(ZSTD(1)),
  requests_cancelled UInt64 COMMENT 'Requests with status cancelled' CODEC(ZSTD(1)),
  requests_filtered UInt64 COMMENT 'Requests with status filtered' CODEC(ZSTD(1)),
  streamed UInt64 COMMENT 'Requests answered as a stream' CODEC(ZSTD(1)),
  cache_hits UInt64 COMMENT 'Requests answered from a response cache' CODEC(ZSTD(1)),
  priced UInt64 COMMENT 'Requests with a known cost' CODEC(ZSTD(1)),
  unpriced UInt64 COMMENT 'Requests without a known cost' CODEC(ZSTD(1)),
  input_tokens UInt64 COMMENT 'Sum of input tokens' CODEC(ZSTD(1)),
  input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens are unknown' CODEC(ZSTD(1)),
  cached_input_tokens UInt64 COMMENT 'Sum of input tokens read from the prompt cache' CODEC(ZSTD(1)),
  cached_input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens read from the prompt cache are unknown' CODEC(ZSTD(1)),
  cache_write_tokens UInt64 COMMENT 'Sum of input tokens written to the prompt cache' CODEC(ZSTD(1)),
  cache_write_tokens_unknown UInt64 COMMENT 'Requests whose input tokens written to the prompt cache are unknown' CODEC(ZSTD(1)),
  output_tokens UInt64 COMMENT 'Sum of output tokens' CODEC(ZSTD(1)),
  output_tokens_unknown UInt64 COMMENT 'Requests whose output tokens are unknown' CODEC(ZSTD(1)),
  reasoning_tokens UInt64 COMMENT 'Sum of output tokens spent on reasoning' CODEC(ZSTD(1)),
  reasoning_tokens_unknown UInt64 COMMENT 'Requests whose output tokens spent on reasoning are unknown' CODEC(ZSTD(1)),
  cost_usd Decimal(38, 12) COMMENT 'Sum of known costs in US dollars' CODEC(ZSTD(1)),
  input_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for input tokens in US dollars' CODEC(ZSTD(1)),
  output_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for output tokens in US dollars' CODEC(ZSTD(1)),
  cache_savings_usd Decimal(38, 12) COMMENT 'Sum of what prompt caching saved in US dollars' CODEC(ZSTD(1)),
  duration_ms_sum Float64 COMMENT 'Sum of duration in ms; divide by duration_ms_count' CODEC(ZSTD(1)),
  duration_ms_count UInt64 COMMENT 'Rows with a known duration in ms' CODEC(ZSTD(1)),
  duration_ms_max Nullable(Float64) COMMENT 'Highest duration in ms' CODEC(ZSTD(1)),
  ttft_ms_sum Float64 COMMENT 'Sum of time to first token in ms; divide by ttft_ms_count' CODEC(ZSTD(1)),
  ttft_ms_count UInt64 COMMENT 'Rows with a known time to first token in ms' CODEC(ZSTD(1)),
  ttft_ms_max Nullable(Float64) COMMENT 'Highest time to first token in ms' CODEC(ZSTD(1)),
  tpot_ms_sum Float64 COMMENT 'Sum of time per output token in ms; divide by tpot_ms_count' CODEC(ZSTD(1)),
  tpot_ms_count UInt64 COMMENT 'Rows with a known time per output token in ms' CODEC(ZSTD(1)),
  duration_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of duration in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  ttft_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time to first token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  tpot_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time per output token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  input_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of input tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  output_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of output tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  version UInt64 COMMENT 'The row with the highest version of one key counts' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the bucket was last computed; retention goes by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, environment, provider, endpoint, model)
SETTINGS index_granularity = 256, min_bytes_for_wide_part = 268435456
COMMENT 'requests per six hours and environment, provider, endpoint, model: fewer states to merge than in models_1h';

CREATE TABLE IF NOT EXISTS models_1w
(
  timestamp DateTime('UTC') COMMENT 'Start of the week, UTC: a Thursday, as 1970-01-01 was' CODEC(Delta, ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Deployment environment' CODEC(ZSTD(1)),
  provider LowCardinality(String) COMMENT 'Who ran the model' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that was called' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model, normalised' CODEC(ZSTD(1)),
  requests UInt64 COMMENT 'Requests; 0 when the last one of this key was corrected or deleted' CODEC(ZSTD(1)),
  requests_ok UInt64 COMMENT 'Requests with status ok' CODEC(ZSTD(1)),
  requests_error UInt64 COMMENT 'Requests with status error' CODEC(ZSTD(1)),
  requests_rate_limited UInt64 COMMENT 'Requests with status rate_limited' CODEC(ZSTD(1)),
  requests_timeout UInt64 COMMENT 'Requests with status timeout' CODEC(ZSTD(1)),
  requests_cancelled UInt64 COMMENT 'Requests with status cancelled' CODEC(ZSTD(1)),
  requests_filtered UInt64 COMMENT 'Requests with status filtered' CODEC(ZSTD(1)),
  streamed UInt64 COMMENT 'Requests answered as a stream' CODEC(ZSTD(1)),
  cache_hits UInt64 COMMENT 'Requests answered from a response cache' CODEC(ZSTD(1)),
  priced UInt64 COMMENT 'Requests with a known cost' CODEC(ZSTD(1)),
  unpriced UInt64 COMMENT 'Requests without a known cost' CODEC(ZSTD(1)),
  input_tokens UInt64 COMMENT 'Sum of input tokens' CODEC(ZSTD(1)),
  input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens are unknown' CODEC(ZSTD(1)),
  cached_input_tokens UInt64 COMMENT 'Sum of input tokens read from the prompt cache' CODEC(ZSTD(1)),
  cached_input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens read from the prompt cache are unknown' CODEC(ZSTD(1)),
  cache_write_tokens UInt64 COMMENT 'Sum of input tokens written to the prompt cache' CODEC(ZSTD(1)),
  cache_write_tokens_unknown UInt64 COMMENT 'Requests whose input tokens written to the prompt cache are unknown' CODEC(ZSTD(1)),
  output_tokens UInt64 COMMENT 'Sum of output tokens' CODEC(ZSTD(1)),
  output_tokens_unknown UInt64 COMMENT 'Requests whose output tokens are unknown' CODEC(ZSTD(1)),
  reasoning_tokens UInt64 COMMENT 'Sum of output tokens spent on reasoning' CODEC(ZSTD(1)),
  reasoning_tokens_unknown UInt64 COMMENT 'Requests whose output tokens spent on reasoning are unknown' CODEC(ZSTD(1)),
  cost_usd Decimal(38, 12) COMMENT 'Sum of known costs in US dollars' CODEC(ZSTD(1)),
  input_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for input tokens in US dollars' CODEC(ZSTD(1)),
  output_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for output tokens in US dollars' CODEC(ZSTD(1)),
  cache_savings_usd Decimal(38, 12) COMMENT 'Sum of what prompt caching saved in US dollars' CODEC(ZSTD(1)),
  duration_ms_sum Float64 COMMENT 'Sum of duration in ms; divide by duration_ms_count' CODEC(ZSTD(1)),
  duration_ms_count UInt64 COMMENT 'Rows with a known duration in ms' CODEC(ZSTD(1)),
  duration_ms_max Nullable(Float64) COMMENT 'Highest duration in ms' CODEC(ZSTD(1)),
  ttft_ms_sum Float64 COMMENT 'Sum of time to first token in ms; divide by ttft_ms_count' CODEC(ZSTD(1)),
  ttft_ms_count UInt64 COMMENT 'Rows with a known time to first token in ms' CODEC(ZSTD(1)),
  ttft_ms_max Nullable(Float64) COMMENT 'Highest time to first token in ms' CODEC(ZSTD(1)),
  tpot_ms_sum Float64 COMMENT 'Sum of time per output token in ms; divide by tpot_ms_count' CODEC(ZSTD(1)),
  tpot_ms_count UInt64 COMMENT 'Rows with a known time per output token in ms' CODEC(ZSTD(1)),
  duration_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of duration in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  ttft_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time to first token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  tpot_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time per output token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  input_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of input tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  output_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of output tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  version UInt64 COMMENT 'The row with the highest version of one key counts' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the bucket was last computed; retention goes by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(timestamp)
ORDER BY (timestamp, environment, provider, endpoint, model)
SETTINGS index_granularity = 256, min_bytes_for_wide_part = 268435456
COMMENT 'requests per week and environment, provider, endpoint, model: fewer states to merge than in models_1d';

CREATE TABLE IF NOT EXISTS totals_1h
(
  timestamp DateTime('UTC') COMMENT 'Start of the hour, UTC' CODEC(Delta, ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Deployment environment' CODEC(ZSTD(1)),
  requests UInt64 COMMENT 'Requests; 0 when the last one of this key was corrected or deleted' CODEC(ZSTD(1)),
  requests_ok UInt64 COMMENT 'Requests with status ok' CODEC(ZSTD(1)),
  requests_error UInt64 COMMENT 'Requests with status error' CODEC(ZSTD(1)),
  requests_rate_limited UInt64 COMMENT 'Requests with status rate_limited' CODEC(ZSTD(1)),
  requests_timeout UInt64 COMMENT 'Requests with status timeout' CODEC(ZSTD(1)),
  requests_cancelled UInt64 COMMENT 'Requests with status cancelled' CODEC(ZSTD(1)),
  requests_filtered UInt64 COMMENT 'Requests with status filtered' CODEC(ZSTD(1)),
  streamed UInt64 COMMENT 'Requests answered as a stream' CODEC(ZSTD(1)),
  cache_hits UInt64 COMMENT 'Requests answered from a response cache' CODEC(ZSTD(1)),
  priced UInt64 COMMENT 'Requests with a known cost' CODEC(ZSTD(1)),
  unpriced UInt64 COMMENT 'Requests without a known cost' CODEC(ZSTD(1)),
  input_tokens UInt64 COMMENT 'Sum of input tokens' CODEC(ZSTD(1)),
  input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens are unknown' CODEC(ZSTD(1)),
  cached_input_tokens UInt64 COMMENT 'Sum of input tokens read from the prompt cache' CODEC(ZSTD(1)),
  cached_input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens read from the prompt cache are unknown' CODEC(ZSTD(1)),
  cache_write_tokens UInt64 COMMENT 'Sum of input tokens written to the prompt cache' CODEC(ZSTD(1)),
  cache_write_tokens_unknown UInt64 COMMENT 'Requests whose input tokens written to the prompt cache are unknown' CODEC(ZSTD(1)),
  output_tokens UInt64 COMMENT 'Sum of output tokens' CODEC(ZSTD(1)),
  output_tokens_unknown UInt64 COMMENT 'Requests whose output tokens are unknown' CODEC(ZSTD(1)),
  reasoning_tokens UInt64 COMMENT 'Sum of output tokens spent on reasoning' CODEC(ZSTD(1)),
  reasoning_tokens_unknown UInt64 COMMENT 'Requests whose output tokens spent on reasoning are unknown' CODEC(ZSTD(1)),
  cost_usd Decimal(38, 12) COMMENT 'Sum of known costs in US dollars' CODEC(ZSTD(1)),
  input_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for input tokens in US dollars' CODEC(ZSTD(1)),
  output_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for output tokens in US dollars' CODEC(ZSTD(1)),
  cache_savings_usd Decimal(38, 12) COMMENT 'Sum of what prompt caching saved in US dollars' CODEC(ZSTD(1)),
  duration_ms_sum Float64 COMMENT 'Sum of duration in ms; divide by duration_ms_count' CODEC(ZSTD(1)),
  duration_ms_count UInt64 COMMENT 'Rows with a known duration in ms' CODEC(ZSTD(1)),
  duration_ms_max Nullable(Float64) COMMENT 'Highest duration in ms' CODEC(ZSTD(1)),
  ttft_ms_sum Float64 COMMENT 'Sum of time to first token in ms; divide by ttft_ms_count' CODEC(ZSTD(1)),
  ttft_ms_count UInt64 COMMENT 'Rows with a known time to first token in ms' CODEC(ZSTD(1)),
  ttft_ms_max Nullable(Float64) COMMENT 'Highest time to first token in ms' CODEC(ZSTD(1)),
  tpot_ms_sum Float64 COMMENT 'Sum of time per output token in ms; divide by tpot_ms_count' CODEC(ZSTD(1)),
  tpot_ms_count UInt64 COMMENT 'Rows with a known time per output token in ms' CODEC(ZSTD(1)),
  duration_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of duration in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  ttft_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time to first token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  tpot_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time per output token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  input_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of input tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  output_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of output tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  version UInt64 COMMENT 'The row with the highest version of one key counts' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the bucket was last computed; retention goes by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, environment)
SETTINGS index_granularity = 256, min_bytes_for_wide_part = 268435456
COMMENT 'requests per hour and environment, for questions about all of them: fewer rows than models_1h for the same sums and quantiles';

CREATE TABLE IF NOT EXISTS totals_1d
(
  timestamp DateTime('UTC') COMMENT 'Start of the day, UTC' CODEC(Delta, ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Deployment environment' CODEC(ZSTD(1)),
  requests UInt64 COMMENT 'Requests; 0 when the last one of this key was corrected or deleted' CODEC(ZSTD(1)),
  requests_ok UInt64 COMMENT 'Requests with status ok' CODEC(ZSTD(1)),
  requests_error UInt64 COMMENT 'Requests with status error' CODEC(ZSTD(1)),
  requests_rate_limited UInt64 COMMENT 'Requests with status rate_limited' CODEC(ZSTD(1)),
  requests_timeout UInt64 COMMENT 'Requests with status timeout' CODEC(ZSTD(1)),
  requests_cancelled UInt64 COMMENT 'Requests with status cancelled' CODEC(ZSTD(1)),
  requests_filtered UInt64 COMMENT 'Requests with status filtered' CODEC(ZSTD(1)),
  streamed UInt64 COMMENT 'Requests answered as a stream' CODEC(ZSTD(1)),
  cache_hits UInt64 COMMENT 'Requests answered from a response cache' CODEC(ZSTD(1)),
  priced UInt64 COMMENT 'Requests with a known cost' CODEC(ZSTD(1)),
  unpriced UInt64 COMMENT 'Requests without a known cost' CODEC(ZSTD(1)),
  input_tokens UInt64 COMMENT 'Sum of input tokens' CODEC(ZSTD(1)),
  input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens are unknown' CODEC(ZSTD(1)),
  cached_input_tokens UInt64 COMMENT 'Sum of input tokens read from the prompt cache' CODEC(ZSTD(1)),
  cached_input_tokens_unknown UInt64 COMMENT 'Requests whose input tokens read from the prompt cache are unknown' CODEC(ZSTD(1)),
  cache_write_tokens UInt64 COMMENT 'Sum of input tokens written to the prompt cache' CODEC(ZSTD(1)),
  cache_write_tokens_unknown UInt64 COMMENT 'Requests whose input tokens written to the prompt cache are unknown' CODEC(ZSTD(1)),
  output_tokens UInt64 COMMENT 'Sum of output tokens' CODEC(ZSTD(1)),
  output_tokens_unknown UInt64 COMMENT 'Requests whose output tokens are unknown' CODEC(ZSTD(1)),
  reasoning_tokens UInt64 COMMENT 'Sum of output tokens spent on reasoning' CODEC(ZSTD(1)),
  reasoning_tokens_unknown UInt64 COMMENT 'Requests whose output tokens spent on reasoning are unknown' CODEC(ZSTD(1)),
  cost_usd Decimal(38, 12) COMMENT 'Sum of known costs in US dollars' CODEC(ZSTD(1)),
  input_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for input tokens in US dollars' CODEC(ZSTD(1)),
  output_cost_usd Decimal(38, 12) COMMENT 'Sum of known costs for output tokens in US dollars' CODEC(ZSTD(1)),
  cache_savings_usd Decimal(38, 12) COMMENT 'Sum of what prompt caching saved in US dollars' CODEC(ZSTD(1)),
  duration_ms_sum Float64 COMMENT 'Sum of duration in ms; divide by duration_ms_count' CODEC(ZSTD(1)),
  duration_ms_count UInt64 COMMENT 'Rows with a known duration in ms' CODEC(ZSTD(1)),
  duration_ms_max Nullable(Float64) COMMENT 'Highest duration in ms' CODEC(ZSTD(1)),
  ttft_ms_sum Float64 COMMENT 'Sum of time to first token in ms; divide by ttft_ms_count' CODEC(ZSTD(1)),
  ttft_ms_count UInt64 COMMENT 'Rows with a known time to first token in ms' CODEC(ZSTD(1)),
  ttft_ms_max Nullable(Float64) COMMENT 'Highest time to first token in ms' CODEC(ZSTD(1)),
  tpot_ms_sum Float64 COMMENT 'Sum of time per output token in ms; divide by tpot_ms_count' CODEC(ZSTD(1)),
  tpot_ms_count UInt64 COMMENT 'Rows with a known time per output token in ms' CODEC(ZSTD(1)),
  duration_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of duration in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  ttft_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time to first token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  tpot_ms_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of time per output token in ms: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  input_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of input tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  output_tokens_quantiles AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), Float64) COMMENT 'P50, P95, P99 of output tokens of a request: read with quantilesTDigestMerge(0.5, 0.95, 0.99)' CODEC(LZ4),
  version UInt64 COMMENT 'The row with the highest version of one key counts' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the bucket was last computed; retention goes by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(timestamp)
ORDER BY (timestamp, environment)
SETTINGS index_granularity = 256, min_bytes_for_wide_part = 268435456
COMMENT 'requests per day and environment, for questions about all of them: fewer rows than models_1d for the same sums and quantiles';

-- States hardly shrink: quicker to read for a tenth more disk.
ALTER TABLE models_1h MODIFY COLUMN duration_ms_quantiles CODEC(LZ4), MODIFY COLUMN ttft_ms_quantiles CODEC(LZ4), MODIFY COLUMN tpot_ms_quantiles CODEC(LZ4), MODIFY COLUMN input_tokens_quantiles CODEC(LZ4), MODIFY COLUMN output_tokens_quantiles CODEC(LZ4);
ALTER TABLE models_1d MODIFY COLUMN duration_ms_quantiles CODEC(LZ4), MODIFY COLUMN ttft_ms_quantiles CODEC(LZ4), MODIFY COLUMN tpot_ms_quantiles CODEC(LZ4), MODIFY COLUMN input_tokens_quantiles CODEC(LZ4), MODIFY COLUMN output_tokens_quantiles CODEC(LZ4);

-- The hours are computed again, and what is made from them: in the background, within a minute for a month.
UNLESS (SELECT count() = 0 FROM rollup_state WHERE name = 'models_1h')
ALTER TABLE rollup_state DELETE WHERE name = 'models_1h' SETTINGS mutations_sync = 2;

ALTER TABLE models_1h ADD COLUMN IF NOT EXISTS duration_ms_levels Array(Float32) DEFAULT finalizeAggregation(duration_ms_quantiles) COMMENT 'P50, P95, P99 of duration in ms; not a number when none is known' CODEC(ZSTD(1)) AFTER output_tokens_quantiles;
ALTER TABLE models_1h ADD COLUMN IF NOT EXISTS ttft_ms_levels Array(Float32) DEFAULT finalizeAggregation(ttft_ms_quantiles) COMMENT 'P50, P95, P99 of time to first token in ms; not a number when none is known' CODEC(ZSTD(1)) AFTER output_tokens_quantiles;
ALTER TABLE models_1h ADD COLUMN IF NOT EXISTS tpot_ms_levels Array(Float32) DEFAULT finalizeAggregation(tpot_ms_quantiles) COMMENT 'P50, P95, P99 of time per output token in ms; not a number when none is known' CODEC(ZSTD(1)) AFTER output_tokens_quantiles;

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
    s.requests AS all_requests,
    s.duration_ms_count AS durations, s.duration_ms_sum AS duration_sum, s.duration_ms_max AS duration_max,
    s.ttft_ms_count AS ttfts, s.ttft_ms_sum AS ttft_sum, s.tpot_ms_count AS tpots, s.tpot_ms_sum AS tpot_sum,
    s.duration_ms_levels AS duration,
    s.ttft_ms_levels AS ttft,
    s.tpot_ms_levels AS tpot
  FROM models_1h AS s FINAL WHERE s.requests > 0
)
COMMENT 'Latency per hour of UTC and environment, provider, endpoint and model, quantiles within 0.02 % of exact; a minute or two behind';

-- When the requests of a trace were: a bloom filter of all trace ids is 120 MB for 100 million requests, this reads a few kB.
CREATE TABLE IF NOT EXISTS trace_minutes
(
  trace UInt32 COMMENT 'Hash of the trace id: toUInt32(cityHash64(trace_id)). Several traces may have one' CODEC(Delta, ZSTD(1)),
  minute UInt32 COMMENT 'Minute since 1970 in which a request of the trace began' CODEC(ZSTD(1)),
  inserted_at Date DEFAULT today() COMMENT 'Day when the request was stored; retention goes by it' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(toDateTime(minute * 60, 'UTC'))
ORDER BY (trace, minute)
SETTINGS index_granularity = 1024
COMMENT 'In which minutes requests of a trace began; those stored by a former version are not in it';

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_minutes_filled TO trace_minutes
(
  trace UInt32 COMMENT 'Hash of the trace id',
  minute UInt32 COMMENT 'Minute since 1970'
)
AS SELECT toUInt32(cityHash64(trace_id)) AS trace, toUInt32(intDiv(toUnixTimestamp(timestamp), 60)) AS minute FROM requests
COMMENT 'Fills trace_minutes as requests are stored';
