-- What people and rules add: marks, feedback, evaluations, alerts, prices.

CREATE TABLE IF NOT EXISTS probes
(
  timestamp DateTime64(3, 'UTC') COMMENT 'Start of the probe, UTC' CODEC(Delta, ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that was called' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model that was asked for' CODEC(ZSTD(1)),
  ok Bool COMMENT 'The answer was right' CODEC(ZSTD(1)),
  status LowCardinality(String) COMMENT 'ok, error, rate_limited or timeout' CODEC(ZSTD(1)),
  http_status Nullable(UInt16) COMMENT 'HTTP status of the answer' CODEC(ZSTD(1)),
  duration_ms Nullable(Float64) COMMENT 'Whole duration in ms' CODEC(ZSTD(1)),
  ttft_ms Nullable(Float64) COMMENT 'Time to first token in ms' CODEC(ZSTD(1)),
  error String COMMENT 'What went wrong; empty when ok' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (endpoint, timestamp)
COMMENT 'Synthetic calls that check endpoints';

CREATE TABLE IF NOT EXISTS annotations
(
  id String COMMENT 'Id of the mark' CODEC(ZSTD(1)),
  timestamp DateTime64(3, 'UTC') COMMENT 'Start, UTC' CODEC(Delta, ZSTD(1)),
  end_timestamp Nullable(DateTime64(3, 'UTC')) COMMENT 'End, UTC; null for a moment' CODEC(ZSTD(1)),
  kind LowCardinality(String) COMMENT 'deploy, incident, note, ...' CODEC(ZSTD(1)),
  title String COMMENT 'One line' CODEC(ZSTD(1)),
  text String COMMENT 'More of it' CODEC(ZSTD(1)),
  labels Map(LowCardinality(String), String) COMMENT 'What it concerns: service, model, endpoint, ...' CODEC(ZSTD(1)),
  url String COMMENT 'Link to more' CODEC(ZSTD(1)),
  created_by String COMMENT 'Who made it' CODEC(ZSTD(1)),
  deleted Bool COMMENT 'Taken back' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'Deploys and other marks on time lines';

CREATE TABLE IF NOT EXISTS feedback
(
  id String COMMENT 'Id of the feedback' CODEC(ZSTD(1)),
  timestamp DateTime64(3, 'UTC') COMMENT 'When it was given, UTC' CODEC(Delta, ZSTD(1)),
  trace_id String COMMENT 'Trace that it is about' CODEC(ZSTD(1)),
  span_id String COMMENT 'Call that it is about; empty for the whole trace' CODEC(ZSTD(1)),
  request_id String COMMENT 'Id of the call at its provider, when the trace is unknown' CODEC(ZSTD(1)),
  name LowCardinality(String) COMMENT 'What is judged: thumbs, rating, correction, ...' CODEC(ZSTD(1)),
  score Nullable(Float64) COMMENT 'Number, higher is better; null when there is none' CODEC(ZSTD(1)),
  value String COMMENT 'Word or text' CODEC(ZSTD(1)),
  comment String COMMENT 'What the user wrote' CODEC(ZSTD(1)),
  user_id String COMMENT 'Who judged' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1)),
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'What users thought of answers';

CREATE TABLE IF NOT EXISTS evaluations
(
  id String COMMENT 'Id of the evaluation' CODEC(ZSTD(1)),
  timestamp DateTime64(3, 'UTC') COMMENT 'When it was made, UTC' CODEC(Delta, ZSTD(1)),
  trace_id String COMMENT 'Trace that it is about' CODEC(ZSTD(1)),
  span_id String COMMENT 'Call that it is about; empty for the whole trace' CODEC(ZSTD(1)),
  evaluator LowCardinality(String) COMMENT 'What judged: a model, a rule, a person' CODEC(ZSTD(1)),
  evaluator_version LowCardinality(String) COMMENT 'Version of what judged' CODEC(ZSTD(1)),
  name LowCardinality(String) COMMENT 'What is judged: relevance, toxicity, ...' CODEC(ZSTD(1)),
  score Nullable(Float64) COMMENT 'Number, higher is better; null when there is none' CODEC(ZSTD(1)),
  label LowCardinality(String) COMMENT 'Class: pass, fail, ...' CODEC(ZSTD(1)),
  explanation String COMMENT 'Why' CODEC(ZSTD(1)),
  cost_usd Nullable(Decimal(18, 12)) COMMENT 'What judging cost, in US dollars' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1)),
  INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'Judgements of answers by models, rules and people';

CREATE TABLE IF NOT EXISTS prices
(
  id String COMMENT 'Id of the price: override name or catalogue id' CODEC(ZSTD(1)),
  provider LowCardinality(String) COMMENT 'Provider that it holds for; empty for all' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model that it holds for' CODEC(ZSTD(1)),
  valid_from Nullable(DateTime64(3, 'UTC')) COMMENT 'Holds from, UTC; null from ever' CODEC(ZSTD(1)),
  valid_to Nullable(DateTime64(3, 'UTC')) COMMENT 'Holds until, UTC; null for ever' CODEC(ZSTD(1)),
  price String COMMENT 'Rates in US dollars per million tokens, as JSON' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'Catalogue or override' CODEC(ZSTD(1)),
  price_version LowCardinality(String) COMMENT 'Catalogue and its version' CODEC(ZSTD(1)),
  deleted Bool COMMENT 'Taken back' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'Prices that requests were matched with';

CREATE TABLE IF NOT EXISTS imports
(
  imported_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the import ended, UTC' CODEC(Delta, ZSTD(1)),
  file String COMMENT 'Name of the file' CODEC(ZSTD(1)),
  file_hash String COMMENT 'SHA-256 of the file, hex' CODEC(ZSTD(1)),
  file_bytes UInt64 COMMENT 'Size of the file in bytes' CODEC(ZSTD(1)),
  mapping String COMMENT 'How columns were mapped and set, as JSON' CODEC(ZSTD(1)),
  shift_us Int64 COMMENT 'How far times were moved, in microseconds' CODEC(ZSTD(1)),
  rows_read UInt64 COMMENT 'Rows in the file' CODEC(ZSTD(1)),
  rows_imported UInt64 COMMENT 'Rows that were stored' CODEC(ZSTD(1)),
  rows_existing UInt64 COMMENT 'Rows that were there already' CODEC(ZSTD(1)),
  rows_rejected UInt64 COMMENT 'Rows that were rejected' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (imported_at, file_hash)
COMMENT 'Files of past requests that were imported';

CREATE TABLE IF NOT EXISTS health
(
  checked_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the check ran, UTC' CODEC(ZSTD(1)),
  ok UInt8 COMMENT 'Always 1: that the row is there is the point' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (checked_at)
TTL toDateTime(checked_at) + toIntervalHour(1)
COMMENT 'Written by readiness checks; kept for an hour';
