-- Rollups of servers: histograms by their bounds (those of different bounds cannot be added up), the time over which each counter is
-- known, the minutes in which a server was seen, finish reasons, and what newer samples say.

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1m', 'server_1m_local') AND name = 'ttft_ms_bounds')
ALTER TABLE server_1m
  ADD COLUMN IF NOT EXISTS ttft_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(ttft_ms_counts), map(toString(ttft_ms_bounds), ttft_ms_counts), map()) COMMENT 'Time to first token: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER ttft_ms_counts,
  ADD COLUMN IF NOT EXISTS itl_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(itl_ms_counts), map(toString(itl_ms_bounds), itl_ms_counts), map()) COMMENT 'Inter-token latency: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER itl_ms_counts,
  ADD COLUMN IF NOT EXISTS tpot_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(tpot_ms_counts), map(toString(tpot_ms_bounds), tpot_ms_counts), map()) COMMENT 'Time per output token: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER tpot_ms_counts,
  ADD COLUMN IF NOT EXISTS e2e_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(e2e_ms_counts), map(toString(e2e_ms_bounds), e2e_ms_counts), map()) COMMENT 'Whole request: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER e2e_ms_counts,
  ADD COLUMN IF NOT EXISTS queue_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(queue_ms_counts), map(toString(queue_ms_bounds), queue_ms_counts), map()) COMMENT 'Time in the queue: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_counts;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1m', 'server_1m_local') AND name = 'ttft_ms_buckets' AND default_kind = 'DEFAULT')
ALTER TABLE server_1m
  MATERIALIZE COLUMN ttft_ms_buckets,
  MATERIALIZE COLUMN itl_ms_buckets,
  MATERIALIZE COLUMN tpot_ms_buckets,
  MATERIALIZE COLUMN e2e_ms_buckets,
  MATERIALIZE COLUMN queue_ms_buckets
SETTINGS mutations_sync = 2;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1m', 'server_1m_local') AND name = 'ttft_ms_buckets' AND default_kind = 'DEFAULT')
ALTER TABLE server_1m
  MODIFY COLUMN ttft_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN itl_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN tpot_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN e2e_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN queue_ms_buckets REMOVE DEFAULT;

ALTER TABLE server_1m
  DROP COLUMN IF EXISTS ttft_ms_bounds,
  DROP COLUMN IF EXISTS ttft_ms_counts,
  DROP COLUMN IF EXISTS itl_ms_bounds,
  DROP COLUMN IF EXISTS itl_ms_counts,
  DROP COLUMN IF EXISTS tpot_ms_bounds,
  DROP COLUMN IF EXISTS tpot_ms_counts,
  DROP COLUMN IF EXISTS e2e_ms_bounds,
  DROP COLUMN IF EXISTS e2e_ms_counts,
  DROP COLUMN IF EXISTS queue_ms_bounds,
  DROP COLUMN IF EXISTS queue_ms_counts;

