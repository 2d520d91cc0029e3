-- One row per call, whoever reports it: rows can be taken back (is_deleted), and what each span said is kept beside the merged row.

ALTER TABLE requests ADD COLUMN IF NOT EXISTS role LowCardinality(String) DEFAULT 'client' COMMENT 'Who reported the call: client, framework, gateway or engine' CODEC(ZSTD(1)) AFTER dialect;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS merged_span_ids Array(String) COMMENT 'Spans that report this call, its own among them; empty when there is but one' CODEC(ZSTD(1)) AFTER role;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS merged_dialects Array(LowCardinality(String)) COMMENT 'Dialects of merged_span_ids, in the same order' CODEC(ZSTD(1)) AFTER merged_span_ids;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS inherited_fields Array(LowCardinality(String)) COMMENT 'Fields that the spans around the call say, not the call itself' CODEC(ZSTD(1)) AFTER merged_dialects;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS input_token_basis LowCardinality(String) COMMENT 'How the client counted input: inclusive (cached tokens in it) or exclusive (added to it here); empty without cached tokens' CODEC(ZSTD(1)) AFTER context_window;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS usage_source LowCardinality(String) COMMENT 'Where token counts come from: reported or estimated; empty when there are none' CODEC(ZSTD(1)) AFTER input_token_basis;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS service_tier LowCardinality(String) COMMENT 'Tier that answered: batch, flex, priority, or the vendor\'s own word; empty for the usual one' CODEC(ZSTD(1)) AFTER usage_source;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS is_deleted UInt8 COMMENT '1: taken back, as a span that turned out to be part of another row; readers with final = 1 do not see it' CODEC(ZSTD(1)) AFTER version;
ALTER TABLE requests ADD INDEX IF NOT EXISTS request_id_bloom request_id TYPE bloom_filter(0.01) GRANULARITY 4;

-- The engine of a table cannot be changed: a new table takes over the parts, then the name. Each step may run again after a crash.
UNLESS (SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('requests', 'requests_local') AND engine_full LIKE '%version, is_deleted%')
CREATE TABLE IF NOT EXISTS requests_next AS requests
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, trace_id, span_id)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'One row per call of a model';

UNLESS (SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('requests', 'requests_local') AND engine_full LIKE '%version, is_deleted%')
ALTER TABLE requests_next ATTACH PARTITION ALL FROM requests;

UNLESS (SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('requests', 'requests_local') AND engine_full LIKE '%version, is_deleted%')
EXCHANGE TABLES requests AND requests_next;

DROP TABLE IF EXISTS requests_next;

CREATE TABLE IF NOT EXISTS request_parts AS requests
ENGINE = ReplacingMergeTree(version)
PARTITION BY toMonday(timestamp)
ORDER BY (trace_id, span_id)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'What each span said of calls that several spans report: merged, they are one row of requests';

CREATE TABLE IF NOT EXISTS unsettled_traces
(
  timestamp DateTime64(6, 'UTC') COMMENT 'Start of the span that may belong to an older call, UTC' CODEC(Delta, ZSTD(1)),
  end_timestamp DateTime64(6, 'UTC') COMMENT 'End of that span, UTC' CODEC(Delta, ZSTD(1)),
  trace_id String COMMENT 'Trace to look at again' CODEC(ZSTD(1)),
  request_id String COMMENT 'Id of the call at its provider: spans of other traces may carry it too' CODEC(ZSTD(1)),
  reason LowCardinality(String) COMMENT 'late, unfinished or forgotten' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (inserted_at)
TTL toDateTime(inserted_at) + toIntervalDay(2)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Traces whose spans came too far apart to be merged on arrival: a job looks at them again';
