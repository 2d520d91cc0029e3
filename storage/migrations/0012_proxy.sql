-- What only somebody on the way of the bytes sees: the first byte, the last token, and every gap between tokens.

ALTER TABLE requests ADD COLUMN IF NOT EXISTS ttfb_ms Nullable(Float64) COMMENT 'Time to the first byte of the answer in ms; null unless measured on its way' CODEC(ZSTD(1)) AFTER duration_ms;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS last_token_ms Nullable(Float64) COMMENT 'Time to the last token of a streamed answer in ms; null unless measured on its way' CODEC(ZSTD(1)) AFTER tpot_ms;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS itl_ms_counts Array(UInt32) COMMENT 'Inter-token latency: gaps between the tokens of a stream per bucket; the upper bound of bucket i (from 1) is 0.1 * exp2((i - 1) / 4) ms, bucket 81 has none; trailing zeros are left out, empty unless measured' CODEC(ZSTD(1)) AFTER last_token_ms;
ALTER TABLE requests ADD COLUMN IF NOT EXISTS tool_call_count Nullable(UInt16) COMMENT 'Tools that the answer calls; null when unknown' CODEC(ZSTD(1)) AFTER finish_reason;

ALTER TABLE request_parts ADD COLUMN IF NOT EXISTS ttfb_ms Nullable(Float64) COMMENT 'Time to the first byte of the answer in ms; null unless measured on its way' CODEC(ZSTD(1)) AFTER duration_ms;
ALTER TABLE request_parts ADD COLUMN IF NOT EXISTS last_token_ms Nullable(Float64) COMMENT 'Time to the last token of a streamed answer in ms; null unless measured on its way' CODEC(ZSTD(1)) AFTER tpot_ms;
ALTER TABLE request_parts ADD COLUMN IF NOT EXISTS itl_ms_counts Array(UInt32) COMMENT 'Inter-token latency, as in requests' CODEC(ZSTD(1)) AFTER last_token_ms;
ALTER TABLE request_parts ADD COLUMN IF NOT EXISTS tool_call_count Nullable(UInt16) COMMENT 'Tools that the answer calls; null when unknown' CODEC(ZSTD(1)) AFTER finish_reason;
