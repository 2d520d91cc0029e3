-- Who evaluates the rules, how far evaluations have come, and why an alert fires that no value made fire.

ALTER TABLE alert_state
  ADD COLUMN IF NOT EXISTS reason LowCardinality(String) COMMENT 'no_data or error when that is why it is active; empty when its values are' CODEC(ZSTD(1)) AFTER value,
  ADD COLUMN IF NOT EXISTS reason_since Nullable(DateTime64(3, 'UTC')) COMMENT 'First evaluation without data or with an error, UTC' CODEC(ZSTD(1)) AFTER reason;

ALTER TABLE alert_events
  ADD COLUMN IF NOT EXISTS reason LowCardinality(String) COMMENT 'no_data or error when that is why it is active; empty when its values are' CODEC(ZSTD(1)) AFTER value;

CREATE TABLE IF NOT EXISTS alert_progress
(
  group LowCardinality(String) COMMENT 'Group of rules' CODEC(ZSTD(1)),
  evaluated_at DateTime64(3, 'UTC') COMMENT 'The last moment that its rules were evaluated for, UTC' CODEC(ZSTD(1)),
  updated_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was written, UTC' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one group counts' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (group)
COMMENT 'How far the evaluation of each group of rules has come';

CREATE TABLE IF NOT EXISTS alert_leases
(
  name LowCardinality(String) COMMENT 'What the lease is for' CODEC(ZSTD(1)),
  fence UInt64 COMMENT 'Rises with every take-over: the highest counts' CODEC(ZSTD(1)),
  holder String COMMENT 'Host, process and a random id' CODEC(ZSTD(1)),
  claimed_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When it was claimed, by the clock of the server: of two claims with one fence, the earlier counts' CODEC(ZSTD(1)),
  beat UInt64 COMMENT 'Rises while the holder lives' CODEC(ZSTD(1)),
  released Bool COMMENT 'Given back: anybody may take it at once' CODEC(ZSTD(1)),
  updated_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was written, UTC' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(beat)
ORDER BY (name, fence, holder)
COMMENT 'Which of several processes on one database evaluates the alert rules';
