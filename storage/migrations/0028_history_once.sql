-- What a crash cut off is evaluated again and written again: one change of state is one row, however often it was written. The engine of
-- a table cannot be changed: a new table takes over the rows, then the name. Each step may run again after a crash.

UNLESS (SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('alert_events', 'alert_events_local') AND engine LIKE '%ReplacingMergeTree')
CREATE TABLE IF NOT EXISTS alert_events_next AS alert_events
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, rule, group, fingerprint, state)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every change of state of an alert';

UNLESS (SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('alert_events', 'alert_events_local') AND engine LIKE '%ReplacingMergeTree')
INSERT INTO alert_events_next SELECT * FROM alert_events;

UNLESS (SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('alert_events', 'alert_events_local') AND engine LIKE '%ReplacingMergeTree')
EXCHANGE TABLES alert_events AND alert_events_next;

DROP TABLE IF EXISTS alert_events_next;