ALTER TABLE server_1m
  ADD COLUMN IF NOT EXISTS gateway UInt8 COMMENT '1: forwards to engines, so that adding it to them counts a request twice' CODEC(ZSTD(1)) AFTER kv_cache_ratio_count,
  ADD COLUMN IF NOT EXISTS max_concurrency_max Nullable(Float64) COMMENT 'Highest requests that the server runs at once at most' CODEC(ZSTD(1)) AFTER gateway,
  ADD COLUMN IF NOT EXISTS kv_capacity_tokens_max Nullable(Float64) COMMENT 'Highest tokens that the KV cache holds when full' CODEC(ZSTD(1)) AFTER max_concurrency_max,
  ADD COLUMN IF NOT EXISTS batch_size_min Nullable(Float64) COMMENT 'Lowest sequences in the batch of a step' CODEC(ZSTD(1)) AFTER kv_capacity_tokens_max,
  ADD COLUMN IF NOT EXISTS batch_size_max Nullable(Float64) COMMENT 'Highest sequences in the batch of a step' CODEC(ZSTD(1)) AFTER batch_size_min,
  ADD COLUMN IF NOT EXISTS batch_size_sum Float64 COMMENT 'Sum of sequences in the batch of a step; divide by batch_size_count' CODEC(ZSTD(1)) AFTER batch_size_max,
  ADD COLUMN IF NOT EXISTS batch_size_count UInt64 COMMENT 'Rows with a known sequences in the batch of a step' CODEC(ZSTD(1)) AFTER batch_size_sum,
  ADD COLUMN IF NOT EXISTS prefix_hit_ratio_sum Float64 COMMENT 'Sum of prefix hits as the server says them, 0 to 1; divide by prefix_hit_ratio_count' CODEC(ZSTD(1)) AFTER batch_size_count,
  ADD COLUMN IF NOT EXISTS prefix_hit_ratio_count UInt64 COMMENT 'Rows with a known prefix hits as the server says them, 0 to 1' CODEC(ZSTD(1)) AFTER prefix_hit_ratio_sum,
  ADD COLUMN IF NOT EXISTS draft_acceptance_ratio_sum Float64 COMMENT 'Sum of proposed tokens kept as the server says it, 0 to 1; divide by draft_acceptance_ratio_count' CODEC(ZSTD(1)) AFTER prefix_hit_ratio_count,
  ADD COLUMN IF NOT EXISTS draft_acceptance_ratio_count UInt64 COMMENT 'Rows with a known proposed tokens kept as the server says it, 0 to 1' CODEC(ZSTD(1)) AFTER draft_acceptance_ratio_sum,
  ADD COLUMN IF NOT EXISTS lora_active_min Nullable(Float64) COMMENT 'Lowest LoRA adapters in use' CODEC(ZSTD(1)) AFTER draft_acceptance_ratio_count,
  ADD COLUMN IF NOT EXISTS lora_active_max Nullable(Float64) COMMENT 'Highest LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_active_min,
  ADD COLUMN IF NOT EXISTS lora_active_sum Float64 COMMENT 'Sum of LoRA adapters in use; divide by lora_active_count' CODEC(ZSTD(1)) AFTER lora_active_max,
  ADD COLUMN IF NOT EXISTS lora_active_count UInt64 COMMENT 'Rows with a known LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_active_sum,
  ADD COLUMN IF NOT EXISTS lora_max_max Nullable(Float64) COMMENT 'Highest LoRA adapters that fit at once' CODEC(ZSTD(1)) AFTER lora_active_count,
  ADD COLUMN IF NOT EXISTS lora_adapters Array(String) COMMENT 'Names of the LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_max_max,
  ADD COLUMN IF NOT EXISTS input_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which input_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER input_tokens,
  ADD COLUMN IF NOT EXISTS output_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which output_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER output_tokens,
  ADD COLUMN IF NOT EXISTS requests_ok_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_ok is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_ok,
  ADD COLUMN IF NOT EXISTS requests_failed_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_failed is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_failed,
  ADD COLUMN IF NOT EXISTS preemptions_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which preemptions is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER preemptions,
  ADD COLUMN IF NOT EXISTS prefix_hits_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_hits is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_hits,
  ADD COLUMN IF NOT EXISTS prefix_queries_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_queries is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_queries,
  ADD COLUMN IF NOT EXISTS requests UInt64 COMMENT 'Requests ended in any way, of servers that do not count good and failed ones apart' CODEC(ZSTD(1)) AFTER prefix_queries_interval_ms,
  ADD COLUMN IF NOT EXISTS requests_interval_ms Float64 COMMENT 'Time over which requests is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests,
  ADD COLUMN IF NOT EXISTS steps UInt64 COMMENT 'Steps of the engine' CODEC(ZSTD(1)) AFTER requests_interval_ms,
  ADD COLUMN IF NOT EXISTS steps_interval_ms Float64 COMMENT 'Time over which steps is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER steps,
  ADD COLUMN IF NOT EXISTS step_tokens UInt64 COMMENT 'Tokens processed in those steps' CODEC(ZSTD(1)) AFTER steps_interval_ms,
  ADD COLUMN IF NOT EXISTS step_tokens_interval_ms Float64 COMMENT 'Time over which step_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER step_tokens,
  ADD COLUMN IF NOT EXISTS draft_tokens UInt64 COMMENT 'Speculative decoding: tokens proposed' CODEC(ZSTD(1)) AFTER step_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS draft_tokens_interval_ms Float64 COMMENT 'Time over which draft_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER draft_tokens,
  ADD COLUMN IF NOT EXISTS accepted_tokens UInt64 COMMENT 'Speculative decoding: proposed tokens kept' CODEC(ZSTD(1)) AFTER draft_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS accepted_tokens_interval_ms Float64 COMMENT 'Time over which accepted_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER accepted_tokens,
  ADD COLUMN IF NOT EXISTS http_4xx UInt64 COMMENT 'Answers with a status of 400 to 499' CODEC(ZSTD(1)) AFTER accepted_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS http_4xx_interval_ms Float64 COMMENT 'Time over which http_4xx is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER http_4xx,
  ADD COLUMN IF NOT EXISTS http_5xx UInt64 COMMENT 'Answers with a status of 500 to 599' CODEC(ZSTD(1)) AFTER http_4xx_interval_ms,
  ADD COLUMN IF NOT EXISTS http_5xx_interval_ms Float64 COMMENT 'Time over which http_5xx is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER http_5xx,
  ADD COLUMN IF NOT EXISTS finished Map(String, UInt64) COMMENT 'Requests by finish reason' CODEC(ZSTD(1)) AFTER http_5xx_interval_ms,
  ADD COLUMN IF NOT EXISTS covered_minutes AggregateFunction(groupBitmapArray, Array(UInt32)) DEFAULT arrayReduce('groupBitmapArrayState', [range(toUInt32(intDiv(toUnixTimestamp(timestamp), 60)), toUInt32(intDiv(toUnixTimestamp(timestamp), 60) + if(interval_ms > 0, 1, 0)))]) COMMENT 'Minutes since 1970 that samples cover: count with groupBitmapArrayMerge' CODEC(ZSTD(1)) AFTER interval_ms,
  ADD COLUMN IF NOT EXISTS prefill_ms_buckets Map(String, Array(UInt64)) COMMENT 'Prefill time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_sum,
  ADD COLUMN IF NOT EXISTS prefill_ms_sum Float64 COMMENT 'Prefill time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER prefill_ms_buckets,
  ADD COLUMN IF NOT EXISTS decode_ms_buckets Map(String, Array(UInt64)) COMMENT 'Decode time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER prefill_ms_sum,
  ADD COLUMN IF NOT EXISTS decode_ms_sum Float64 COMMENT 'Decode time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER decode_ms_buckets,
  ADD COLUMN IF NOT EXISTS request_input_tokens_buckets Map(String, Array(UInt64)) COMMENT 'Input tokens per request: observations per bucket, not cumulative, by the upper bounds of the buckets' CODEC(ZSTD(1)) AFTER decode_ms_sum,
  ADD COLUMN IF NOT EXISTS request_input_tokens_sum Float64 COMMENT 'Input tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_input_tokens_buckets,
  ADD COLUMN IF NOT EXISTS request_output_tokens_buckets Map(String, Array(UInt64)) COMMENT 'Output tokens per request: observations per bucket, not cumulative, by the upper bounds of the buckets' CODEC(ZSTD(1)) AFTER request_input_tokens_sum,
  ADD COLUMN IF NOT EXISTS request_output_tokens_sum Float64 COMMENT 'Output tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_output_tokens_buckets;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1h', 'server_1h_local') AND name = 'ttft_ms_bounds')
