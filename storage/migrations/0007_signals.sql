-- What comes in as OTLP logs and metrics, and judgements of answers from either signal.

CREATE TABLE IF NOT EXISTS log_events
(
  timestamp DateTime64(6, 'UTC') COMMENT 'When it happened, UTC' CODEC(Delta, ZSTD(1)),
  trace_id String COMMENT 'Trace of the span that it was emitted in; may be empty' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span that it was emitted in; may be empty' CODEC(ZSTD(1)),
  event_name LowCardinality(String) COMMENT 'gen_ai.user.message, gen_ai.choice, ...' CODEC(ZSTD(1)),
  event_id String COMMENT 'Hash of the content: equal for an event that was sent again' CODEC(ZSTD(1)),
  severity_number UInt64 COMMENT '1 (trace) to 24 (fatal); 0 when unknown' CODEC(ZSTD(1)),
  service LowCardinality(String) COMMENT 'Resource service.name' CODEC(ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Resource deployment.environment.name' CODEC(ZSTD(1)),
  scope_name LowCardinality(String) COMMENT 'Instrumentation library' CODEC(ZSTD(1)),
  body String COMMENT 'Content: text, or JSON of a structured body; empty once content_days are over' CODEC(ZSTD(1)),
  attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the event, but for those in content' CODEC(ZSTD(1)),
  content Map(LowCardinality(String), String) COMMENT 'Attributes that say what users and models said; empty once content_days are over' CODEC(ZSTD(1)),
  resource_attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the resource' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one event counts; events of one moment keep their order' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1)),
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, trace_id, span_id, event_id)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'GenAI events that came as log records: messages, choices, exceptions, judgements';

CREATE TABLE IF NOT EXISTS genai_histograms
(
  timestamp DateTime64(6, 'UTC') COMMENT 'End of the interval, UTC' CODEC(Delta, ZSTD(1)),
  interval_ms Nullable(Float64) COMMENT 'Length of the interval in ms; null when its start is unknown' CODEC(ZSTD(1)),
  name LowCardinality(String) COMMENT 'gen_ai.client.operation.duration, gen_ai.server.time_to_first_token, ...' CODEC(ZSTD(1)),
  unit LowCardinality(String) COMMENT 'Unit of the observations as sent: s, {token}, ...' CODEC(ZSTD(1)),
  service LowCardinality(String) COMMENT 'Resource service.name' CODEC(ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Resource deployment.environment.name' CODEC(ZSTD(1)),
  provider LowCardinality(String) COMMENT 'Provider: openai, anthropic, aws.bedrock, ...' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model, normalised' CODEC(ZSTD(1)),
  operation LowCardinality(String) COMMENT 'chat, embeddings, ...' CODEC(ZSTD(1)),
  token_type LowCardinality(String) COMMENT 'input, output or total; empty for what counts no tokens' CODEC(ZSTD(1)),
  server_address LowCardinality(String) COMMENT 'host:port of the server, as far as the client knows' CODEC(ZSTD(1)),
  error_type LowCardinality(String) COMMENT 'Class of the error; empty when there was none' CODEC(ZSTD(1)),
  attributes Map(LowCardinality(String), String) COMMENT 'What stands in no other column' CODEC(ZSTD(1)),
  count UInt64 COMMENT 'Observations in the interval' CODEC(ZSTD(1)),
  sum Nullable(Float64) COMMENT 'Sum of the observations' CODEC(ZSTD(1)),
  min Nullable(Float64) COMMENT 'Smallest observation of the interval; null when unknown' CODEC(ZSTD(1)),
  max Nullable(Float64) COMMENT 'Largest observation of the interval; null when unknown' CODEC(ZSTD(1)),
  bounds Array(Float64) COMMENT 'Upper bounds of the buckets' CODEC(ZSTD(1)),
  counts Array(UInt64) COMMENT 'Observations per bucket; the last is above every bound' CODEC(ZSTD(1)),
  series String COMMENT 'Hash of resource, scope, name and attributes' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one name, series and timestamp counts' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toMonday(timestamp)
ORDER BY (name, timestamp, series)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'Histograms that clients and servers report as metrics, as increases per interval';

ALTER TABLE evaluations ADD COLUMN IF NOT EXISTS session_id String COMMENT 'Session that it is about, when it is about a whole session' CODEC(ZSTD(1)) AFTER span_id;
ALTER TABLE evaluations ADD COLUMN IF NOT EXISTS request_id String COMMENT 'Id of the call at its provider, when the span is unknown' CODEC(ZSTD(1)) AFTER session_id;
ALTER TABLE evaluations MODIFY SETTING non_replicated_deduplication_window = 10000;
