-- Queues of batch jobs, as their exporters see them.

CREATE TABLE IF NOT EXISTS queue_samples
(
  timestamp DateTime64(3, 'UTC') COMMENT 'Time of the scrape, UTC' CODEC(Delta, ZSTD(1)),
  interval_ms Nullable(Float64) COMMENT 'Time since the sample before in ms; null on the first' CODEC(ZSTD(1)),
  target LowCardinality(String) COMMENT 'URL of the scraped target' CODEC(ZSTD(1)),
  system LowCardinality(String) COMMENT 'Queueing system: rabbitmq, bullmq, sqs, ...' CODEC(ZSTD(1)),
  queue LowCardinality(String) COMMENT 'Name of the queue' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint whose calls its jobs make' CODEC(ZSTD(1)),
  waiting Nullable(Float64) COMMENT 'Jobs that nobody works on yet' CODEC(ZSTD(1)),
  running Nullable(Float64) COMMENT 'Jobs being worked on' CODEC(ZSTD(1)),
  oldest_age_ms Nullable(Float64) COMMENT 'How long the oldest job has been waiting in ms' CODEC(ZSTD(1)),
  consumers Nullable(Float64) COMMENT 'Consumers of the queue' CODEC(ZSTD(1)),
  arrived Nullable(UInt64) COMMENT 'Jobs that arrived since the sample before' CODEC(ZSTD(1)),
  done Nullable(UInt64) COMMENT 'Jobs done since the sample before' CODEC(ZSTD(1)),
  failed Nullable(UInt64) COMMENT 'Jobs failed since the sample before' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, system, queue)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'One queue of jobs at one scrape; counters are increases since the sample before';
