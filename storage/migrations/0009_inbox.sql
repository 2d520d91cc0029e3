-- Issues say what they are about and where to see one.

ALTER TABLE ingest_issues ADD COLUMN IF NOT EXISTS subject LowCardinality(String) COMMENT 'What it is about: a client as scope@version, provider / model, a service; empty when the reason says it all' CODEC(ZSTD(1)) AFTER reason;
ALTER TABLE ingest_issues ADD COLUMN IF NOT EXISTS severity LowCardinality(String) DEFAULT 'problem' COMMENT 'problem: data is missing or wrong until somebody acts; hint: it could say more' CODEC(ZSTD(1)) AFTER subject;
ALTER TABLE ingest_issues ADD COLUMN IF NOT EXISTS example_trace_id String COMMENT 'Trace of the example, where it is a span' CODEC(ZSTD(1)) AFTER example;
ALTER TABLE ingest_issues ADD COLUMN IF NOT EXISTS example_span_id String COMMENT 'Span of the example, where it is one' CODEC(ZSTD(1)) AFTER example_trace_id;
