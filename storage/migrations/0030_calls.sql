-- What was called, by everything that a price may depend on: a list of a month that does not read each request. Filled in the
-- background after the start; until then it is read from the requests themselves.

CREATE TABLE IF NOT EXISTS calls_1h
(
  timestamp DateTime('UTC') COMMENT 'Start of the hour, UTC' CODEC(Delta, ZSTD(1)),
  environment LowCardinality(String) COMMENT 'Deployment environment' CODEC(ZSTD(1)),
  provider LowCardinality(String) COMMENT 'Who ran the model' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that was called' CODEC(ZSTD(1)),
  region LowCardinality(String) COMMENT 'Region of the provider' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model, normalised' CODEC(ZSTD(1)),
  model_version LowCardinality(String) COMMENT 'What normalising took off the model name: 2024-08-06' CODEC(ZSTD(1)),
  requested_model LowCardinality(String) COMMENT 'Model as the client asked for it' CODEC(ZSTD(1)),
  service_tier LowCardinality(String) COMMENT 'Tier that answered: batch, flex, priority, or the vendor\'s own word; empty for the usual one' CODEC(ZSTD(1)),
  team LowCardinality(String) COMMENT 'Team that pays' CODEC(ZSTD(1)),
  requests UInt64 COMMENT 'Requests; 0 when the last one of this key was corrected or deleted' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The row with the highest version of one key counts' CODEC(Delta, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the bucket was last computed; retention goes by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (timestamp, environment, provider, endpoint, region, model, model_version, requested_model, service_tier, team)
SETTINGS min_bytes_for_wide_part = 268435456
COMMENT 'requests per hour and environment, provider, endpoint, region, model, model_version, requested_model, service_tier and team: what prices depend on';
