-- Versions of inference servers and GPU drivers, which are known to nobody once they were upgraded.

CREATE TABLE IF NOT EXISTS server_versions
(
  timestamp DateTime64(3, 'UTC') COMMENT 'When the server told it, UTC: at the first scrape, after a change, and once a day' CODEC(Delta, ZSTD(1)),
  server LowCardinality(String) COMMENT 'Kind, as in server_samples; gpu-driver of GPU hosts' CODEC(ZSTD(1)),
  instance LowCardinality(String) COMMENT 'host:port, as in server_samples; of a driver the host, as in gpu_samples' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that it serves; empty when unknown, and of drivers' CODEC(ZSTD(1)),
  version String COMMENT 'Version, in its own words: 0.11.0, b4501-9ab42dc7' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention goes by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (server, instance, timestamp)
COMMENT 'Versions of inference servers and GPU drivers, as they told them themselves';