ALTER TABLE server_1h
  ADD COLUMN IF NOT EXISTS ttft_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(ttft_ms_counts), map(toString(ttft_ms_bounds), ttft_ms_counts), map()) COMMENT 'Time to first token: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER ttft_ms_counts,
  ADD COLUMN IF NOT EXISTS itl_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(itl_ms_counts), map(toString(itl_ms_bounds), itl_ms_counts), map()) COMMENT 'Inter-token latency: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER itl_ms_counts,
  ADD COLUMN IF NOT EXISTS tpot_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(tpot_ms_counts), map(toString(tpot_ms_bounds), tpot_ms_counts), map()) COMMENT 'Time per output token: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER tpot_ms_counts,
  ADD COLUMN IF NOT EXISTS e2e_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(e2e_ms_counts), map(toString(e2e_ms_bounds), e2e_ms_counts), map()) COMMENT 'Whole request: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER e2e_ms_counts,
  ADD COLUMN IF NOT EXISTS queue_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(queue_ms_counts), map(toString(queue_ms_bounds), queue_ms_counts), map()) COMMENT 'Time in the queue: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_counts;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1h', 'server_1h_local') AND name = 'ttft_ms_buckets' AND default_kind = 'DEFAULT')
ALTER TABLE server_1h
  MATERIALIZE COLUMN ttft_ms_buckets,
  MATERIALIZE COLUMN itl_ms_buckets,
  MATERIALIZE COLUMN tpot_ms_buckets,
  MATERIALIZE COLUMN e2e_ms_buckets,
  MATERIALIZE COLUMN queue_ms_buckets
