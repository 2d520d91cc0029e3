-- What runs where, and when: a row holds from valid_from until valid_to. Nothing wrote the table before, so it is made anew.

UNLESS (SELECT count() > 0 FROM system.columns WHERE database = currentDatabase() AND table IN ('topology', 'topology_local') AND name = 'valid_from')
DROP TABLE IF EXISTS topology;

CREATE TABLE IF NOT EXISTS topology
(
  valid_from DateTime64(3, 'UTC') COMMENT 'Since when it is so, UTC' CODEC(Delta, ZSTD(1)),
  valid_to Nullable(DateTime64(3, 'UTC')) COMMENT 'Until when it was so, not included, UTC; null while it still is' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that users call; empty when nothing says which' CODEC(ZSTD(1)),
  server LowCardinality(String) COMMENT 'Inference server behind it: vllm, sglang, ...; empty when none is scraped' CODEC(ZSTD(1)),
  instance LowCardinality(String) COMMENT 'host:port of the server; empty when GPUs are known for the endpoint only' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model that it serves' CODEC(ZSTD(1)),
  host LowCardinality(String) COMMENT 'Host of its GPUs; empty when they are unknown' CODEC(ZSTD(1)),
  gpu_uuids Array(LowCardinality(String)) COMMENT 'GPUs that it runs on' CODEC(ZSTD(1)),
  mig_ids Array(LowCardinality(String)) COMMENT 'MIG instance of each of gpu_uuids; empty for a whole GPU' CODEC(ZSTD(1)),
  gpu_hour_usd Nullable(Float64) COMMENT 'Price of one hour of one GPU in US dollars, as configured' CODEC(ZSTD(1)),
  endpoint_source LowCardinality(String) COMMENT 'How its endpoint is known: config, kubernetes, host or model' CODEC(ZSTD(1)),
  gpu_source LowCardinality(String) COMMENT 'How its GPUs are known: config, pod or host' CODEC(ZSTD(1)),
  ambiguous Bool COMMENT 'One of several that it could be: shown, and never counted' CODEC(ZSTD(1)),
  why String COMMENT 'The evidence in words' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one (endpoint, instance, model, host, valid_from) counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (endpoint, instance, model, host, valid_from)
COMMENT 'Which endpoint ran on which servers and GPUs, and when';
