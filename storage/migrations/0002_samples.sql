-- What is scraped: GPUs, inference servers, and every series that is neither.

CREATE TABLE IF NOT EXISTS gpu_samples
(
  timestamp DateTime64(3, 'UTC') COMMENT 'Time of the scrape, UTC' CODEC(Delta, ZSTD(1)),
  target LowCardinality(String) COMMENT 'URL of the scraped target' CODEC(ZSTD(1)),
  host LowCardinality(String) COMMENT 'Host of the GPU' CODEC(ZSTD(1)),
  gpu LowCardinality(String) COMMENT 'Index of the GPU on its host' CODEC(ZSTD(1)),
  uuid LowCardinality(String) COMMENT 'UUID of the GPU, with the GPU- prefix' CODEC(ZSTD(1)),
  device LowCardinality(String) COMMENT 'Name of the GPU model: NVIDIA H200' CODEC(ZSTD(1)),
  pci_bus_id LowCardinality(String) COMMENT 'PCI bus id' CODEC(ZSTD(1)),
  mig_profile LowCardinality(String) COMMENT 'MIG profile: 1g.10gb; empty for a whole GPU' CODEC(ZSTD(1)),
  mig_id LowCardinality(String) COMMENT 'MIG instance id; empty for a whole GPU' CODEC(ZSTD(1)),
  namespace LowCardinality(String) COMMENT 'Kubernetes namespace that uses the GPU' CODEC(ZSTD(1)),
  pod LowCardinality(String) COMMENT 'Kubernetes pod that uses the GPU' CODEC(ZSTD(1)),
  container LowCardinality(String) COMMENT 'Kubernetes container that uses the GPU' CODEC(ZSTD(1)),
  driver_version LowCardinality(String) COMMENT 'Version of the driver' CODEC(ZSTD(1)),
  utilization_ratio Nullable(Float64) COMMENT 'Share of time with any kernel running, 0 to 1' CODEC(ZSTD(1)),
  gr_engine_active_ratio Nullable(Float64) COMMENT 'Share of time the graphics or compute engine was active, 0 to 1' CODEC(ZSTD(1)),
  sm_active_ratio Nullable(Float64) COMMENT 'Share of multiprocessors with work, 0 to 1' CODEC(ZSTD(1)),
  tensor_active_ratio Nullable(Float64) COMMENT 'Share of time the tensor cores were active, 0 to 1' CODEC(ZSTD(1)),
  dram_active_ratio Nullable(Float64) COMMENT 'Share of time memory moved data, 0 to 1' CODEC(ZSTD(1)),
  memory_used_bytes Nullable(UInt64) COMMENT 'GPU memory in use, bytes' CODEC(ZSTD(1)),
  memory_free_bytes Nullable(UInt64) COMMENT 'GPU memory free, bytes' CODEC(ZSTD(1)),
  memory_total_bytes Nullable(UInt64) COMMENT 'GPU memory in all, bytes' CODEC(ZSTD(1)),
  memory_reserved_bytes Nullable(UInt64) COMMENT 'GPU memory reserved by the driver, bytes' CODEC(ZSTD(1)),
  power_watts Nullable(Float64) COMMENT 'Power drawn, watts' CODEC(ZSTD(1)),
  power_limit_watts Nullable(Float64) COMMENT 'Power limit, watts' CODEC(ZSTD(1)),
  energy_joules Nullable(Float64) COMMENT 'Energy since the driver was loaded, joules' CODEC(ZSTD(1)),
  energy_delta_joules Nullable(Float64) COMMENT 'Energy since the sample before, joules; reset-safe' CODEC(ZSTD(1)),
  temperature_celsius Nullable(Float64) COMMENT 'Temperature of the chip, degrees Celsius' CODEC(ZSTD(1)),
  memory_temperature_celsius Nullable(Float64) COMMENT 'Temperature of the memory, degrees Celsius' CODEC(ZSTD(1)),
  sm_clock_hz Nullable(Float64) COMMENT 'Clock of the multiprocessors, hertz' CODEC(ZSTD(1)),
  memory_clock_hz Nullable(Float64) COMMENT 'Clock of the memory, hertz' CODEC(ZSTD(1)),
  throttle_reasons Array(LowCardinality(String)) COMMENT 'Why clocks are held down: sw_power_cap, hw_thermal_slowdown, ...' CODEC(ZSTD(1)),
  pcie_tx_bytes_per_second Nullable(Float64) COMMENT 'PCIe traffic sent, bytes per second' CODEC(ZSTD(1)),
  pcie_rx_bytes_per_second Nullable(Float64) COMMENT 'PCIe traffic received, bytes per second' CODEC(ZSTD(1)),
  nvlink_bytes_per_second Nullable(Float64) COMMENT 'NVLink traffic, bytes per second' CODEC(ZSTD(1)),
  xid Nullable(UInt32) COMMENT 'Code of the last XID error' CODEC(ZSTD(1)),
  ecc_corrected Nullable(UInt64) COMMENT 'Corrected memory errors' CODEC(ZSTD(1)),
  ecc_uncorrected Nullable(UInt64) COMMENT 'Uncorrected memory errors' CODEC(ZSTD(1)),
  remapped_rows Nullable(UInt64) COMMENT 'Memory rows remapped' CODEC(ZSTD(1)),
  interval_ms Nullable(Float64) COMMENT 'Time since the sample before of the same GPU in ms; null on the first' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1)),
  INDEX inserted_at_minmax inserted_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, host, gpu, mig_id)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'One GPU or MIG instance at one scrape; null means not exported';

