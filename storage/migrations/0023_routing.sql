-- Silences come again by time interval; what people did about alerts is written down.

ALTER TABLE silences ADD COLUMN IF NOT EXISTS time_intervals String COMMENT 'When within its time it mutes, as JSON in the notation of time_intervals; empty for all the time' CODEC(ZSTD(1)) AFTER created_by;
ALTER TABLE silences ADD COLUMN IF NOT EXISTS updated_at DateTime64(3, 'UTC') COMMENT 'When it was last changed, UTC' CODEC(ZSTD(1)) AFTER time_intervals;

CREATE TABLE IF NOT EXISTS alert_actions
(
  timestamp DateTime64(3, 'UTC') COMMENT 'When it was done, UTC' CODEC(Delta, ZSTD(1)),
  action LowCardinality(String) COMMENT 'acknowledge, unacknowledge, comment, silence, edit_silence or expire_silence' CODEC(ZSTD(1)),
  who String COMMENT 'Who did it, as they said' CODEC(ZSTD(1)),
  comment String COMMENT 'What they said about it' CODEC(ZSTD(1)),
  receiver LowCardinality(String) COMMENT 'Receiver of the alert group; empty for a silence' CODEC(ZSTD(1)),
  group_key String COMMENT 'Route and group labels of the alert group; empty for a silence' CODEC(ZSTD(1)),
  silence_id String COMMENT 'Id of the silence; empty for an alert group' CODEC(ZSTD(1)),
  matchers String COMMENT 'What the silence matches: severity="page", team!="infra"' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, action)
COMMENT 'What people did about alerts: acknowledged, commented, silenced';
