-- The highest of each measure in every granule: a list of the slowest or dearest requests leaves out those that hold none of them. What
-- is unknown stands in the table as null, which an index over the column itself takes for the highest of all.

ALTER TABLE requests
  ADD INDEX IF NOT EXISTS duration_ms_highest ifNull(duration_ms, 0) TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS ttft_ms_highest ifNull(ttft_ms, 0) TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS tpot_ms_highest ifNull(tpot_ms, 0) TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS input_tokens_highest ifNull(input_tokens, 0) TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS output_tokens_highest ifNull(output_tokens, 0) TYPE minmax GRANULARITY 1,
  ADD INDEX IF NOT EXISTS cost_usd_highest ifNull(cost_usd, 0) TYPE minmax GRANULARITY 1;

-- Of rows that are there, in the background.
ALTER TABLE requests
  MATERIALIZE INDEX duration_ms_highest,
  MATERIALIZE INDEX ttft_ms_highest,
  MATERIALIZE INDEX tpot_ms_highest,
  MATERIALIZE INDEX input_tokens_highest,
  MATERIALIZE INDEX output_tokens_highest,
  MATERIALIZE INDEX cost_usd_highest;
