-- Requests and spans. Rows of one identity replace each other (read with final = 1); the time leads the key, so that a range reads
-- few granules; weekly partitions hold late rows without many parts.

CREATE TABLE IF NOT EXISTS requests
(
  timestamp DateTime64(6, 'UTC') COMMENT 'Start of the call, UTC' CODEC(Delta, ZSTD(1)),
  duration_ms Nullable(Float64) COMMENT 'Whole duration in ms; null when unknown, as in some imported logs' CODEC(ZSTD(1)),
  ttft_ms Nullable(Float64) COMMENT 'Time to first token in ms; null unless streamed and measured' CODEC(ZSTD(1)),
  tpot_ms Nullable(Float64) COMMENT 'Time per output token in ms: (duration - TTFT) / (output_tokens - 1)' CODEC(ZSTD(1)),
  queue_ms Nullable(Float64) COMMENT 'Time in the server queue in ms' CODEC(ZSTD(1)),
  prefill_ms Nullable(Float64) COMMENT 'Time to process the prompt in ms' CODEC(ZSTD(1)),
  decode_ms Nullable(Float64) COMMENT 'Time to generate after the first token in ms' CODEC(ZSTD(1)),
  streamed Bool COMMENT 'The answer came as a stream' CODEC(ZSTD(1)),
  trace_id String COMMENT 'Trace: 32 hex digits' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span: 16 hex digits' CODEC(ZSTD(1)),
  parent_span_id String COMMENT 'Parent span; empty for a root' CODEC(ZSTD(1)),
  request_id String COMMENT 'Id that the provider or client gave the call' CODEC(ZSTD(1)),
  service LowCardinality(String) COMMENT 'Calling service (OpenTelemetry service.name)' CODEC(ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Deployment environment: production, staging, demo, ...' CODEC(ZSTD(1)),
  provider LowCardinality(String) COMMENT 'Who ran the model: openai, anthropic, vllm, ...' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Configured endpoint or host that was called' CODEC(ZSTD(1)),
  region LowCardinality(String) COMMENT 'Region of the provider' CODEC(ZSTD(1)),
  instance LowCardinality(String) COMMENT 'Server instance that answered: host:port' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model, normalised: gpt-4o' CODEC(ZSTD(1)),
  requested_model LowCardinality(String) COMMENT 'Model as the client asked for it' CODEC(ZSTD(1)),
  model_version LowCardinality(String) COMMENT 'What normalising took off the model name: 2024-08-06' CODEC(ZSTD(1)),
  operation LowCardinality(String) COMMENT 'chat, text_completion, embeddings, ...' CODEC(ZSTD(1)),
  user_id String COMMENT 'End user on whose behalf the call was made' CODEC(ZSTD(1)),
  team LowCardinality(String) COMMENT 'Team that pays' CODEC(ZSTD(1)),
  feature LowCardinality(String) COMMENT 'Product feature that made the call' CODEC(ZSTD(1)),
  session_id String COMMENT 'Conversation or session' CODEC(ZSTD(1)),
  api_key LowCardinality(String) COMMENT 'Hash or name of the API key, never the key' CODEC(ZSTD(1)),
  variant LowCardinality(String) COMMENT 'Experiment variant' CODEC(ZSTD(1)),
  prompt_name LowCardinality(String) COMMENT 'Name of the prompt template' CODEC(ZSTD(1)),
  prompt_version LowCardinality(String) COMMENT 'Version of the prompt template' CODEC(ZSTD(1)),
  input_tokens Nullable(UInt32) COMMENT 'Input tokens in all, cached and cache-written ones included; null when unknown' CODEC(ZSTD(1)),
  cached_input_tokens Nullable(UInt32) COMMENT 'Input tokens read from the prompt cache' CODEC(ZSTD(1)),
  cache_write_tokens Nullable(UInt32) COMMENT 'Input tokens written to the prompt cache' CODEC(ZSTD(1)),
  output_tokens Nullable(UInt32) COMMENT 'Output tokens in all, reasoning included; null when unknown' CODEC(ZSTD(1)),
  reasoning_tokens Nullable(UInt32) COMMENT 'Output tokens spent on reasoning' CODEC(ZSTD(1)),
  max_tokens Nullable(UInt32) COMMENT 'Limit of output tokens that the client asked for' CODEC(ZSTD(1)),
  context_window Nullable(UInt32) COMMENT 'Context window of the model in tokens' CODEC(ZSTD(1)),
  status LowCardinality(String) COMMENT 'ok, error, rate_limited, timeout, cancelled or filtered' CODEC(ZSTD(1)),
  error_type LowCardinality(String) COMMENT 'Class or code of the error; empty when ok' CODEC(ZSTD(1)),
  http_status Nullable(UInt16) COMMENT 'HTTP status of the answer' CODEC(ZSTD(1)),
  finish_reason LowCardinality(String) COMMENT 'stop, length, tool_calls, content_filter, error or the vendor\'s own word' CODEC(ZSTD(1)),
  attempt UInt16 COMMENT '1 for the first try of a call, 2 for its first retry' CODEC(ZSTD(1)),
  cache_hit Bool COMMENT 'Answered from a response cache, without the model' CODEC(ZSTD(1)),
  cost_usd Nullable(Decimal(18, 12)) COMMENT 'Cost in US dollars; null when unknown, never 0 instead' CODEC(ZSTD(1)),
  input_cost_usd Nullable(Decimal(18, 12)) COMMENT 'Part of the cost for input tokens, in US dollars' CODEC(ZSTD(1)),
  output_cost_usd Nullable(Decimal(18, 12)) COMMENT 'Part of the cost for output tokens, in US dollars' CODEC(ZSTD(1)),
  cost_source LowCardinality(String) COMMENT 'Where the cost comes from: reported, catalogue, gpu or unknown' CODEC(ZSTD(1)),
  cache_savings_usd Nullable(Decimal(18, 12)) COMMENT 'What prompt caching saved against the uncached rate, in US dollars; negative when writing the cache cost more' CODEC(ZSTD(1)),
  reported_cost_usd Nullable(Decimal(18, 12)) COMMENT 'What the client or gateway said it cost, in US dollars' CODEC(ZSTD(1)),
  price_id LowCardinality(String) COMMENT 'Price that matched: provider/price or override/name; empty when unknown' CODEC(ZSTD(1)),
  price_version LowCardinality(String) COMMENT 'Catalogue and version of the price: genai-prices@0.1.8' CODEC(ZSTD(1)),
  input String COMMENT 'Prompt as text or JSON messages; empty unless content is kept' CODEC(ZSTD(1)),
  output String COMMENT 'Answer as text or JSON messages; empty unless content is kept' CODEC(ZSTD(1)),
  dialect LowCardinality(String) COMMENT 'What read the row: a trace dialect, import or proxy' CODEC(ZSTD(1)),
  attributes Map(LowCardinality(String), String) COMMENT 'Everything that stands in no other column' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The row with the highest version of one (timestamp, trace_id, span_id) counts; time of receipt in microseconds' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1)),
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX inserted_at_minmax inserted_at TYPE minmax GRANULARITY 1,
  INDEX user_id_bloom user_id TYPE bloom_filter(0.01) GRANULARITY 4,
  INDEX session_id_bloom session_id TYPE bloom_filter(0.01) GRANULARITY 4,
  INDEX status_set status TYPE set(8) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, trace_id, span_id)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'One row per call of a model';

CREATE TABLE IF NOT EXISTS spans
(
  timestamp DateTime64(6, 'UTC') COMMENT 'Start of the span, UTC' CODEC(Delta, ZSTD(1)),
  duration_ms Float64 COMMENT 'Duration in ms' CODEC(ZSTD(1)),
  trace_id String COMMENT 'Trace: 32 hex digits' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span: 16 hex digits' CODEC(ZSTD(1)),
  parent_span_id String COMMENT 'Parent span; empty for a root' CODEC(ZSTD(1)),
  name LowCardinality(String) COMMENT 'Name of the operation' CODEC(ZSTD(1)),
  kind LowCardinality(String) COMMENT 'unspecified, internal, server, client, producer or consumer' CODEC(ZSTD(1)),
  service LowCardinality(String) COMMENT 'Service (OpenTelemetry service.name)' CODEC(ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Deployment environment' CODEC(ZSTD(1)),
  scope_name LowCardinality(String) COMMENT 'Instrumentation library' CODEC(ZSTD(1)),
  scope_version LowCardinality(String) COMMENT 'Version of the instrumentation library' CODEC(ZSTD(1)),
  status LowCardinality(String) COMMENT 'unset, ok or error' CODEC(ZSTD(1)),
  status_message String COMMENT 'What went wrong, as the client says' CODEC(ZSTD(1)),
  attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the span; arrays and objects as JSON' CODEC(ZSTD(1)),
  resource_attributes Map(LowCardinality(String), String) COMMENT 'Attributes of what emitted the span' CODEC(ZSTD(1)),
  event_timestamps Array(DateTime64(6, 'UTC')) COMMENT 'Times of the span\'s events, UTC' CODEC(ZSTD(1)),
  event_names Array(LowCardinality(String)) COMMENT 'Names of the span\'s events' CODEC(ZSTD(1)),
  event_attributes Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the span\'s events' CODEC(ZSTD(1)),
  link_trace_ids Array(String) COMMENT 'Traces of linked spans' CODEC(ZSTD(1)),
  link_span_ids Array(String) COMMENT 'Linked spans' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The row with the highest version of one (timestamp, trace_id, span_id) counts; time of receipt in microseconds' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1)),
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, trace_id, span_id)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'Every span that came in, whatever it describes';
