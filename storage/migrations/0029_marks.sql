-- When each version of a model, a service and a prompt was first called: what changed, without a look at all that was ever stored.

CREATE TABLE IF NOT EXISTS versions_seen
(
  kind LowCardinality(String) COMMENT 'Of what it is a version: model, service or prompt' CODEC(ZSTD(1)),
  environment LowCardinality(String) COMMENT 'As in requests' CODEC(ZSTD(1)),
  endpoint LowCardinality(String) COMMENT 'As in requests, of models; empty for services and prompts, which call several' CODEC(ZSTD(1)),
  name String COMMENT 'Of the model, the service or the prompt' CODEC(ZSTD(1)),
  version String COMMENT 'Version, as requests name it: model_version, service.version or prompt_version' CODEC(ZSTD(1)),
  first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')) COMMENT 'First request with it, UTC' CODEC(ZSTD(1)),
  inserted_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) DEFAULT now64(3, 'UTC') COMMENT 'When a request with it was last stored; retention goes by it' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (kind, environment, endpoint, name, version)
COMMENT 'When versions of models, services and prompts were first seen; requests that a former version stored are not in it';

CREATE MATERIALIZED VIEW IF NOT EXISTS versions_seen_filled TO versions_seen
(
  kind LowCardinality(String) COMMENT 'Of what it is a version',
  environment LowCardinality(String) COMMENT 'As in requests',
  endpoint LowCardinality(String) COMMENT 'As in requests, of models',
  name String COMMENT 'Of the model, the service or the prompt',
  version String COMMENT 'Version',
  first_seen DateTime64(3, 'UTC') COMMENT 'First request with it, UTC'
)
AS SELECT seen.1 AS kind, r.environment AS environment, seen.2 AS endpoint, seen.3 AS name, seen.4 AS version,
  min(toDateTime64(r.timestamp, 3, 'UTC')) AS first_seen FROM requests AS r
ARRAY JOIN [
  ('model', toString(r.endpoint), toString(r.model), toString(r.model_version)),
  ('service', '', toString(r.service), r.attributes['service.version']),
  ('prompt', '', toString(r.prompt_name), toString(r.prompt_version))
] AS seen
WHERE seen.4 != '' AND r.is_deleted = 0
GROUP BY kind, environment, endpoint, name, version
COMMENT 'Fills versions_seen as requests are stored';
