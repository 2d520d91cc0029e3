-- Queries of the SQL page that everybody on the instance sees.

CREATE TABLE IF NOT EXISTS saved_queries
(
  id String COMMENT 'Id of the saved query' CODEC(ZSTD(1)),
  name String COMMENT 'What it is called; no two of the same' CODEC(ZSTD(1)),
  sql String COMMENT 'The query' CODEC(ZSTD(1)),
  params String COMMENT 'Values of its parameters as JSON: texts by name' CODEC(ZSTD(1)),
  chart LowCardinality(String) COMMENT 'How its result is shown: table or chart' CODEC(ZSTD(1)),
  saved_by String COMMENT 'Who saved it, as they said' CODEC(ZSTD(1)),
  saved_at DateTime64(3, 'UTC') COMMENT 'When it was last saved, UTC' CODEC(ZSTD(1)),
  deleted Bool COMMENT 'Taken back' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'Queries that people saved for everybody on the SQL page';