SETTINGS mutations_sync = 2;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1h', 'server_1h_local') AND name = 'ttft_ms_buckets' AND default_kind = 'DEFAULT')
ALTER TABLE server_1h
  MODIFY COLUMN ttft_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN itl_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN tpot_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN e2e_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN queue_ms_buckets REMOVE DEFAULT;

ALTER TABLE server_1h
  DROP COLUMN IF EXISTS ttft_ms_bounds,
  DROP COLUMN IF EXISTS ttft_ms_counts,
  DROP COLUMN IF EXISTS itl_ms_bounds,
  DROP COLUMN IF EXISTS itl_ms_counts,
  DROP COLUMN IF EXISTS tpot_ms_bounds,
  DROP COLUMN IF EXISTS tpot_ms_counts,
  DROP COLUMN IF EXISTS e2e_ms_bounds,
  DROP COLUMN IF EXISTS e2e_ms_counts,
  DROP COLUMN IF EXISTS queue_ms_bounds,
  DROP COLUMN IF EXISTS queue_ms_counts;

ALTER TABLE server_1h
  ADD COLUMN IF NOT EXISTS gateway UInt8 COMMENT '1: forwards to engines, so that adding it to them counts a request twice' CODEC(ZSTD(1)) AFTER kv_cache_ratio_count,
  ADD COLUMN IF NOT EXISTS max_concurrency_max Nullable(Float64) COMMENT 'Highest requests that the server runs at once at most' CODEC(ZSTD(1)) AFTER gateway,
  ADD COLUMN IF NOT EXISTS kv_capacity_tokens_max Nullable(Float64) COMMENT 'Highest tokens that the KV cache holds when full' CODEC(ZSTD(1)) AFTER max_concurrency_max,
  ADD COLUMN IF NOT EXISTS batch_size_min Nullable(Float64) COMMENT 'Lowest sequences in the batch of a step' CODEC(ZSTD(1)) AFTER kv_capacity_tokens_max,
  ADD COLUMN IF NOT EXISTS batch_size_max Nullable(Float64) COMMENT 'Highest sequences in the batch of a step' CODEC(ZSTD(1)) AFTER batch_size_min,
  ADD COLUMN IF NOT EXISTS batch_size_sum Float64 COMMENT 'Sum of sequences in the batch of a step; divide by batch_size_count' CODEC(ZSTD(1)) AFTER batch_size_max,
  ADD COLUMN IF NOT EXISTS batch_size_count UInt64 COMMENT 'Rows with a known sequences in the batch of a step' CODEC(ZSTD(1)) AFTER batch_size_sum,
  ADD COLUMN IF NOT EXISTS prefix_hit_ratio_sum Float64 COMMENT 'Sum of prefix hits as the server says them, 0 to 1; divide by prefix_hit_ratio_count' CODEC(ZSTD(1)) AFTER batch_size_count,
  ADD COLUMN IF NOT EXISTS prefix_hit_ratio_count UInt64 COMMENT 'Rows with a known prefix hits as the server says them, 0 to 1' CODEC(ZSTD(1)) AFTER prefix_hit_ratio_sum,
  ADD COLUMN IF NOT EXISTS draft_acceptance_ratio_sum Float64 COMMENT 'Sum of proposed tokens kept as the server says it, 0 to 1; divide by draft_acceptance_ratio_count' CODEC(ZSTD(1)) AFTER prefix_hit_ratio_count,
  ADD COLUMN IF NOT EXISTS draft_acceptance_ratio_count UInt64 COMMENT 'Rows with a known proposed tokens kept as the server says it, 0 to 1' CODEC(ZSTD(1)) AFTER draft_acceptance_ratio_sum,
  ADD COLUMN IF NOT EXISTS lora_active_min Nullable(Float64) COMMENT 'Lowest LoRA adapters in use' CODEC(ZSTD(1)) AFTER draft_acceptance_ratio_count,
  ADD COLUMN IF NOT EXISTS lora_active_max Nullable(Float64) COMMENT 'Highest LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_active_min,
  ADD COLUMN IF NOT EXISTS lora_active_sum Float64 COMMENT 'Sum of LoRA adapters in use; divide by lora_active_count' CODEC(ZSTD(1)) AFTER lora_active_max,
  ADD COLUMN IF NOT EXISTS lora_active_count UInt64 COMMENT 'Rows with a known LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_active_sum,
  ADD COLUMN IF NOT EXISTS lora_max_max Nullable(Float64) COMMENT 'Highest LoRA adapters that fit at once' CODEC(ZSTD(1)) AFTER lora_active_count,
  ADD COLUMN IF NOT EXISTS lora_adapters Array(String) COMMENT 'Names of the LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_max_max,
  ADD COLUMN IF NOT EXISTS input_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which input_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER input_tokens,
  ADD COLUMN IF NOT EXISTS output_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which output_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER output_tokens,
  ADD COLUMN IF NOT EXISTS requests_ok_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_ok is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_ok,
  ADD COLUMN IF NOT EXISTS requests_failed_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_failed is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_failed,
  ADD COLUMN IF NOT EXISTS preemptions_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which preemptions is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER preemptions,
  ADD COLUMN IF NOT EXISTS prefix_hits_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_hits is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_hits,
  ADD COLUMN IF NOT EXISTS prefix_queries_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_queries is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_queries,
  ADD COLUMN IF NOT EXISTS requests UInt64 COMMENT 'Requests ended in any way, of servers that do not count good and failed ones apart' CODEC(ZSTD(1)) AFTER prefix_queries_interval_ms,
  ADD COLUMN IF NOT EXISTS requests_interval_ms Float64 COMMENT 'Time over which requests is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests,
  ADD COLUMN IF NOT EXISTS steps UInt64 COMMENT 'Steps of the engine' CODEC(ZSTD(1)) AFTER requests_interval_ms,
  ADD COLUMN IF NOT EXISTS steps_interval_ms Float64 COMMENT 'Time over which steps is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER steps,
  ADD COLUMN IF NOT EXISTS step_tokens UInt64 COMMENT 'Tokens processed in those steps' CODEC(ZSTD(1)) AFTER steps_interval_ms,
  ADD COLUMN IF NOT EXISTS step_tokens_interval_ms Float64 COMMENT 'Time over which step_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER step_tokens,
  ADD COLUMN IF NOT EXISTS draft_tokens UInt64 COMMENT 'Speculative decoding: tokens proposed' CODEC(ZSTD(1)) AFTER step_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS draft_tokens_interval_ms Float64 COMMENT 'Time over which draft_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER draft_tokens,
  ADD COLUMN IF NOT EXISTS accepted_tokens UInt64 COMMENT 'Speculative decoding: proposed tokens kept' CODEC(ZSTD(1)) AFTER draft_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS accepted_tokens_interval_ms Float64 COMMENT 'Time over which accepted_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER accepted_tokens,
  ADD COLUMN IF NOT EXISTS http_4xx UInt64 COMMENT 'Answers with a status of 400 to 499' CODEC(ZSTD(1)) AFTER accepted_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS http_4xx_interval_ms Float64 COMMENT 'Time over which http_4xx is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER http_4xx,
  ADD COLUMN IF NOT EXISTS http_5xx UInt64 COMMENT 'Answers with a status of 500 to 599' CODEC(ZSTD(1)) AFTER http_4xx_interval_ms,
  ADD COLUMN IF NOT EXISTS http_5xx_interval_ms Float64 COMMENT 'Time over which http_5xx is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER http_5xx,
  ADD COLUMN IF NOT EXISTS finished Map(String, UInt64) COMMENT 'Requests by finish reason' CODEC(ZSTD(1)) AFTER http_5xx_interval_ms,
  ADD COLUMN IF NOT EXISTS covered_minutes AggregateFunction(groupBitmapArray, Array(UInt32)) DEFAULT arrayReduce('groupBitmapArrayState', [range(toUInt32(intDiv(toUnixTimestamp(timestamp), 60)), toUInt32(intDiv(toUnixTimestamp(timestamp), 60) + if(interval_ms > 0, 60, 0)))]) COMMENT 'Minutes since 1970 that samples cover: count with groupBitmapArrayMerge' CODEC(ZSTD(1)) AFTER interval_ms,
  ADD COLUMN IF NOT EXISTS prefill_ms_buckets Map(String, Array(UInt64)) COMMENT 'Prefill time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_sum,
  ADD COLUMN IF NOT EXISTS prefill_ms_sum Float64 COMMENT 'Prefill time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER prefill_ms_buckets,
  ADD COLUMN IF NOT EXISTS decode_ms_buckets Map(String, Array(UInt64)) COMMENT 'Decode time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER prefill_ms_sum,
  ADD COLUMN IF NOT EXISTS decode_ms_sum Float64 COMMENT 'Decode time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER decode_ms_buckets,
  ADD COLUMN IF NOT EXISTS request_input_tokens_buckets Map(String, Array(UInt64)) COMMENT 'Input tokens per request: observations per bucket, not cumulative, by the upper bounds of the buckets' CODEC(ZSTD(1)) AFTER decode_ms_sum,
  ADD COLUMN IF NOT EXISTS request_input_tokens_sum Float64 COMMENT 'Input tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_input_tokens_buckets,
  ADD COLUMN IF NOT EXISTS request_output_tokens_buckets Map(String, Array(UInt64)) COMMENT 'Output tokens per request: observations per bucket, not cumulative, by the upper bounds of the buckets' CODEC(ZSTD(1)) AFTER request_input_tokens_sum,
  ADD COLUMN IF NOT EXISTS request_output_tokens_sum Float64 COMMENT 'Output tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_output_tokens_buckets;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1d', 'server_1d_local') AND name = 'ttft_ms_bounds')
