/**
 * What rollups hold: for each source its dimensions and measures, with the SQL that makes them from raw rows and from a finer
 * tier. A sum keeps its column's name, so the same `sum(cost_usd)` reads raw rows and rollups.
 */
import { calmReasons } from '../records/gpu-sample.ts'

export interface Measure {
  name: string
  type: string
  /** Aggregate over raw rows. */
  raw: string
  /** Aggregate over rows of a finer tier. */
  merge: string
  comment: string
  /** Kept by the tiers of an hour and more only. */
  coarse: boolean
}

export type TierName = 'minute' | 'hour' | 'six_hours' | 'day' | 'week'

export interface RollupSpec {
  /** Raw rows, which it equals. */
  source: 'requests' | 'gpu_samples' | 'server_samples'
  /** `requests` → requests_1m, requests_1h, requests_1d. */
  prefix: 'requests' | 'models' | 'totals' | 'calls' | 'users' | 'filter_values' | 'gpu' | 'server'
  /** The finest first. Those after an hour are each made of the one before. */
  tiers: readonly TierName[]
  /** A rollup of more dimensions, with the same measures, that its finest tier is made from: much less to read than raw rows. */
  madeFrom?: 'requests_1h' | 'models_1h'
  dimensions: readonly string[]
  /** Makes several rows of each raw row, with dimensions that it does not have. */
  arrayJoin?: string
  /** The first one counts rows: 0 means that the key vanished from its bucket. */
  measures: readonly Measure[]
  /** Columns whose hash changes when a row is stored again. */
  identity: readonly string[]
}

/** The same in every tier, unless said otherwise. */
function measure(name: string, type: string, comment: string, raw: string, merge: string): Measure {
  return { name, type, comment, raw, merge, coarse: false }
}

function counted(name: string, raw: string, comment: string): Measure {
  return measure(name, 'UInt64', comment, raw, `sum(${name})`)
}

function tokens(column: string, what: string): Measure[] {
  return [
    counted(column, `sum(ifNull(${column}, 0))`, `Sum of ${what}`),
    counted(`${column}_unknown`, `countIf(${column} IS NULL)`, `Requests whose ${what} are unknown`),
  ]
}

function dollars(column: string, comment: string): Measure {
  return measure(column, 'Decimal(38, 12)', comment, `sum(ifNull(${column}, toDecimal64(0, 12)))`, `sum(${column})`)
}

function summed(name: string, column: string, comment: string): Measure {
  return measure(name, 'Float64', comment, `ifNull(sum(${column}), 0)`, `sum(${name})`)
}

function most(column: string, what: string): Measure {
  return measure(`${column}_max`, 'Nullable(Float64)', `Highest ${what}`, `max(${column})`, `max(${column}_max)`)
}

function least(column: string, what: string): Measure {
  return measure(`${column}_min`, 'Nullable(Float64)', `Lowest ${what}`, `min(${column})`, `min(${column}_min)`)
}

/** Sum and count: an average is their quotient, over any buckets. */
function averaged(column: string, what: string): Measure[] {
  return [
    summed(`${column}_sum`, column, `Sum of ${what}; divide by ${column}_count`),
    counted(`${column}_count`, `count(${column})`, `Rows with a known ${what}`),
  ]
}

function gauge(column: string, what: string): Measure[] {
  return [least(column, what), most(column, what), ...averaged(column, what)]
}

/** Within 0.02 % of exact, and quick to merge. */
function quantiles(column: string, what: string): Measure {
  const levels = '0.5, 0.95, 0.99'
  const name = `${column}_quantiles`
  return {
    name,
    type: `AggregateFunction(quantilesTDigest(${levels}), Float64)`,
    raw: `quantilesTDigestStateIf(${levels})(toFloat64(assumeNotNull(${column})), ${column} IS NOT NULL)`,
    merge: `quantilesTDigestMergeState(${levels})(${name})`,
    comment: `P50, P95, P99 of ${what}: read with quantilesTDigestMerge(${levels})`,
    coarse: true,
  }
}

/** Cannot be added up: for a rollup of one tier. */
function distinct(name: string, raw: string, comment: string): Measure {
  return measure(name, 'UInt64', comment, raw, '')
}

