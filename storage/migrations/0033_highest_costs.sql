-- The dearest request of each hour, as the slowest is known already: a list of the most expensive ones is found by them. Hours that are
-- there stay as they are, since their raw rows may be gone: of ranges with such hours the list is found as before.

ALTER TABLE requests_1h
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;

ALTER TABLE requests_1d
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;

ALTER TABLE models_1h
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;

ALTER TABLE models_6h
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;

ALTER TABLE models_1d
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;

ALTER TABLE models_1w
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;

ALTER TABLE totals_1h
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;

ALTER TABLE totals_1d
  ADD COLUMN IF NOT EXISTS cost_usd_max Nullable(Float64)
  COMMENT 'Highest known cost of one request in US dollars; null also where it was not kept yet' CODEC(ZSTD(1)) AFTER ttft_ms_max;