ALTER TABLE server_1d
  ADD COLUMN IF NOT EXISTS ttft_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(ttft_ms_counts), map(toString(ttft_ms_bounds), ttft_ms_counts), map()) COMMENT 'Time to first token: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER ttft_ms_counts,
  ADD COLUMN IF NOT EXISTS itl_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(itl_ms_counts), map(toString(itl_ms_bounds), itl_ms_counts), map()) COMMENT 'Inter-token latency: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER itl_ms_counts,
  ADD COLUMN IF NOT EXISTS tpot_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(tpot_ms_counts), map(toString(tpot_ms_bounds), tpot_ms_counts), map()) COMMENT 'Time per output token: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER tpot_ms_counts,
  ADD COLUMN IF NOT EXISTS e2e_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(e2e_ms_counts), map(toString(e2e_ms_bounds), e2e_ms_counts), map()) COMMENT 'Whole request: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER e2e_ms_counts,
  ADD COLUMN IF NOT EXISTS queue_ms_buckets Map(String, Array(UInt64)) DEFAULT if(notEmpty(queue_ms_counts), map(toString(queue_ms_bounds), queue_ms_counts), map()) COMMENT 'Time in the queue: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_counts;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1d', 'server_1d_local') AND name = 'ttft_ms_buckets' AND default_kind = 'DEFAULT')
