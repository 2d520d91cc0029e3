-- Where scrape targets come from, and how the search for them goes.

ALTER TABLE targets ADD COLUMN IF NOT EXISTS source LowCardinality(String) COMMENT 'Where the target comes from: static, or the name of the provider that discovered it; empty in older rows' CODEC(ZSTD(1)) AFTER endpoint;
ALTER TABLE targets ADD COLUMN IF NOT EXISTS labels Map(LowCardinality(String), String) COMMENT 'Labels put on its samples' CODEC(ZSTD(1)) AFTER source;

CREATE TABLE IF NOT EXISTS discovery
(
  timestamp DateTime64(3, 'UTC') COMMENT 'When this was so, UTC' CODEC(Delta, ZSTD(1)),
  provider String COMMENT 'Name of the provider in the configuration, or its type and number' CODEC(ZSTD(1)),
  type LowCardinality(String) COMMENT 'file, dns, http or kubernetes' CODEC(ZSTD(1)),
  refreshed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it last answered, UTC; null when it never did' CODEC(ZSTD(1)),
  found UInt32 COMMENT 'Addresses found, before relabelling' CODEC(ZSTD(1)),
  targets UInt32 COMMENT 'Of them, those that became targets' CODEC(ZSTD(1)),
  dropped UInt32 COMMENT 'Of them, those that relabelling dropped' CODEC(ZSTD(1)),
  refused UInt32 COMMENT 'Of them, those beyond the limit of targets' CODEC(ZSTD(1)),
  error String COMMENT 'What is wrong and what to do; empty when nothing is' CODEC(ZSTD(1)),
  dropped_targets String COMMENT 'Some of the dropped ones with the labels that the rules saw and the reason, as JSON' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY provider
COMMENT 'How each provider of scrape targets is; only its newest state is kept';
