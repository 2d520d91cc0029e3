-- Views of a page that everybody on the instance sees: what its address says of filters, columns and charts.

CREATE TABLE IF NOT EXISTS saved_views
(
  id String COMMENT 'Id of the saved view' CODEC(ZSTD(1)),
  page LowCardinality(String) COMMENT 'Path of the page: /requests' CODEC(ZSTD(1)),
  name String COMMENT 'What it is called; no two of the same on one page' CODEC(ZSTD(1)),
  search String COMMENT 'The query string of the address, without the question mark' CODEC(ZSTD(1)),
  saved_by String COMMENT 'Who saved it, as they said' CODEC(ZSTD(1)),
  saved_at DateTime64(3, 'UTC') COMMENT 'When it was last saved, UTC' CODEC(ZSTD(1)),
  deleted Bool COMMENT 'Taken back' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'Views of pages that people saved for everybody';