/** A counter's increase, and the time over which somebody counted it: a rate is their quotient, unknown when that time is 0. */
function increase(column: string, what: string): Measure[] {
  return [
    counted(column, `sum(ifNull(${column}, 0))`, what),
    summed(
      `${column}_interval_ms`,
      `if(${column} IS NULL, 0, interval_ms)`,
      `Time over which ${column} is known in ms; 0 when nobody told`,
    ),
  ]
}

/**
 * Buckets are added up only where all bounds match: counts by the bounds, as text. A server that was upgraded within the hour has
 * two entries. The last count is that of the bucket without bound, as in the samples.
 */
function histogram(column: string, what: string, unit = ' in ms'): Measure[] {
  const raw = `sumForEachMapIf(map(toString(${column}_bounds), ${column}_counts), notEmpty(${column}_counts))`
  const comment = `${what}: observations per bucket, not cumulative, by the upper bounds of the buckets${unit}`
  return [
    measure(`${column}_buckets`, 'Map(String, Array(UInt64))', comment, raw, `sumForEachMap(${column}_buckets)`),
    summed(`${column}_sum`, `${column}_sum`, `${what}: sum of the observations${unit}`),
  ]
}

/** Minutes since 1970 that some sample's interval reaches into: over several servers, the time in which any of them was seen. */
function coveredMinutes(): Measure {
  const end = 'toUnixTimestamp64Milli(s.timestamp)'
  const minutes = `range(toUInt32(intDiv(${end} - toInt64(ifNull(interval_ms, 0)), 60000)), toUInt32(intDiv(${end} - 1, 60000) + 1))`
  return measure(
    'covered_minutes',
    'AggregateFunction(groupBitmapArray, Array(UInt32))',
    'Minutes since 1970 that samples cover: count with groupBitmapArrayMerge',
    `groupBitmapArrayStateIf(${minutes}, interval_ms > 0)`,
    'groupBitmapArrayMergeState(covered_minutes)',
  )
}

/** An idle GPU clocks down too, and people set clocks: neither is trouble. */
const isThrottled = `arrayExists(reason -> reason NOT IN (${calmReasons.map((reason) => `'${reason}'`).join(', ')}), throttle_reasons)`

const everyTier = ['minute', 'hour', 'day'] as const
/** What the page of a request can be filtered by and requests_1d does not keep apart. */
const otherFilters = ['user_id', 'status', 'instance', 'api_key']

const requestCount = counted(
  'requests',
  'count()',
  'Requests; 0 when the last one of this key was corrected or deleted',
)

const statuses = ['ok', 'error', 'rate_limited', 'timeout', 'cancelled', 'filtered']

/** Kept later than the others: null of hours that were computed before, though requests in them have a price, and of what holds such an hour. */
const highestCost: Measure = {
  ...measure(
    'cost_usd_max',
    'Nullable(Float64)',
    'Highest known cost of one request in US dollars; null also where it was not kept yet',
    'max(toFloat64(cost_usd))',
    'if(countIf(cost_usd_max IS NULL AND priced > 0) > 0, NULL, max(cost_usd_max))',
  ),
  coarse: true,
}

const requestMeasures: readonly Measure[] = [
  requestCount,
  ...statuses.map((status) =>
    counted(`requests_${status}`, `countIf(status = '${status}')`, `Requests with status ${status}`),
  ),
  counted('streamed', 'countIf(streamed)', 'Requests answered as a stream'),
  counted('cache_hits', 'countIf(cache_hit)', 'Requests answered from a response cache'),
  counted('priced', 'countIf(cost_usd IS NOT NULL)', 'Requests with a known cost'),
  counted('unpriced', 'countIf(cost_usd IS NULL)', 'Requests without a known cost'),
  ...tokens('input_tokens', 'input tokens'),
  ...tokens('cached_input_tokens', 'input tokens read from the prompt cache'),
  ...tokens('cache_write_tokens', 'input tokens written to the prompt cache'),
  ...tokens('output_tokens', 'output tokens'),
  ...tokens('reasoning_tokens', 'output tokens spent on reasoning'),
  dollars('cost_usd', 'Sum of known costs in US dollars'),
  dollars('input_cost_usd', 'Sum of known costs for input tokens in US dollars'),
  dollars('output_cost_usd', 'Sum of known costs for output tokens in US dollars'),
  dollars('cache_savings_usd', 'Sum of what prompt caching saved in US dollars'),
  ...averaged('duration_ms', 'duration in ms'),
  most('duration_ms', 'duration in ms'),
  ...averaged('ttft_ms', 'time to first token in ms'),
  most('ttft_ms', 'time to first token in ms'),
  highestCost,
  ...averaged('tpot_ms', 'time per output token in ms'),
  quantiles('duration_ms', 'duration in ms'),
  quantiles('ttft_ms', 'time to first token in ms'),
  quantiles('tpot_ms', 'time per output token in ms'),
  quantiles('input_tokens', 'input tokens of a request'),
  quantiles('output_tokens', 'output tokens of a request'),
]

