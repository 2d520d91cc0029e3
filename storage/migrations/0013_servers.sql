-- What more servers say: limits, batches, speculative decoding, LoRA, lengths, HTTP errors; and what a page should say and does not.

ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS role LowCardinality(String) DEFAULT 'engine' COMMENT 'engine runs models, gateway forwards to engines: adding the two up counts a request twice' CODEC(ZSTD(1)) AFTER server;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS max_concurrency Nullable(Float64) COMMENT 'Requests that the server runs at once at most' CODEC(ZSTD(1)) AFTER kv_cache_ratio;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS kv_capacity_tokens Nullable(UInt64) COMMENT 'Tokens that the KV cache holds when full' CODEC(ZSTD(1)) AFTER max_concurrency;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS batch_size Nullable(Float64) COMMENT 'Sequences in the batch of the last step' CODEC(ZSTD(1)) AFTER kv_capacity_tokens;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS requests Nullable(UInt64) COMMENT 'Requests ended in any way since the sample before, failed ones among them; null where good and failed ones are counted apart' CODEC(ZSTD(1)) AFTER output_tokens;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS prefix_hit_ratio Nullable(Float64) COMMENT 'Prefix tokens found in the cache as the server says it, 0 to 1; null where hits and queries are counted' CODEC(ZSTD(1)) AFTER prefix_queries;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS steps Nullable(UInt64) COMMENT 'Steps of the engine since the sample before' CODEC(ZSTD(1)) AFTER prefix_hit_ratio;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS step_tokens Nullable(UInt64) COMMENT 'Tokens processed in those steps' CODEC(ZSTD(1)) AFTER steps;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS draft_tokens Nullable(UInt64) COMMENT 'Speculative decoding: tokens proposed since the sample before' CODEC(ZSTD(1)) AFTER step_tokens;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS accepted_tokens Nullable(UInt64) COMMENT 'Speculative decoding: proposed tokens kept since the sample before' CODEC(ZSTD(1)) AFTER draft_tokens;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS draft_acceptance_ratio Nullable(Float64) COMMENT 'Share of proposed tokens kept as the server says it, 0 to 1; null where drafts are counted' CODEC(ZSTD(1)) AFTER accepted_tokens;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS lora_active Nullable(Float64) COMMENT 'LoRA adapters in use' CODEC(ZSTD(1)) AFTER draft_acceptance_ratio;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS lora_max Nullable(Float64) COMMENT 'LoRA adapters that fit at once' CODEC(ZSTD(1)) AFTER lora_active;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS lora_adapters Array(LowCardinality(String)) COMMENT 'Names of the LoRA adapters in use' CODEC(ZSTD(1)) AFTER lora_max;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS http_4xx Nullable(UInt64) COMMENT 'Answers with a status of 400 to 499 since the sample before' CODEC(ZSTD(1)) AFTER lora_adapters;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS http_5xx Nullable(UInt64) COMMENT 'Answers with a status of 500 to 599 since the sample before' CODEC(ZSTD(1)) AFTER http_4xx;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS request_input_tokens_bounds Array(Float64) COMMENT 'Input tokens per request: upper bounds of the buckets; a last bucket without bound follows' CODEC(ZSTD(1)) AFTER decode_ms_sum;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS request_input_tokens_counts Array(UInt64) COMMENT 'Input tokens per request: requests per bucket since the sample before, not cumulative' CODEC(ZSTD(1)) AFTER request_input_tokens_bounds;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS request_input_tokens_sum Nullable(Float64) COMMENT 'Input tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_input_tokens_counts;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS request_output_tokens_bounds Array(Float64) COMMENT 'Output tokens per request: upper bounds of the buckets; a last bucket without bound follows' CODEC(ZSTD(1)) AFTER request_input_tokens_sum;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS request_output_tokens_counts Array(UInt64) COMMENT 'Output tokens per request: requests per bucket since the sample before, not cumulative' CODEC(ZSTD(1)) AFTER request_output_tokens_bounds;
ALTER TABLE server_samples ADD COLUMN IF NOT EXISTS request_output_tokens_sum Nullable(Float64) COMMENT 'Output tokens per request: sum of the observations' CODEC(ZSTD(1)) AFTER request_output_tokens_counts;

ALTER TABLE targets ADD COLUMN IF NOT EXISTS missing Array(Tuple(measure String, names Array(String), reason String, fix String)) COMMENT 'What a page of this kind should have and does not: the column that stays null, the series looked for, why, and what to change' CODEC(ZSTD(1)) AFTER error;
