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
  ADD COLUMN IF NOT EXISTS input_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which input_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER input_tokens,
  ADD COLUMN IF NOT EXISTS output_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which output_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER output_tokens,
  ADD COLUMN IF NOT EXISTS requests_ok_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_ok is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_ok,
  ADD COLUMN IF NOT EXISTS requests_failed_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_failed is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_failed,
  ADD COLUMN IF NOT EXISTS preemptions_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which preemptions is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER preemptions,
  ADD COLUMN IF NOT EXISTS prefix_hits_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_hits is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_hits,
  ADD COLUMN IF NOT EXISTS prefix_queries_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_queries is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_queries,
  ADD COLUMN IF NOT EXISTS finished Map(String, UInt64) COMMENT 'Requests by finish reason' CODEC(ZSTD(1)) AFTER prefix_queries_interval_ms,
  ADD COLUMN IF NOT EXISTS covered_minutes AggregateFunction(groupBitmapArray, Array(UInt32)) DEFAULT arrayReduce('groupBitmapArrayState', [range(toUInt32(intDiv(toUnixTimestamp(timestamp), 60)), toUInt32(intDiv(toUnixTimestamp(timestamp), 60) + if(interval_ms > 0, 1, 0)))]) COMMENT 'Minutes since 1970 that samples cover: count with groupBitmapArrayMerge' CODEC(ZSTD(1)) AFTER interval_ms,
  ADD COLUMN IF NOT EXISTS prefill_ms_buckets Map(String, Array(UInt64)) COMMENT 'Prefill time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_sum,
  ADD COLUMN IF NOT EXISTS prefill_ms_sum Float64 COMMENT 'Prefill time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER prefill_ms_buckets,
  ADD COLUMN IF NOT EXISTS decode_ms_buckets Map(String, Array(UInt64)) COMMENT 'Decode time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER prefill_ms_sum,
  ADD COLUMN IF NOT EXISTS decode_ms_sum Float64 COMMENT 'Decode time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER decode_ms_buckets;

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
  ADD COLUMN IF NOT EXISTS input_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which input_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER input_tokens,
  ADD COLUMN IF NOT EXISTS output_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which output_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER output_tokens,
  ADD COLUMN IF NOT EXISTS requests_ok_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_ok is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_ok,
  ADD COLUMN IF NOT EXISTS requests_failed_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_failed is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_failed,
  ADD COLUMN IF NOT EXISTS preemptions_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which preemptions is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER preemptions,
  ADD COLUMN IF NOT EXISTS prefix_hits_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_hits is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_hits,
  ADD COLUMN IF NOT EXISTS prefix_queries_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_queries is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_queries,
  ADD COLUMN IF NOT EXISTS finished Map(String, UInt64) COMMENT 'Requests by finish reason' CODEC(ZSTD(1)) AFTER prefix_queries_interval_ms,
  ADD COLUMN IF NOT EXISTS covered_minutes AggregateFunction(groupBitmapArray, Array(UInt32)) DEFAULT arrayReduce('groupBitmapArrayState', [range(toUInt32(intDiv(toUnixTimestamp(timestamp), 60)), toUInt32(intDiv(toUnixTimestamp(timestamp), 60) + if(interval_ms > 0, 60, 0)))]) COMMENT 'Minutes since 1970 that samples cover: count with groupBitmapArrayMerge' CODEC(ZSTD(1)) AFTER interval_ms,
  ADD COLUMN IF NOT EXISTS prefill_ms_buckets Map(String, Array(UInt64)) COMMENT 'Prefill time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_sum,
  ADD COLUMN IF NOT EXISTS prefill_ms_sum Float64 COMMENT 'Prefill time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER prefill_ms_buckets,
  ADD COLUMN IF NOT EXISTS decode_ms_buckets Map(String, Array(UInt64)) COMMENT 'Decode time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER prefill_ms_sum,
  ADD COLUMN IF NOT EXISTS decode_ms_sum Float64 COMMENT 'Decode time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER decode_ms_buckets;

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
  ADD COLUMN IF NOT EXISTS input_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which input_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER input_tokens,
  ADD COLUMN IF NOT EXISTS output_tokens_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which output_tokens is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER output_tokens,
  ADD COLUMN IF NOT EXISTS requests_ok_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_ok is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_ok,
  ADD COLUMN IF NOT EXISTS requests_failed_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which requests_failed is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER requests_failed,
  ADD COLUMN IF NOT EXISTS preemptions_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which preemptions is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER preemptions,
  ADD COLUMN IF NOT EXISTS prefix_hits_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_hits is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_hits,
  ADD COLUMN IF NOT EXISTS prefix_queries_interval_ms Float64 DEFAULT interval_ms COMMENT 'Time over which prefix_queries is known in ms; 0 when nobody told' CODEC(ZSTD(1)) AFTER prefix_queries,
  ADD COLUMN IF NOT EXISTS finished Map(String, UInt64) COMMENT 'Requests by finish reason' CODEC(ZSTD(1)) AFTER prefix_queries_interval_ms,
  ADD COLUMN IF NOT EXISTS covered_minutes AggregateFunction(groupBitmapArray, Array(UInt32)) DEFAULT arrayReduce('groupBitmapArrayState', [range(toUInt32(intDiv(toUnixTimestamp(timestamp), 60)), toUInt32(intDiv(toUnixTimestamp(timestamp), 60) + if(interval_ms > 0, 1440, 0)))]) COMMENT 'Minutes since 1970 that samples cover: count with groupBitmapArrayMerge' CODEC(ZSTD(1)) AFTER interval_ms,
  ADD COLUMN IF NOT EXISTS prefill_ms_buckets Map(String, Array(UInt64)) COMMENT 'Prefill time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER queue_ms_sum,
  ADD COLUMN IF NOT EXISTS prefill_ms_sum Float64 COMMENT 'Prefill time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER prefill_ms_buckets,
  ADD COLUMN IF NOT EXISTS decode_ms_buckets Map(String, Array(UInt64)) COMMENT 'Decode time: observations per bucket, not cumulative, by the upper bounds of the buckets in ms' CODEC(ZSTD(1)) AFTER prefill_ms_sum,
  ADD COLUMN IF NOT EXISTS decode_ms_sum Float64 COMMENT 'Decode time: sum of the observations in ms' CODEC(ZSTD(1)) AFTER decode_ms_buckets;
