-- Exports of other products: what providers say was used, and how imports read their files.

CREATE TABLE IF NOT EXISTS provider_usage
(
  bucket_start DateTime64(3, 'UTC') COMMENT 'Start of the time that was summed up, UTC' CODEC(Delta, ZSTD(1)),
  bucket_end DateTime64(3, 'UTC') COMMENT 'End of it, not included, UTC' CODEC(Delta, ZSTD(1)),
  provider LowCardinality(String) COMMENT 'Who summed it up: openai, …' CODEC(ZSTD(1)),
  kind LowCardinality(String) COMMENT 'What was summed up: completions, embeddings, … or costs' CODEC(ZSTD(1)),
  grouped_by LowCardinality(String) COMMENT 'Fields that the export was split by: exports split otherwise count the same calls' CODEC(ZSTD(1)),
  project_id LowCardinality(String) COMMENT 'Project at the provider; empty when not split by it' CODEC(ZSTD(1)),
  user_id LowCardinality(String) COMMENT 'User at the provider; empty when not split by it' CODEC(ZSTD(1)),
  api_key_id LowCardinality(String) COMMENT 'Id of the key at the provider, never the key' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model, as in requests; empty when not split by it' CODEC(ZSTD(1)),
  model_version LowCardinality(String) COMMENT 'Version that was cut off the model\'s name' CODEC(ZSTD(1)),
  batch LowCardinality(String) COMMENT 'Whether in batches: true or false; empty when not split by it' CODEC(ZSTD(1)),
  service_tier LowCardinality(String) COMMENT 'Tier at the provider; empty when not split by it' CODEC(ZSTD(1)),
  line_item LowCardinality(String) COMMENT 'Of costs: what was paid for' CODEC(ZSTD(1)),
  input_tokens Nullable(UInt64) COMMENT 'Input tokens, with cached ones' CODEC(ZSTD(1)),
  input_cached_tokens Nullable(UInt64) COMMENT 'Input tokens that came from the cache' CODEC(ZSTD(1)),
  output_tokens Nullable(UInt64) COMMENT 'Output tokens' CODEC(ZSTD(1)),
  input_audio_tokens Nullable(UInt64) COMMENT 'Audio input tokens' CODEC(ZSTD(1)),
  output_audio_tokens Nullable(UInt64) COMMENT 'Audio output tokens' CODEC(ZSTD(1)),
  num_model_requests Nullable(UInt64) COMMENT 'Calls that were summed up' CODEC(ZSTD(1)),
  amount_usd Nullable(Decimal(18, 9)) COMMENT 'What was charged, USD' CODEC(ZSTD(1)),
  source_file String COMMENT 'Name of the file that it came from' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'Time of the import in microseconds: the higher version of one key wins' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (provider, kind, bucket_start, bucket_end, grouped_by, project_id, user_id, api_key_id, model, model_version, batch, service_tier, line_item)
COMMENT 'What providers say was used, summed up by them, to reconcile requests with; never requests themselves';

ALTER TABLE imports ADD COLUMN IF NOT EXISTS format LowCardinality(String) COMMENT 'Whose export the file was: litellm, langfuse, …; empty for columns of our own or mapped ones' CODEC(ZSTD(1)) AFTER mapping;
ALTER TABLE imports ADD COLUMN IF NOT EXISTS rows_skipped UInt64 COMMENT 'Rows that are no calls of a model' CODEC(ZSTD(1)) AFTER rows_existing;