CREATE TABLE IF NOT EXISTS server_samples
(
  timestamp DateTime64(3, 'UTC') COMMENT 'Time of the scrape, UTC' CODEC(Delta, ZSTD(1)),
  interval_ms Nullable(Float64) COMMENT 'Time since the sample before in ms; null on the first' CODEC(ZSTD(1)),
  server LowCardinality(String) COMMENT 'Inference server: vllm, sglang, ...' CODEC(ZSTD(1)),
  instance LowCardinality(String) COMMENT 'host:port of the server' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that the target serves' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model, normalised' CODEC(ZSTD(1)),
  running Nullable(Float64) COMMENT 'Requests being processed' CODEC(ZSTD(1)),
  waiting Nullable(Float64) COMMENT 'Requests in the queue' CODEC(ZSTD(1)),
  kv_cache_ratio Nullable(Float64) COMMENT 'KV cache in use, 0 to 1' CODEC(ZSTD(1)),
  input_tokens Nullable(UInt64) COMMENT 'Input tokens processed since the sample before' CODEC(ZSTD(1)),
  output_tokens Nullable(UInt64) COMMENT 'Output tokens generated since the sample before' CODEC(ZSTD(1)),
  requests_ok Nullable(UInt64) COMMENT 'Requests finished well since the sample before' CODEC(ZSTD(1)),
  requests_failed Nullable(UInt64) COMMENT 'Requests failed since the sample before' CODEC(ZSTD(1)),
  preemptions Nullable(UInt64) COMMENT 'Preemptions since the sample before' CODEC(ZSTD(1)),
  prefix_hits Nullable(UInt64) COMMENT 'Tokens found in the prefix cache since the sample before' CODEC(ZSTD(1)),
  prefix_queries Nullable(UInt64) COMMENT 'Tokens looked up in the prefix cache since the sample before' CODEC(ZSTD(1)),
  finished Map(LowCardinality(String), UInt64) COMMENT 'Requests by finish reason since the sample before' CODEC(ZSTD(1)),
  ttft_ms_bounds Array(Float64) COMMENT 'Time to first token: upper bounds of the buckets in ms; a last bucket without bound follows' CODEC(ZSTD(1)),
  ttft_ms_counts Array(UInt64) COMMENT 'Time to first token: observations per bucket since the sample before, not cumulative' CODEC(ZSTD(1)),
  ttft_ms_sum Nullable(Float64) COMMENT 'Time to first token: sum of the observations in ms' CODEC(ZSTD(1)),
  itl_ms_bounds Array(Float64) COMMENT 'Inter-token latency, one observation a token: upper bounds of the buckets in ms; a last bucket without bound follows' CODEC(ZSTD(1)),
  itl_ms_counts Array(UInt64) COMMENT 'Inter-token latency, one observation a token: observations per bucket since the sample before, not cumulative' CODEC(ZSTD(1)),
  itl_ms_sum Nullable(Float64) COMMENT 'Inter-token latency, one observation a token: sum of the observations in ms' CODEC(ZSTD(1)),
  tpot_ms_bounds Array(Float64) COMMENT 'Time per output token, one observation a request: upper bounds of the buckets in ms; a last bucket without bound follows' CODEC(ZSTD(1)),
  tpot_ms_counts Array(UInt64) COMMENT 'Time per output token, one observation a request: observations per bucket since the sample before, not cumulative' CODEC(ZSTD(1)),
  tpot_ms_sum Nullable(Float64) COMMENT 'Time per output token, one observation a request: sum of the observations in ms' CODEC(ZSTD(1)),
  e2e_ms_bounds Array(Float64) COMMENT 'Whole request: upper bounds of the buckets in ms; a last bucket without bound follows' CODEC(ZSTD(1)),
  e2e_ms_counts Array(UInt64) COMMENT 'Whole request: observations per bucket since the sample before, not cumulative' CODEC(ZSTD(1)),
  e2e_ms_sum Nullable(Float64) COMMENT 'Whole request: sum of the observations in ms' CODEC(ZSTD(1)),
  queue_ms_bounds Array(Float64) COMMENT 'Time in the queue: upper bounds of the buckets in ms; a last bucket without bound follows' CODEC(ZSTD(1)),
  queue_ms_counts Array(UInt64) COMMENT 'Time in the queue: observations per bucket since the sample before, not cumulative' CODEC(ZSTD(1)),
  queue_ms_sum Nullable(Float64) COMMENT 'Time in the queue: sum of the observations in ms' CODEC(ZSTD(1)),
  prefill_ms_bounds Array(Float64) COMMENT 'Prefill time: upper bounds of the buckets in ms; a last bucket without bound follows' CODEC(ZSTD(1)),
  prefill_ms_counts Array(UInt64) COMMENT 'Prefill time: observations per bucket since the sample before, not cumulative' CODEC(ZSTD(1)),
  prefill_ms_sum Nullable(Float64) COMMENT 'Prefill time: sum of the observations in ms' CODEC(ZSTD(1)),
  decode_ms_bounds Array(Float64) COMMENT 'Decode time: upper bounds of the buckets in ms; a last bucket without bound follows' CODEC(ZSTD(1)),
  decode_ms_counts Array(UInt64) COMMENT 'Decode time: observations per bucket since the sample before, not cumulative' CODEC(ZSTD(1)),
  decode_ms_sum Nullable(Float64) COMMENT 'Decode time: sum of the observations in ms' CODEC(ZSTD(1)),
  restarted Bool COMMENT 'A counter went backwards since the sample before: the server restarted' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1)),
  INDEX inserted_at_minmax inserted_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, server, instance, model)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'One model on one inference server at one scrape; counters and histograms are increases since the sample before';

