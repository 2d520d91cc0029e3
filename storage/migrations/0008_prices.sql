-- Every price that a cost was worked out with is kept under its id and version; costs that are worked out anew; hours that are paid for.

-- Nothing wrote to it so far: one id keeps many versions now.
UNLESS (SELECT count() FROM system.tables WHERE database = currentDatabase() AND name IN ('prices', 'prices_local') AND sorting_key = 'id, price_version')
DROP TABLE IF EXISTS prices;

CREATE TABLE IF NOT EXISTS prices
(
  id String COMMENT 'Id of the price, as in requests.price_id: override/name or provider/model of a list' CODEC(ZSTD(1)),
  price_version String COMMENT 'Version of the list or override, as in requests.price_version, with the multiplier of the service tier if there is one' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'override, genai-prices or litellm' CODEC(ZSTD(1)),
  provider String COMMENT 'Provider that it holds for; empty for all' CODEC(ZSTD(1)),
  model String COMMENT 'Model that it holds for; empty for all' CODEC(ZSTD(1)),
  valid_from Nullable(DateTime64(6, 'UTC')) COMMENT 'Holds from, UTC; null from ever' CODEC(ZSTD(1)),
  valid_to Nullable(DateTime64(6, 'UTC')) COMMENT 'Holds until, UTC, that moment not included; null for ever' CODEC(ZSTD(1)),
  price String COMMENT 'Rates in US dollars per million tokens, with steps, multiplier and fee, as JSON' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id and price_version counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id, price_version)
COMMENT 'Prices that costs were worked out with, as they were then';

CREATE TABLE IF NOT EXISTS repricings
(
  id String COMMENT 'Id of the run' CODEC(ZSTD(1)),
  since DateTime64(3, 'UTC') COMMENT 'Requests from then on, UTC' CODEC(ZSTD(1)),
  until DateTime64(3, 'UTC') COMMENT 'Requests before then, UTC' CODEC(ZSTD(1)),
  model String COMMENT 'Only requests of this model; empty for all' CODEC(ZSTD(1)),
  provider String COMMENT 'Only requests of this provider; empty for all' CODEC(ZSTD(1)),
  rows UInt64 COMMENT 'Requests that were looked at' CODEC(ZSTD(1)),
  changed UInt64 COMMENT 'Requests of which cost, price, its version or the context window changed' CODEC(ZSTD(1)),
  cost_before Decimal(38, 12) COMMENT 'Sum of their known costs before, in US dollars' CODEC(ZSTD(1)),
  cost_after Decimal(38, 12) COMMENT 'Sum of their known costs after, in US dollars' CODEC(ZSTD(1)),
  price_version String COMMENT 'Lists and their versions that prices came from' CODEC(ZSTD(1)),
  started_at DateTime64(3, 'UTC') COMMENT 'When the run began, UTC' CODEC(ZSTD(1)),
  finished_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended, UTC; null while it runs, and when it was cut off' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one id counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (id)
COMMENT 'Runs that worked out costs of stored requests anew';

CREATE TABLE IF NOT EXISTS repriced_costs
(
  run String COMMENT 'Run and page of it that the rows belong to' CODEC(ZSTD(1)),
  timestamp DateTime64(6, 'UTC') COMMENT 'Of the request' CODEC(ZSTD(1)),
  trace_id String COMMENT 'Of the request' CODEC(ZSTD(1)),
  span_id String COMMENT 'Of the request' CODEC(ZSTD(1)),
  read_version UInt64 COMMENT 'Version of the row that was read: a row that changed since stays as it is' CODEC(ZSTD(1)),
  cost_usd Nullable(Decimal(18, 12)) COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  input_cost_usd Nullable(Decimal(18, 12)) COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  output_cost_usd Nullable(Decimal(18, 12)) COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  cache_savings_usd Nullable(Decimal(18, 12)) COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  cost_source LowCardinality(String) COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  price_id String COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  price_version String COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  context_window Nullable(UInt32) COMMENT 'New value of this column of requests' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; what a run that was cut off left goes after a day' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY run
ORDER BY (timestamp, trace_id, span_id)
TTL toDateTime(inserted_at) + toIntervalDay(1)
COMMENT 'New costs on their way into requests; empty unless a run is going on';

CREATE TABLE IF NOT EXISTS provisioned_costs
(
  hour DateTime('UTC') COMMENT 'Start of the hour that was paid for, UTC' CODEC(Delta, ZSTD(1)),
  price_id String COMMENT 'Price: override/name' CODEC(ZSTD(1)),
  price_version String COMMENT 'Version of the price' CODEC(ZSTD(1)),
  provider String COMMENT 'Provider that the override names; empty for all' CODEC(ZSTD(1)),
  model String COMMENT 'Model that it names; empty for all' CODEC(ZSTD(1)),
  endpoint String COMMENT 'Endpoint that it names; empty for all' CODEC(ZSTD(1)),
  hour_usd Decimal(18, 12) COMMENT 'US dollars per hour of one unit' CODEC(ZSTD(1)),
  units Float64 COMMENT 'Units that were provisioned' CODEC(ZSTD(1)),
  cost_usd Decimal(18, 12) COMMENT 'What the hour cost in US dollars, used or not: hour_usd x units, for the part of the hour in which the price held' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one hour and price counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (hour, price_id)
COMMENT 'Provisioned throughput by the hour: what it costs, whoever uses it';

ALTER TABLE requests COMMENT COLUMN IF EXISTS cost_source 'Where the cost comes from: reported, catalogue, provisioned (a share of throughput paid by the hour), gpu or unknown';
ALTER TABLE request_parts COMMENT COLUMN IF EXISTS cost_source 'Where the cost comes from: reported, catalogue, provisioned (a share of throughput paid by the hour), gpu or unknown';
