/** What inference servers did over time, one line per server and model or per endpoint and model. */
import type { Db } from '../client.ts'
import { linesOf, type SeriesFrame } from './series.ts'
import {
  finished,
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
  kv_cache_ratio: meanGauge('kv_cache_ratio'),
  kv_cache_ratio_max: highest('kv_cache_ratio'),
  input_tokens_per_second: rateOf('input_tokens'),
  output_tokens_per_second: rateOf('output_tokens'),
  requests_per_second: rateOf('requests_ok'),
  failures_per_second: rateOf('requests_failed'),
  preemptions_per_second: rateOf('preemptions'),
  preemptions: increaseOf('preemptions'),
  prefix_hit_ratio: shareOf('prefix_hits', 'prefix_queries'),
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
