/**
 * The tables that are filled as RowBinary: every field of a record, its column and how it is written.
 * A new field needs a line here, a migration that adds the column, and its comment there.
 */
import type { Evaluation } from '../records/evaluation.ts'
import type { GenAiHistogram } from '../records/genai-histogram.ts'
import type { GpuSample } from '../records/gpu-sample.ts'
import type { IngestIssue } from '../records/ingest-issue.ts'
import type { LlmRequest } from '../records/llm-request.ts'
import type { LogEvent } from '../records/log-event.ts'
import type { Probe } from '../records/probe.ts'
import type { QueueSample } from '../records/queue-sample.ts'
import type { MetricSample, ServerSample } from '../records/server-sample.ts'
import type { Span } from '../records/span.ts'
import type { UnsettledTrace } from '../records/unsettled-trace.ts'
import * as as from './column-kinds.ts'
import type { Column, Kind } from './column-kinds.ts'
import type { RowBinaryWriter } from './rowbinary.ts'

export interface TableRows {
  requests: LlmRequest
  request_parts: LlmRequest
  unsettled_traces: UnsettledTrace
  spans: Span
  gpu_samples: GpuSample
  server_samples: ServerSample
  metric_samples: MetricSample
  log_events: LogEvent
  genai_histograms: GenAiHistogram
  evaluations: Evaluation
  probes: Probe
  queue_samples: QueueSample
  ingest_issues: IngestIssue
}

/** Tables whose rows come as objects, a few at a time. */
const otherTables = [
  'annotations',
  'feedback',
  'alert_events',
  'alert_state',
  'alert_groups',
  'alert_progress',
  'alert_leases',
  'notifications',
  'silences',
  'alert_actions',
  'saved_queries',
  'saved_views',
  'prices',
  'repricings',
  'repriced_costs',
  'provisioned_costs',
  'targets',
  'server_versions',
  'discovery',
  'topology',
  'imports',
  'provider_usage',
  'health',
  'rollup_state',
] as const

export type TableName = keyof TableRows | (typeof otherTables)[number]

export interface Table<Row> {
  name: keyof TableRows
  /** In the order in which `encode` writes them: the column list of the INSERT. */
  columns: readonly Column[]
  /** Appends one row. Throws on a malformed record; the writer then holds nothing of it. */
  encode(writer: RowBinaryWriter, row: Row): void
}

type Kinds<Row> = { [Field in keyof Row]: Kind<Row[Field]> }

const requestKinds: Kinds<LlmRequest> = {
  timestamp: as.micros,
  duration_ms: as.maybeFloat,
  ttfb_ms: as.maybeFloat,
  ttft_ms: as.maybeFloat,
  tpot_ms: as.maybeFloat,
  last_token_ms: as.maybeFloat,
  itl_ms_counts: as.smallCounts,
  queue_ms: as.maybeFloat,
  prefill_ms: as.maybeFloat,
  decode_ms: as.maybeFloat,
  streamed: as.flag,
  trace_id: as.text,
  span_id: as.text,
  parent_span_id: as.text,
  request_id: as.text,
  service: as.label,
  environment: as.label,
  provider: as.label,
  endpoint: as.label,
  region: as.label,
  instance: as.label,
  model: as.label,
  requested_model: as.label,
  model_version: as.label,
  operation: as.label,
  user_id: as.text,
  team: as.label,
  feature: as.label,
  session_id: as.text,
  api_key: as.label,
  variant: as.label,
  prompt_name: as.label,
  prompt_version: as.label,
  input_tokens: as.maybeU32,
  cached_input_tokens: as.maybeU32,
  cache_write_tokens: as.maybeU32,
  output_tokens: as.maybeU32,
  reasoning_tokens: as.maybeU32,
  max_tokens: as.maybeU32,
  context_window: as.maybeU32,
  input_token_basis: as.label,
  usage_source: as.label,
  service_tier: as.label,
  status: as.label,
  error_type: as.label,
  http_status: as.maybeU16,
  finish_reason: as.label,
  tool_call_count: as.maybeU16,
  attempt: as.attempt,
  cache_hit: as.flag,
  cost_usd: as.maybeUsd,
  input_cost_usd: as.maybeUsd,
  output_cost_usd: as.maybeUsd,
  cost_source: as.label,
  cache_savings_usd: as.maybeUsd,
  reported_cost_usd: as.maybeUsd,
  price_id: as.label,
  price_version: as.label,
  input: as.text,
  output: as.text,
  dialect: as.label,
  role: as.label,
  merged_span_ids: as.texts,
  merged_dialects: as.labels,
  inherited_fields: as.labels,
  attributes: as.textMap,
  version: as.whole,
  is_deleted: as.engineFlag,
}

