/** Inference servers over a whole range: one row per server and model, or per endpoint and model. */
import type { TimeRange } from '../../records/time-range.ts'
import type { Db } from '../client.ts'
import { quantilesOf, serverLatencies, type ServerLatency, type ServerQuantiles } from './server-latency.ts'
import { bucketsOf, finished, serverRows, type ServerIdentity, type ServersQuestion } from './server-rows.ts'
import { serverMeasureNames, serverMeasures, type ServerMeasureName } from './server-series.ts'
import type { Source } from './series.ts'

export type ServerTotal = ServerIdentity &
  Record<ServerMeasureName, number | null> &
  Record<ServerLatency, ServerQuantiles> & { finished: Record<string, number> }

export interface ServerTotals extends TimeRange {
  source: Source
  servers: ServerTotal[]
  /** How many there are in all. */
  all: number
}

const histograms = Object.fromEntries(serverLatencies.map((latency) => [latency, bucketsOf(latency)])) as Record<
  ServerLatency,
  ReturnType<typeof bucketsOf>
>

/** Those that generated most, `limit` of them. */
export async function serverTotals(db: Db, question: ServersQuestion, limit = 1000): Promise<ServerTotals> {
  const measures = { ...serverMeasures, ...histograms, finished }
  const { frame, rows } = await serverRows(db, question, measures, { whole: true, limit })
  const servers = rows.map((row): ServerTotal => {
    const { server, instance, endpoint, model } = row
    const numbers = serverMeasureNames.map((name) => [name, row[name]])
    const quantiles = serverLatencies.map((latency) => [latency, quantilesOf(row[latency] as Record<string, number[]>)])
    return {
      server,
      instance,
      endpoint,
      model,
      ...(Object.fromEntries(numbers) as Record<ServerMeasureName, number | null>),
      ...(Object.fromEntries(quantiles) as Record<ServerLatency, ServerQuantiles>),
      finished: row.finished as Record<string, number>,
    }
  })
  return { from: frame.from, to: frame.to, source: frame.source, servers, all: rows[0]?.all ?? 0 }
}