export const rollupSpecs: readonly RollupSpec[] = [
  {
    source: 'requests',
    prefix: 'requests',
    tiers: everyTier,
    dimensions: ['environment', 'service', 'provider', 'endpoint', 'region', 'model', 'operation', 'team', 'feature'],
    identity: ['timestamp', 'version', 'inserted_at'],
    measures: requestMeasures,
  },
  {
    source: 'requests',
    prefix: 'models',
    tiers: ['hour', 'six_hours', 'day', 'week'],
    madeFrom: 'requests_1h',
    dimensions: ['environment', 'provider', 'endpoint', 'model'],
    identity: ['timestamp', 'version'],
    measures: requestMeasures,
  },
  {
    source: 'requests',
    prefix: 'totals',
    tiers: ['hour', 'day'],
    madeFrom: 'models_1h',
    dimensions: ['environment'],
    identity: ['timestamp', 'version'],
    measures: requestMeasures,
  },
  {
    source: 'requests',
    prefix: 'calls',
    tiers: ['hour'],
    dimensions: [
      'environment',
      'provider',
      'endpoint',
      'region',
      'model',
      'model_version',
      'requested_model',
      'service_tier',
      'team',
    ],
    identity: ['timestamp', 'version', 'inserted_at'],
    measures: [requestCount],
  },
  {
    source: 'requests',
    prefix: 'users',
    tiers: ['day'],
    dimensions: ['environment', 'team', 'user_id'],
    identity: ['timestamp', 'version', 'inserted_at'],
    measures: [
      requestCount,
      counted(
        'requests_failed',
        `countIf(status IN ('error', 'rate_limited', 'timeout'))`,
        'Requests with status error, rate_limited or timeout',
      ),
      counted('priced', 'countIf(cost_usd IS NOT NULL)', 'Requests with a known cost'),
      counted('unpriced', 'countIf(cost_usd IS NULL)', 'Requests without a known cost'),
      ...tokens('input_tokens', 'input tokens'),
      ...tokens('output_tokens', 'output tokens'),
      dollars('cost_usd', 'Sum of known costs in US dollars'),
      distinct(
        'sessions',
        `uniqExactIf(session_id, session_id != '')`,
        'Different sessions; calls that name none do not count',
      ),
      distinct('models', 'uniqExact(model)', 'Different models'),
    ],
  },
  {
    source: 'requests',
    prefix: 'filter_values',
    tiers: ['day'],
    dimensions: ['column', 'value'],
    arrayJoin: `ARRAY JOIN [${otherFilters.map((name) => `'${name}'`).join(', ')}] AS column, [${otherFilters.map((name) => `toString(${name})`).join(', ')}] AS value`,
    identity: ['timestamp', 'version', 'inserted_at'],
    measures: [requestCount],
  },
  {
    source: 'gpu_samples',
    prefix: 'gpu',
    tiers: everyTier,
    dimensions: ['host', 'gpu', 'uuid', 'device', 'mig_profile', 'mig_id'],
    identity: ['timestamp', 'inserted_at'],
    measures: [
      counted('samples', 'count()', 'Samples; 0 when the last one of this key was deleted'),
      ...gauge('utilization_ratio', 'share of time with any kernel running, 0 to 1'),
      ...gauge('gr_engine_active_ratio', 'share of time the engine was active, 0 to 1'),
      ...gauge('sm_active_ratio', 'share of multiprocessors with work, 0 to 1'),
      ...gauge('tensor_active_ratio', 'share of time the tensor cores were active, 0 to 1'),
      ...gauge('dram_active_ratio', 'share of time memory moved data, 0 to 1'),
      ...gauge('memory_used_bytes', 'memory in use in bytes'),
      most('memory_total_bytes', 'memory in all in bytes'),
      ...gauge('power_watts', 'power in watts'),
      ...gauge('temperature_celsius', 'temperature of the chip in degrees Celsius'),
      ...gauge('memory_temperature_celsius', 'temperature of the memory in degrees Celsius'),
      summed('energy_delta_joules', 'energy_delta_joules', 'Energy used in joules'),
      summed('interval_ms', 'interval_ms', 'Time covered by samples in ms'),
      counted('throttled_samples', `countIf(${isThrottled})`, 'Samples while clocks were held down'),
      counted('xid_samples', 'countIf(xid > 0)', 'Samples that showed an XID error'),
    ],
  },
  {
    source: 'server_samples',
    prefix: 'server',
    tiers: everyTier,
    dimensions: ['server', 'instance', 'endpoint', 'model'],
    identity: ['timestamp', 'inserted_at'],
    measures: [
      counted('samples', 'count()', 'Samples; 0 when the last one of this key was deleted'),
      ...gauge('running', 'requests being processed'),
      ...gauge('waiting', 'requests in the queue'),
      ...gauge('kv_cache_ratio', 'KV cache in use, 0 to 1'),
      measure(
        'gateway',
        'UInt8',
        '1: forwards to engines, so that adding it to them counts a request twice',
        `max(toUInt8(role = 'gateway'))`,
        'max(gateway)',
      ),
      most('max_concurrency', 'requests that the server runs at once at most'),
      most('kv_capacity_tokens', 'tokens that the KV cache holds when full'),
      ...gauge('batch_size', 'sequences in the batch of a step'),
      ...averaged('prefix_hit_ratio', 'prefix hits as the server says them, 0 to 1'),
      ...averaged('draft_acceptance_ratio', 'proposed tokens kept as the server says it, 0 to 1'),
      ...gauge('lora_active', 'LoRA adapters in use'),
      most('lora_max', 'LoRA adapters that fit at once'),
      measure(
        'lora_adapters',
        'Array(String)',
        'Names of the LoRA adapters in use',
        'arraySort(groupUniqArrayArray(arrayMap(name -> toString(name), lora_adapters)))',
        'arraySort(groupUniqArrayArray(lora_adapters))',
      ),
      ...[
        ['input_tokens', 'Input tokens processed'],
        ['output_tokens', 'Output tokens generated'],
        ['requests_ok', 'Requests finished well'],
        ['requests_failed', 'Requests failed'],
        ['preemptions', 'Preemptions'],
        ['prefix_hits', 'Tokens found in the prefix cache'],
        ['prefix_queries', 'Tokens looked up in the prefix cache'],
        ['requests', 'Requests ended in any way, of servers that do not count good and failed ones apart'],
        ['steps', 'Steps of the engine'],
        ['step_tokens', 'Tokens processed in those steps'],
        ['draft_tokens', 'Speculative decoding: tokens proposed'],
        ['accepted_tokens', 'Speculative decoding: proposed tokens kept'],
        ['http_4xx', 'Answers with a status of 400 to 499'],
        ['http_5xx', 'Answers with a status of 500 to 599'],
      ].flatMap(([name = '', comment = '']) => increase(name, comment)),
      measure(
        'finished',
        'Map(String, UInt64)',
        'Requests by finish reason',
        "sumMap(CAST(finished, 'Map(String, UInt64)'))",
        'sumMap(finished)',
      ),
      counted('restarts', 'countIf(restarted)', 'Restarts of the server'),
      summed('interval_ms', 'interval_ms', 'Time covered by samples in ms'),
      coveredMinutes(),
      ...histogram('ttft_ms', 'Time to first token'),
      ...histogram('itl_ms', 'Inter-token latency'),
      ...histogram('tpot_ms', 'Time per output token'),
      ...histogram('e2e_ms', 'Whole request'),
      ...histogram('queue_ms', 'Time in the queue'),
      ...histogram('prefill_ms', 'Prefill time'),
      ...histogram('decode_ms', 'Decode time'),
      ...histogram('request_input_tokens', 'Input tokens per request', ''),
      ...histogram('request_output_tokens', 'Output tokens per request', ''),
    ],
  },
]
