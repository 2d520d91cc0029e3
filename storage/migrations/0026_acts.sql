-- What people do through a process that does not evaluate is stored, and taken over by the one that does; maintenance windows have names.

ALTER TABLE alert_actions ADD COLUMN IF NOT EXISTS id String COMMENT 'Of what was done about an alert group, so that it counts once; empty for a silence' CODEC(ZSTD(1)) AFTER matchers;
ALTER TABLE alert_actions ADD COLUMN IF NOT EXISTS opened_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the alert group came up that it was done about, UTC; null for a silence' CODEC(ZSTD(1)) AFTER id;

ALTER TABLE silences ADD COLUMN IF NOT EXISTS name String COMMENT 'Name of a maintenance window; empty for a silence' CODEC(ZSTD(1)) AFTER id;

ALTER TABLE notifications COMMENT COLUMN IF EXISTS status 'firing or resolved; change for a change event, which tells of a deploy';
ALTER TABLE notifications COMMENT COLUMN IF EXISTS reason 'first, new_alerts, resolved, repeat, test or change';