CREATE TABLE IF NOT EXISTS metric_samples
(
  timestamp DateTime64(3, 'UTC') COMMENT 'Time of the scrape, UTC' CODEC(Delta, ZSTD(1)),
  target LowCardinality(String) COMMENT 'URL of the scraped target' CODEC(ZSTD(1)),
  name LowCardinality(String) COMMENT 'Name of the series' CODEC(ZSTD(1)),
  labels Map(LowCardinality(String), String) COMMENT 'Labels of the series' CODEC(ZSTD(1)),
  value Float64 COMMENT 'Value as scraped' CODEC(Gorilla, ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (name, target, timestamp)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'Every scraped series that has no column elsewhere';

CREATE TABLE IF NOT EXISTS ingest_issues
(
  timestamp DateTime64(3, 'UTC') COMMENT 'When it was noticed, UTC' CODEC(Delta, ZSTD(1)),
  source LowCardinality(String) COMMENT 'Where it came in: otlp_http, scrape, import, ...' CODEC(ZSTD(1)),
  reason LowCardinality(String) COMMENT 'Stable word for what was wrong: zero_trace_id, end_before_start, ...' CODEC(ZSTD(1)),
  items UInt64 COMMENT 'Spans, series or lines concerned since the row before' CODEC(ZSTD(1)),
  example String COMMENT 'One example, shortened, without content or secrets' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (timestamp, source, reason)
SETTINGS non_replicated_deduplication_window = 10000, min_bytes_for_wide_part = 268435456
COMMENT 'What was refused, dropped or cut on its way in';

CREATE TABLE IF NOT EXISTS targets
(
  timestamp DateTime64(3, 'UTC') COMMENT 'Time of the scrape, UTC' CODEC(Delta, ZSTD(1)),
  url LowCardinality(String) COMMENT 'URL of the target' CODEC(ZSTD(1)),
  kind LowCardinality(String) COMMENT 'What was recognised: vllm, dcgm, ...; empty when nothing' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that the target serves' CODEC(ZSTD(1)),
  state LowCardinality(String) COMMENT 'up, down or unknown' CODEC(ZSTD(1)),
  duration_ms Nullable(Float64) COMMENT 'Duration of the scrape in ms' CODEC(ZSTD(1)),
  series Nullable(UInt32) COMMENT 'Series on the page' CODEC(ZSTD(1)),
  samples Nullable(UInt32) COMMENT 'Samples stored from the page' CODEC(ZSTD(1)),
  error String COMMENT 'What is wrong and what to do; empty when up' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(timestamp)
ORDER BY (url, timestamp)
COMMENT 'Health of scrape targets; the newest row of a url counts';

CREATE TABLE IF NOT EXISTS topology
(
  timestamp DateTime64(3, 'UTC') COMMENT 'When it was seen, UTC' CODEC(Delta, ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'Endpoint that users call' CODEC(ZSTD(1)),
  server LowCardinality(String) COMMENT 'Inference server behind it' CODEC(ZSTD(1)),
  instance LowCardinality(String) COMMENT 'host:port of the server' CODEC(ZSTD(1)),
  model LowCardinality(String) COMMENT 'Model that it serves' CODEC(ZSTD(1)),
  host LowCardinality(String) COMMENT 'Host of its GPUs' CODEC(ZSTD(1)),
  gpu_uuids Array(LowCardinality(String)) COMMENT 'GPUs that it runs on' CODEC(ZSTD(1)),
  gpu_hour_usd Nullable(Float64) COMMENT 'Price of one GPU hour in US dollars' CODEC(ZSTD(1)),
  version UInt64 COMMENT 'The highest version of one (endpoint, instance, model) counts' CODEC(ZSTD(1)),
  inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When the row was stored; retention and rollups go by it' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (endpoint, instance, model)
COMMENT 'Which endpoint runs on which servers and GPUs';