export const tables: { [T in keyof TableRows]: Table<TableRows[T]> } = {
  requests: table('requests', requestKinds),

  request_parts: table('request_parts', requestKinds),

  unsettled_traces: table('unsettled_traces', {
    timestamp: as.micros,
    end_timestamp: as.micros,
    trace_id: as.text,
    request_id: as.text,
    reason: as.label,
  }),

  spans: table('spans', {
    timestamp: as.micros,
    duration_ms: as.float,
    trace_id: as.text,
    span_id: as.text,
    parent_span_id: as.text,
    name: as.label,
    kind: as.label,
    service: as.label,
    environment: as.label,
    scope_name: as.label,
    scope_version: as.label,
    status: as.label,
    status_message: as.text,
    attributes: as.spanAttributes,
    resource_attributes: as.sharedAttributeMap,
    events: as.spanEvents,
    links: as.spanLinks,
    version: as.whole,
  }),

  gpu_samples: table('gpu_samples', {
    timestamp: as.millis,
    target: as.label,
    host: as.label,
    gpu: as.label,
    uuid: as.label,
    device: as.label,
    pci_bus_id: as.label,
    mig_profile: as.label,
    mig_id: as.label,
    namespace: as.label,
    pod: as.label,
    container: as.label,
    vgpu: as.label,
    driver_version: as.label,
    utilization_ratio: as.maybeFloat,
    gr_engine_active_ratio: as.maybeFloat,
    sm_active_ratio: as.maybeFloat,
    sm_occupancy_ratio: as.maybeFloat,
    tensor_active_ratio: as.maybeFloat,
    dram_active_ratio: as.maybeFloat,
    memory_utilization_ratio: as.maybeFloat,
    memory_used_bytes: as.maybeU64,
    memory_free_bytes: as.maybeU64,
    memory_total_bytes: as.maybeU64,
    memory_reserved_bytes: as.maybeU64,
    power_watts: as.maybeFloat,
    power_limit_watts: as.maybeFloat,
    energy_joules: as.maybeFloat,
    energy_delta_joules: as.maybeFloat,
    temperature_celsius: as.maybeFloat,
    memory_temperature_celsius: as.maybeFloat,
    slowdown_temperature_celsius: as.maybeFloat,
    sm_clock_hz: as.maybeFloat,
    memory_clock_hz: as.maybeFloat,
    throttle_reasons: as.labels,
    pcie_tx_bytes_per_second: as.maybeFloat,
    pcie_rx_bytes_per_second: as.maybeFloat,
    pcie_replays: as.maybeU64,
    nvlink_bytes_per_second: as.maybeFloat,
    xid: as.maybeU32,
    ecc_corrected: as.maybeU64,
    ecc_uncorrected: as.maybeU64,
    remapped_rows: as.maybeU64,
    row_remap_failures: as.maybeU32,
    interval_ms: as.maybeFloat,
  }),

  server_samples: table('server_samples', {
    timestamp: as.millis,
    interval_ms: as.maybeFloat,
    server: as.label,
    role: as.label,
    instance: as.label,
    endpoint: as.label,
    model: as.label,
    running: as.maybeFloat,
    waiting: as.maybeFloat,
    kv_cache_ratio: as.maybeFloat,
    max_concurrency: as.maybeFloat,
    kv_capacity_tokens: as.maybeU64,
    batch_size: as.maybeFloat,
    input_tokens: as.maybeU64,
    output_tokens: as.maybeU64,
    requests: as.maybeU64,
    requests_ok: as.maybeU64,
    requests_failed: as.maybeU64,
    preemptions: as.maybeU64,
    prefix_hits: as.maybeU64,
    prefix_queries: as.maybeU64,
    prefix_hit_ratio: as.maybeFloat,
    steps: as.maybeU64,
    step_tokens: as.maybeU64,
    draft_tokens: as.maybeU64,
    accepted_tokens: as.maybeU64,
    draft_acceptance_ratio: as.maybeFloat,
    lora_active: as.maybeFloat,
    lora_max: as.maybeFloat,
    lora_adapters: as.labels,
    http_4xx: as.maybeU64,
    http_5xx: as.maybeU64,
    finished: as.countMap,
    ttft_ms: as.histogram,
    itl_ms: as.histogram,
    tpot_ms: as.histogram,
    e2e_ms: as.histogram,
    queue_ms: as.histogram,
    prefill_ms: as.histogram,
    decode_ms: as.histogram,
    request_input_tokens: as.tokenHistogram,
    request_output_tokens: as.tokenHistogram,
    restarted: as.flag,
  }),

  metric_samples: table('metric_samples', {
    timestamp: as.millis,
    target: as.label,
    name: as.label,
    labels: as.textMap,
    value: as.float,
  }),

  log_events: table('log_events', {
    timestamp: as.micros,
    trace_id: as.text,
    span_id: as.text,
    event_name: as.label,
    event_id: as.text,
    severity_number: as.whole,
    service: as.label,
    environment: as.label,
    scope_name: as.label,
    body: as.text,
    attributes: as.spanAttributes,
    resource_attributes: as.sharedAttributeMap,
    version: as.whole,
  }),

  genai_histograms: table('genai_histograms', {
    timestamp: as.micros,
    interval_ms: as.maybeFloat,
    name: as.label,
    unit: as.label,
    service: as.label,
    environment: as.label,
    provider: as.label,
    model: as.label,
    operation: as.label,
    token_type: as.label,
    server_address: as.label,
    error_type: as.label,
    attributes: as.textMap,
    count: as.whole,
    sum: as.maybeFloat,
    min: as.maybeFloat,
    max: as.maybeFloat,
    bounds: as.floats,
    counts: as.counts,
    series: as.text,
    version: as.whole,
  }),

  evaluations: table('evaluations', {
    id: as.text,
    timestamp: as.millis,
    trace_id: as.text,
    span_id: as.text,
    session_id: as.text,
    request_id: as.text,
    evaluator: as.label,
    evaluator_version: as.label,
    name: as.label,
    score: as.maybeFloat,
    label: as.label,
    explanation: as.text,
    cost_usd: as.maybeUsd,
    version: as.whole,
  }),

  probes: table('probes', {
    timestamp: as.millis,
    endpoint: as.label,
    probe: as.label,
    type: as.label,
    model: as.label,
    ok: as.flag,
    status: as.label,
    http_status: as.maybeU16,
    interval_ms: as.float,
    connect_ms: as.maybeFloat,
    ttfb_ms: as.maybeFloat,
    ttft_ms: as.maybeFloat,
    duration_ms: as.maybeFloat,
    input_tokens: as.maybeU32,
    output_tokens: as.maybeU32,
    tokens_per_second: as.maybeFloat,
    cost_usd: as.maybeUsd,
    certificate_days: as.maybeFloat,
    cold_start: as.label,
    objective_ratio: as.float,
    error: as.text,
  }),

  queue_samples: table('queue_samples', {
    timestamp: as.millis,
    interval_ms: as.maybeFloat,
    target: as.label,
    system: as.label,
    queue: as.label,
    endpoint: as.label,
    waiting: as.maybeFloat,
    running: as.maybeFloat,
    oldest_age_ms: as.maybeFloat,
    consumers: as.maybeFloat,
    arrived: as.maybeU64,
    done: as.maybeU64,
    failed: as.maybeU64,
  }),

  ingest_issues: table('ingest_issues', {
    timestamp: as.millis,
    source: as.label,
    reason: as.label,
    subject: as.label,
    severity: as.label,
    items: as.whole,
    example: as.text,
    example_trace_id: as.text,
    example_span_id: as.text,
  }),
}

/** Every table that clients of `Db.insert` may name. */
export const tableNames: readonly TableName[] = [...(Object.keys(tables) as (keyof TableRows)[]), ...otherTables]

function table<Name extends keyof TableRows>(name: Name, kinds: Kinds<TableRows[Name]>): Table<TableRows[Name]> {
  type Row = TableRows[Name]
  const fields = Object.keys(kinds) as (keyof Row & string)[]
  const writers = fields.map((field) => fieldWriter(field, kinds[field]))
  return {
    name,
    columns: fields.flatMap((field) => kinds[field].columns(field)),
    encode(writer, row) {
      const mark = writer.length
      try {
        for (const write of writers) write(writer, row)
      } catch (cause) {
        writer.rewind(mark)
        throw new TypeError(`malformed row of ${name}`, { cause })
      }
    },
  }
}

function fieldWriter<Row, Field extends keyof Row>(field: Field, kind: Kind<Row[Field]>) {
  return (writer: RowBinaryWriter, row: Row) => kind.write(writer, row[field])
}