ALTER TABLE server_1d
  MATERIALIZE COLUMN ttft_ms_buckets,
  MATERIALIZE COLUMN itl_ms_buckets,
  MATERIALIZE COLUMN tpot_ms_buckets,
  MATERIALIZE COLUMN e2e_ms_buckets,
  MATERIALIZE COLUMN queue_ms_buckets
SETTINGS mutations_sync = 2;

UNLESS (SELECT count() = 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('server_1d', 'server_1d_local') AND name = 'ttft_ms_buckets' AND default_kind = 'DEFAULT')
ALTER TABLE server_1d
  MODIFY COLUMN ttft_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN itl_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN tpot_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN e2e_ms_buckets REMOVE DEFAULT,
  MODIFY COLUMN queue_ms_buckets REMOVE DEFAULT;

ALTER TABLE server_1d
  DROP COLUMN IF EXISTS ttft_ms_bounds,
  DROP COLUMN IF EXISTS ttft_ms_counts,
  DROP COLUMN IF EXISTS itl_ms_bounds,
  DROP COLUMN IF EXISTS itl_ms_counts,
  DROP COLUMN IF EXISTS tpot_ms_bounds,
  DROP COLUMN IF EXISTS tpot_ms_counts,
  DROP COLUMN IF EXISTS e2e_ms_bounds,
  DROP COLUMN IF EXISTS e2e_ms_counts,
  DROP COLUMN IF EXISTS queue_ms_bounds,
  DROP COLUMN IF EXISTS queue_ms_counts;

