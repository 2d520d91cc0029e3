-- Probes say what they are, how long each speaks for, and what it cost; they come through the spool.

ALTER TABLE probes ADD COLUMN IF NOT EXISTS probe LowCardinality(String) COMMENT 'Name of the probe' CODEC(ZSTD(1)) AFTER endpoint;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS type LowCardinality(String) COMMENT 'http, or completion: a small model call' CODEC(ZSTD(1)) AFTER probe;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS interval_ms Float64 COMMENT 'Time until the next one is due in ms: for so long this one says how the endpoint is' CODEC(ZSTD(1)) AFTER http_status;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS connect_ms Nullable(Float64) COMMENT 'Time to a connection in ms, TLS included' CODEC(ZSTD(1)) AFTER interval_ms;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS ttfb_ms Nullable(Float64) COMMENT 'Time to the first byte of the answer in ms' CODEC(ZSTD(1)) AFTER connect_ms;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS input_tokens Nullable(UInt32) COMMENT 'Input tokens' CODEC(ZSTD(1)) AFTER ttft_ms;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS output_tokens Nullable(UInt32) COMMENT 'Output tokens' CODEC(ZSTD(1)) AFTER input_tokens;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS tokens_per_second Nullable(Float64) COMMENT 'Output tokens per second after the first' CODEC(ZSTD(1)) AFTER output_tokens;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS cost_usd Nullable(Decimal(18, 12)) COMMENT 'What it cost in US dollars; null when unknown' CODEC(ZSTD(1)) AFTER tokens_per_second;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS certificate_days Nullable(Float64) COMMENT 'Days until the certificate of the server ends; negative when it has' CODEC(ZSTD(1)) AFTER cost_usd;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS cold_start LowCardinality(String) COMMENT 'reported: the server loaded its model first; suspected: the first token came far later than usual; else empty' CODEC(ZSTD(1)) AFTER certificate_days;
ALTER TABLE probes ADD COLUMN IF NOT EXISTS objective_ratio Float64 COMMENT 'Share of the time that the endpoint is meant to be up, 0 to 1' CODEC(ZSTD(1)) AFTER cold_start;
ALTER TABLE probes MODIFY SETTING non_replicated_deduplication_window = 10000;
