-- State and history of alerts.

CREATE TABLE IF NOT EXISTS alert_events
(
  timestamp DateTime64(6, 'UTC') COMMENT 'When the state changed, UTC' CODEC(Delta, ZSTD(1)),
  fingerprint String COMMENT '16 hex digits: FNV-1a 64 over the sorted labels' CODEC(ZSTD(1)),
  rule LowCardinality(String) COMMENT 'Name of the rule' CODEC(ZSTD(1)),
  group LowCardinality(String) COMMENT 'Group of the rule' CODEC(ZSTD(1)),
  state LowCardinality(String) COMMENT 'inactive, pending or firing' CODEC(ZSTD(1)),
  previous_state LowCardinality(String) COMMENT 'State before' CODEC(ZSTD(1)),
  labels Map(LowCardinality(String), String) COMMENT 'Labels of the alert' CODEC(ZSTD(1)),
  annotations Map(LowCardinality(String), String) COMMENT 'Annotations, rendered' CODEC(ZSTD(1)),
  value Nullable(Float64) COMMENT 'Value that the rule saw' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, rule, fingerprint)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every change of state of an alert';

CREATE TABLE IF NOT EXISTS alert_state
(
  fingerprint String COMMENT '16 hex digits: FNV-1a 64 over the sorted labels' CODEC(ZSTD(1)),
  rule LowCardinality(String) COMMENT 'Name of the rule' CODEC(ZSTD(1)),
  group LowCardinality(String) COMMENT 'Group of the rule' CODEC(ZSTD(1)),
  labels Map(LowCardinality(String), String) COMMENT 'Labels of the alert' CODEC(ZSTD(1)),
  annotations Map(LowCardinality(String), String) COMMENT 'Annotations, rendered' CODEC(ZSTD(1)),
  state LowCardinality(String) COMMENT 'inactive, pending or firing' CODEC(ZSTD(1)),
  active_at DateTime64(3, 'UTC') COMMENT 'When its condition first held, UTC' CODEC(ZSTD(1)),
  firing_since Nullable(DateTime64(3, 'UTC')) COMMENT 'When it began to fire, UTC' CODEC(ZSTD(1)),
  keep_firing_since Nullable(DateTime64(3, 'UTC')) COMMENT 'When its condition stopped holding while keep_firing_for keeps it, UTC' CODEC(ZSTD(1)),
  resolved_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it stopped firing, UTC' CODEC(ZSTD(1)),
  value Nullable(Float64) COMMENT 'Value that the rule last saw' CODEC(ZSTD(1)),
  evaluated_at DateTime64(3, 'UTC') COMMENT 'The evaluation that the row tells of, UTC' CODEC(ZSTD(1)),
  updated_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was written, UTC' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one (group, rule, fingerprint) counts' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (group, rule, fingerprint)
COMMENT 'Where every alert stands now; survives restarts';

CREATE TABLE IF NOT EXISTS alert_groups
(
  group_key String COMMENT 'Route and group labels' CODEC(ZSTD(1)),
  receiver LowCardinality(String) COMMENT 'Receiver of the group' CODEC(ZSTD(1)),
  state String COMMENT 'Its alerts, what was sent and what waits to be sent, as JSON' CODEC(ZSTD(1)),
  closed Bool COMMENT 'Nothing is left to tell' CODEC(ZSTD(1)),
  updated_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was written, UTC' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one (group_key, receiver) counts' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (group_key, receiver)
COMMENT 'Notification log: what each receiver was told about each group';

CREATE TABLE IF NOT EXISTS notifications
(
  timestamp DateTime64(3, 'UTC') COMMENT 'When it was sent, UTC' CODEC(Delta, ZSTD(1)),
  id String COMMENT 'The same over every attempt at one notification' CODEC(ZSTD(1)),
  receiver LowCardinality(String) COMMENT 'Name of the receiver' CODEC(ZSTD(1)),
  channel LowCardinality(String) COMMENT 'Channel of the receiver: its type, numbered from the second of a type on' CODEC(ZSTD(1)),
  type LowCardinality(String) COMMENT 'Notifier: slack, pagerduty, webhook, ...' CODEC(ZSTD(1)),
  group_key String COMMENT 'Route and group labels' CODEC(ZSTD(1)),
  status LowCardinality(String) COMMENT 'firing or resolved' CODEC(ZSTD(1)),
  reason LowCardinality(String) COMMENT 'first, new_alerts, resolved, repeat or test' CODEC(ZSTD(1)),
  title String COMMENT 'Title as sent' CODEC(ZSTD(1)),
  alerts Array(String) COMMENT 'Fingerprints of its alerts' CODEC(ZSTD(1)),
  attempt UInt16 COMMENT '1 for the first try' CODEC(ZSTD(1)),
  ok Bool COMMENT 'Delivered' CODEC(ZSTD(1)),
  outcome LowCardinality(String) COMMENT 'sent, retry (tried again later), failed (not tried again) or expired (given up)' CODEC(ZSTD(1)),
  retry_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it is tried again, UTC' CODEC(ZSTD(1)),
  http_status Nullable(UInt16) COMMENT 'HTTP status of the answer' CODEC(ZSTD(1)),
  duration_ms Nullable(Float64) COMMENT 'Duration of the delivery in ms' CODEC(ZSTD(1)),
  error String COMMENT 'What went wrong; empty when delivered' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, receiver)
COMMENT 'Every attempt to deliver a notification';

CREATE TABLE IF NOT EXISTS silences
(
  id String COMMENT 'Id of the silence' CODEC(ZSTD(1)),
  matchers String COMMENT 'Matchers as JSON: name, value, is_regex, is_equal' CODEC(ZSTD(1)),
  starts_at DateTime64(3, 'UTC') COMMENT 'Mutes from, UTC' CODEC(ZSTD(1)),
  ends_at DateTime64(3, 'UTC') COMMENT 'Mutes until, UTC' CODEC(ZSTD(1)),
  comment String COMMENT 'Why' CODEC(ZSTD(1)),
  created_by String COMMENT 'Who made it' CODEC(ZSTD(1)),
  deleted Bool COMMENT 'Taken back' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'Silences: matching alerts notify nobody while one holds';
