/** What inference servers did over time, one line per server and model or per endpoint and model. */
import type { Db } from '../client.ts'
import { linesOf, type SeriesFrame } from './series.ts'
import {
  finished,
  firstOf,
  highest,
  increaseOf,
  meanGauge,
  rateOf,
  restarts,
  serverRows,
  shareOf,
  summedGauge,
  type ServerIdentity,
  type ServerRow,
  type ServersQuestion,
} from './server-rows.ts'

export const serverMeasures = {
  running: summedGauge('running'),
  waiting: summedGauge('waiting'),
  waiting_max: highest('waiting'),
  batch_size: meanGauge('batch_size'),
  kv_cache_ratio: meanGauge('kv_cache_ratio'),
  kv_cache_ratio_max: highest('kv_cache_ratio'),
  input_tokens_per_second: rateOf('input_tokens'),
  output_tokens_per_second: rateOf('output_tokens'),
  /** Ended in any way. */
  requests_per_second: rateOf('requests_ok', 'requests_failed', 'requests'),
  failures_per_second: rateOf('requests_failed'),
  http_4xx_per_second: rateOf('http_4xx'),
  http_5xx_per_second: rateOf('http_5xx'),
  preemptions_per_second: rateOf('preemptions'),
  preemptions: increaseOf('preemptions'),
  /** As counted, or as the server says it. */
  prefix_hit_ratio: firstOf(shareOf('prefix_hits', 'prefix_queries'), meanGauge('prefix_hit_ratio')),
  /** Speculative decoding: proposed tokens that were kept; as counted, or as the server says it. */
  draft_acceptance_ratio: firstOf(shareOf('accepted_tokens', 'draft_tokens'), meanGauge('draft_acceptance_ratio')),
  tokens_per_step: shareOf('step_tokens', 'steps'),
  lora_active: summedGauge('lora_active'),
  lora_max: highest('lora_max'),
  restarts,
} as const
export type ServerMeasureName = keyof typeof serverMeasures
export const serverMeasureNames = Object.keys(serverMeasures) as ServerMeasureName[]

export type ServerLine = ServerIdentity &
  Record<ServerMeasureName, (number | null)[]> & {
    /** Requests by finish reason and bucket; null where the server was not seen. */
    finished: Record<string, (number | null)[]>
  }

export interface ServerSeries extends SeriesFrame {
  lines: ServerLine[]
  /** Lines there are in all. */
  all: number
}

type Finished = Record<string, number>

/** Null where a server was not seen or does not tell. */
export async function serverSeries(db: Db, question: ServersQuestion): Promise<ServerSeries> {
  const { frame, rows } = await serverRows(db, question, { ...serverMeasures, finished })
  const endpoints = newestEndpoints(rows)
  const lines = linesOf(frame, rows, [...serverMeasureNames, 'finished'], keyOf).map(
    ({ finished: buckets, ...line }): ServerLine => {
      const endpoint = endpoints.get(JSON.stringify(keyOf(line))) ?? ''
      return Object.assign(line, { endpoint, finished: byReason(buckets as unknown as (Finished | null)[]) })
    },
  )
  return { ...frame, lines, all: rows[0]?.all ?? 0 }
}

/** A server that was moved to another endpoint stays one line. */
export const keyOf = ({ server, instance, endpoint, model }: ServerIdentity): ServerIdentity => ({
  server,
  instance,
  endpoint: instance === '' ? endpoint : '',
  model,
})

/** By the line's key; rows are in the order of time. */
export function newestEndpoints(rows: readonly ServerRow<never>[]): Map<string, string> {
  return new Map(rows.map((row) => [JSON.stringify(keyOf(row)), row.endpoint]))
}

function byReason(buckets: readonly (Finished | null)[]): Record<string, (number | null)[]> {
  const reasons = [...new Set(buckets.flatMap((bucket) => Object.keys(bucket ?? {})))].toSorted()
  return Object.fromEntries(reasons.map((reason) => [reason, buckets.map((bucket) => bucket && (bucket[reason] ?? 0))]))
}
