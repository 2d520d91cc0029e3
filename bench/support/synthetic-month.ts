/** A month of a busy company, made by the engine itself: requests in order of time, spans, and samples of GPUs and servers. */
import type { Db } from '../../storage/client.ts'

export const day = 86_400_000
export const month = 30 * day
const spanDays = 14
/** Of one INSERT: what its sorting holds in memory stays small, and its parts follow each other in time. */
const rowsPerInsert = 1_000_000
/** Samples have many columns. */
const samplesPerInsert = 200_000
const scrapeMs = 10_000
const [gpus, servers] = [16, 16]
/** More samples than this would say nothing about the questions that more requests do not. */
const samplesPerRequest = 0.05

export const models = 50
export const users = 5_000
const teams = 20

export interface Loaded {
  requests: number
  spans: number
  gpu_samples: number
  server_samples: number
}

/** `said` hears how far it is. Rows lie in [to - 30 d, to), evenly. */
export async function loadMonth(db: Db, rows: number, to: number, said: (line: string) => void): Promise<Loaded> {
  const from = to - month
  const begun = performance.now()
  for (let at = 0; at < rows; at += rowsPerInsert) {
    const count = Math.min(rowsPerInsert, rows - at)
    await db.command(requestsSql, { from, step_us: (month * 1000) / rows, at, count })
    said(
      `${millions(at + count)} of ${millions(rows)} M requests, ${pace(at + count, rows, performance.now() - begun)}`,
    )
  }
  const covered = spanDays * day
  const spans = Math.floor(((rows / 4) * covered) / month)
  for (let at = 0; at < spans; at += rowsPerInsert) {
    const count = Math.min(rowsPerInsert, spans - at)
    await db.command(spansSql, { from: to - covered, step_us: (covered * 1000) / spans, at, count })
  }
  const scrapes = Math.max(Math.floor(Math.min(month / scrapeMs, (rows * samplesPerRequest) / gpus)), 10)
  const step_ms = month / scrapes
  const scrapesPerInsert = Math.floor(samplesPerInsert / gpus)
  for (let at = 0; at < scrapes; at += scrapesPerInsert) {
    const some = { from, step_ms, at, scrapes: Math.min(scrapesPerInsert, scrapes - at) }
    await db.command(gpusSql, { ...some, gpus })
    await db.command(serversSql, { ...some, servers })
  }
  said(`loaded in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  return { requests: rows, spans, gpu_samples: scrapes * gpus, server_samples: scrapes * servers }
}

const millions = (count: number) => (count / 1e6).toFixed(1)

function pace(done: number, all: number, ms: number): string {
  const perSecond = (done / ms) * 1000
  return `${Math.round(perSecond).toLocaleString('en')} a second, ${Math.ceil((all - done) / perSecond)} s left`
}

/** A call is of one of 200 kinds, the first ones more often: a team uses few models, few services call each, a user is of one team. */
const requestsSql = `INSERT INTO requests (timestamp, trace_id, span_id, duration_ms, ttft_ms, tpot_ms, streamed, service,
    environment, provider, endpoint, region, instance, model, requested_model, operation, user_id, team, feature, session_id, api_key,
    input_tokens, cached_input_tokens, output_tokens, status, error_type, http_status, finish_reason, attempt, cost_usd, input_cost_usd,
    output_cost_usd, cost_source, price_id, price_version, dialect, version)
  WITH number + {at:UInt64} AS n, toUInt32(200 * pow(rand(0) / 4294967296, 2)) AS kind, kind % ${models} AS m,
    rand(1) % ${users / teams} * ${teams} + kind % ${teams} AS user, exp(6.5 + 0.8 * randNormal(0, 1)) AS took, 1 + rand(2) % 800 AS answered, 10 + rand(3) % 4000 AS prompt,
    multiIf(rand(4) % 1000 < 12, 'error', rand(4) % 1000 < 18, 'rate_limited', rand(4) % 1000 < 20, 'timeout', 'ok') AS outcome,
    kind % 3 != 0 AS stream, toDecimal64(prompt * (1 + m) / 1e8, 12) AS in_usd, toDecimal64(answered * (1 + m) / 2e7, 12) AS out_usd
  SELECT fromUnixTimestamp64Micro(toInt64({from:Int64} * 1000 + n * {step_us:Float64})),
    lower(hex(sipHash128(n))), lower(hex(sipHash64(n))), took, if(stream, took * 0.2, NULL), if(stream, took * 0.8 / answered, NULL), stream,
    concat('service-', toString(kind % 10)), if(kind % 10 = 9, 'staging', 'production'),
    ['openai', 'anthropic', 'vllm', 'bedrock'][1 + m % 4], concat('endpoint-', toString(m % 20)), '', '',
    concat('model-', toString(m)), concat('model-', toString(m)), 'chat', concat('user-', toString(user)),
    concat('team-', toString(kind % ${teams})), concat('feature-', toString(kind % 40)), concat('session-', toString(intDiv(n, 8))),
    concat('key-', toString(kind % 20)), prompt, if(kind % 2 = 0, intDiv(prompt, 2), NULL), if(outcome = 'ok', answered, NULL),
    outcome, if(outcome = 'ok', '', 'upstream'), if(outcome = 'ok', 200, 500), if(outcome = 'ok', 'stop', 'error'), 1,
    in_usd + out_usd, in_usd, out_usd, 'catalogue', concat('price/', toString(m)), 'bench@1', 'genai', {from:Int64} * 1000 + n
  FROM numbers_mt({count:UInt64}) SETTINGS max_insert_threads = 2, min_insert_block_size_rows = 500000`

const spansSql = `INSERT INTO spans (timestamp, duration_ms, trace_id, span_id, name, kind, service, environment, scope_name, status,
    attributes, version)
  WITH number + {at:UInt64} AS n
  SELECT fromUnixTimestamp64Micro(toInt64({from:Int64} * 1000 + n * {step_us:Float64})), exp(6.5 + 0.8 * randNormal(0, 1)),
    lower(hex(sipHash128(intDiv(n, 4)))), lower(hex(sipHash64(n))), 'chat', 'client', concat('service-', toString(n % 10)), 'production',
    'bench', 'ok', map('gen_ai.request.model', concat('model-', toString(n % ${models}))), n
  FROM numbers_mt({count:UInt64}) SETTINGS max_insert_threads = 2, min_insert_block_size_rows = 500000`

const gpusSql = `INSERT INTO gpu_samples (timestamp, target, host, gpu, uuid, device, utilization_ratio, sm_active_ratio, memory_used_bytes,
    memory_total_bytes, power_watts, energy_delta_joules, temperature_celsius, interval_ms)
  WITH number % {gpus:UInt32} AS g
  SELECT fromUnixTimestamp64Milli(toInt64({from:Int64} + ({at:UInt64} + intDiv(number, {gpus:UInt32})) * {step_ms:Float64})),
    concat('http://host-', toString(intDiv(g, 8)), ':9400/metrics'), concat('host-', toString(intDiv(g, 8))), toString(g % 8),
    concat('GPU-', toString(g)), 'NVIDIA H100', rand(1) % 1000 / 1000, rand(2) % 1000 / 1000, rand(3) % 80000000000, 80000000000,
    200 + rand(4) % 500, 4000, 40 + rand(5) % 40, {step_ms:Float64}
  FROM numbers({scrapes:UInt64} * {gpus:UInt32})`

const serversSql = `INSERT INTO server_samples (timestamp, interval_ms, server, instance, endpoint, model, running, waiting, kv_cache_ratio,
    input_tokens, output_tokens, requests_ok, requests_failed, preemptions, prefix_hits, prefix_queries)
  WITH number % {servers:UInt32} AS s
  SELECT fromUnixTimestamp64Milli(toInt64({from:Int64} + ({at:UInt64} + intDiv(number, {servers:UInt32})) * {step_ms:Float64})), {step_ms:Float64}, 'vllm',
    concat('host-', toString(s), ':8000'), concat('endpoint-', toString(s)), concat('model-', toString(s)), rand(1) % 64, rand(2) % 16,
    rand(3) % 1000 / 1000, rand(4) % 100000, rand(5) % 20000, rand(6) % 40, 0, 0, rand(7) % 1000, 1000
  FROM numbers({scrapes:UInt64} * {servers:UInt32})`