ALTER TABLE server_1d
  ADD COLUMN IF NOT EXISTS gateway UInt8 COMMENT '1: forwards to engines, so that adding it to them counts a request twice' CODEC(ZSTD(1)) AFTER kv_cache_ratio_count,
  ADD COLUMN IF NOT EXISTS max_concurrency_max Nullable(Float64) COMMENT 'Highest requests that the server runs at once at most' CODEC(ZSTD(1)) AFTER gateway,
  ADD COLUMN IF NOT EXISTS kv_capacity_tokens_max Nullable(Float64) COMMENT 'Highest tokens that the KV cache holds when full' CODEC(ZSTD(1)) AFTER max_concurrency_max,
  ADD COLUMN IF NOT EXISTS batch_size_min Nullable(Float64) COMMENT 'Lowest sequences in the batch of a step' CODEC(ZSTD(1)) AFTER kv_capacity_tokens_max,
  ADD COLUMN IF NOT EXISTS batch_size_max Nullable(Float64) COMMENT 'Highest sequences in the batch of a step' CODEC(ZSTD(1)) AFTER batch_size_min,
  ADD COLUMN IF NOT EXISTS batch_size_sum Float64 COMMENT 'Sum of sequences in the batch of a step; divide by batch_size_count' CODEC(ZSTD(1)) AFTER batch_size_max,
  ADD COLUMN IF NOT EXISTS batch_size_count UInt64 COMMENT 'Rows with a known sequences in the batch of a step' CODEC(ZSTD(1)) AFTER batch_size_sum,
  ADD COLUMN IF NOT EXISTS prefix_hit_ratio_sum Float64 COMMENT 'Sum of prefix hits as the server says them, 0 to 1; divide by prefix_hit_ratio_count' CODEC(ZSTD(1)) AFTER batch_size_count,
  ADD COLUMN IF NOT EXISTS prefix_hit_ratio_count UInt64 COMMENT 'Rows with a known prefix hits as the server says them, 0 to 1' CODEC(ZSTD(1)) AFTER prefix_hit_ratio_sum,
  ADD COLUMN IF NOT EXISTS draft_acceptance_ratio_sum Float64 COMMENT 'Sum of proposed tokens kept as the server says it, 0 to 1; divide by draft_acceptance_ratio_count' CODEC(ZSTD(1)) AFTER prefix_hit_ratio_count,
  ADD COLUMN IF NOT EXISTS draft_acceptance_ratio_count UInt64 COMMENT 'Rows with a known proposed tokens kept as the server says it, 0 to 1' CODEC(ZSTD(1)) AFTER draft_acceptance_ratio_sum,
  ADD COLUMN IF NOT EXISTS lora_active_min Nullable(Float64) COMMENT 'Lowest LoRA adapters in use' CODEC(ZSTD(1)) AFTER draft_acceptance_ratio_count,
  ADD COLUMN IF NOT EXISTS lora_active_max Nullable(Float64) COMMENT 'Highest LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_active_min,
  ADD COLUMN IF NOT EXISTS lora_active_sum Float64 COMMENT 'Sum of LoRA adapters in use; divide by lora_active_count' CODEC(ZSTD(1)) AFTER lora_active_max,
  ADD COLUMN IF NOT EXISTS lora_active_count UInt64 COMMENT 'Rows with a known LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_active_sum,
  ADD COLUMN IF NOT EXISTS lora_max_max Nullable(Float64) COMMENT 'Highest LoRA adapters that fit at once' CODEC(ZSTD(1)) AFTER lora_active_count,
  ADD COLUMN IF NOT EXISTS lora_adapters Array(String) COMMENT 'Names of the LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_max_max,
  ADD COLUMN IF NOT EXISTS input_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which input_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER input_tokens,
  ADD COLUMN IF NOT EXISTS output_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which output_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER output_tokens,
  ADD COLUMN IF NOT EXISTS requests_ok_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_ok is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_ok,
  ADD COLUMN IF NOT EXISTS requests_failed_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_failed is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_failed,
  ADD COLUMN IF NOT EXISTS preemptions_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which preemptions is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER preemptions,
  ADD COLUMN IF NOT EXISTS prefix_hits_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_hits is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_hits,
  ADD COLUMN IF NOT EXISTS prefix_queries_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_queries is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_queries,
  ADD COLUMN IF NOT EXISTS requests UInt64 COMMENT 'Requests ended in any way, of servers that do not count good and failed ones apart' CODEC(ZSTD(1)) AFTER prefix_queries_interval_ms,
  ADD COLUMN IF NOT EXISTS requests_interval_ms Float64 COMMENT 'Time over which requests is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests,
  ADD COLUMN IF NOT EXISTS steps UInt64 COMMENT 'Steps of the engine' CODEC(ZSTD(1)) AFTER requests_interval_ms,
  ADD COLUMN IF NOT EXISTS steps_interval_ms Float64 COMMENT 'Time over which steps is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER steps,
  ADD COLUMN IF NOT EXISTS step_tokens UInt64 COMMENT 'Tokens processed in those steps' CODEC(ZSTD(1)) AFTER steps_interval_ms,
  ADD COLUMN IF NOT EXISTS step_tokens_interval_ms Float64 COMMENT 'Time over which step_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER step_tokens,
  ADD COLUMN IF NOT EXISTS draft_tokens UInt64 COMMENT 'Speculative decoding: tokens proposed' CODEC(ZSTD(1)) AFTER step_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS draft_tokens_interval_ms Float64 COMMENT 'Time over which draft_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER draft_tokens,
  ADD COLUMN IF NOT EXISTS accepted_tokens UInt64 COMMENT 'Speculative decoding: proposed tokens kept' CODEC(ZSTD(1)) AFTER draft_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS accepted_tokens_interval_ms Float64 COMMENT 'Time over which accepted_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER accepted_tokens,
  ADD COLUMN IF NOT EXISTS http_4xx UInt64 COMMENT 'Answers with a status of 400 to 499' CODEC(ZSTD(1)) AFTER accepted_tokens_interval_ms,
  ADD COLUMN IF NOT EXISTS http_4xx_interval_ms Float64 COMMENT 'Time over which http_4xx is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER http_4xx,
  ADD COLUMN IF NOT EXISTS http_5xx UInt64 COMMENT 'Answers with a status of 500 to 599' CODEC(ZSTD(1)) AFTER http_4xx_interval_ms,
  ADD COLUMN IF NOT EXISTS http_5xx_interval_ms Float64 COMMENT 'Time over which http_5xx is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER http_5xx,
  ADD COLUMN IF NOT EXISTS finished Map(String, UInt64) COMMENT 'Requests by finish reason' CODEC(ZSTD(1)) AFTER http_5xx_interval_ms,
  ADD COLUMN IF NOT EXISTS covered_minutes AggregateFunction(groupBitmapArray, Array(UInt32)) DEFAULT arrayReduce('groupBitmapArrayState', [range(toUInt32(intDiv(toUnixTimestamp(timestamp), 60)), toUInt32(intDiv(toUnixTimestamp(timestamp), 60) + if(interval_ms > 0, 1440, 0)))]) COMMENT 'Minutes since 1970 that samples cover: count with groupBitmapArrayMerge' CODEC(ZSTD(1)) AFTER interval_ms,
  ADD COLUMN IF NOT EXISTS prefill_ms_buckets Map(String, Array(UInt64)) COMMENT 'Prefill time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_sum,
  ADD COLUMN IF NOT EXISTS prefill_ms_sum Float64 COMMENT 'Prefill time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER prefill_ms_buckets,
  ADD COLUMN IF NOT EXISTS decode_ms_buckets Map(String, Array(UInt64)) COMMENT 'Decode time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER prefill_ms_sum,
  ADD COLUMN IF NOT EXISTS decode_ms_sum Float64 COMMENT 'Decode time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER decode_ms_buckets,
  ADD COLUMN IF NOT EXISTS request_input_tokens_buckets Map(String, Array(UInt64)) COMMENT 'Input tokens per request: observations per bucket, not cumulative, by the upper bounds of the buckets' CODEC(ZSTD(1)) AFTER decode_ms_sum,
  ADD COLUMN IF NOT EXISTS request_input_tokens_sum Float64 COMMENT 'Input tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_input_tokens_buckets,
  ADD COLUMN IF NOT EXISTS request_output_tokens_buckets Map(String, Array(UInt64)) COMMENT 'Output tokens per request: observations per bucket, not cumulative, by the upper bounds of the buckets' CODEC(ZSTD(1)) AFTER request_input_tokens_sum,
  ADD COLUMN IF NOT EXISTS request_output_tokens_sum Float64 COMMENT 'Output tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_output_tokens_buckets;
