/** Makes data points durable: histograms as increases, other values as samples. */
import type { GenAiHistogram } from '../../../records/genai-histogram.ts'
import type { MetricSample } from '../../../records/server-sample.ts'
import type { Spool } from '../../spool/index.ts'
import { Findings } from '../findings.ts'
import type { MetricPoint } from './point.ts'
import { histogramRow, numberRow, seriesOf, summaryRows } from './rows.ts'
import { Streams } from './streams.ts'

export interface MetricStoreOptions {
  spool: Spool
  /** Rises with every call. */
  nextVersion: () => number
  /** Epoch ms. */
  clock?: () => number
  /** Series whose last point is remembered. */
  maxSeries?: number
}

/** Resolves once every point is durable, with the points that added nothing, by reason; rejects with SpoolFull. */
export type AcceptPoints = (points: readonly MetricPoint[]) => Promise<Findings>

/** To be made once, before the first point can come in: what was seen before is what another process has stored. */
export function createMetricStore(options: MetricStoreOptions): AcceptPoints {
  const { spool, nextVersion, clock = Date.now, maxSeries = 20_000 } = options
  const streams = new Streams(clock() * 1000, maxSeries)
  let turn: Promise<unknown> = Promise.resolve()

  function rowsOf(points: readonly MetricPoint[], skipped: Findings) {
    const genai_histograms: GenAiHistogram[] = []
    const metric_samples: MetricSample[] = []
    for (const point of points) {
      const series = seriesOf(point)
      if (point.kind === 'histogram') {
        const increase = streams.increase(series, point)
        if (typeof increase === 'string') {
          skipped.add(increase, point.metric.name)
          continue
        }
        if (increase.reset) skipped.add('counter_reset', point.metric.name)
        const row = histogramRow(point, increase, series, nextVersion())
        if (row) genai_histograms.push(row)
      } else if (streams.repeated(series, point.start, point.time)) skipped.add('duplicate_point', point.metric.name)
      else if (point.kind === 'number') metric_samples.push(numberRow(point))
      else metric_samples.push(...summaryRows(point))
    }
    return { genai_histograms, metric_samples }
  }

  async function store(points: readonly MetricPoint[]): Promise<Findings> {
    const skipped = new Findings()
    streams.begin(clock() * 1000)
    try {
      const { genai_histograms, metric_samples } = rowsOf(points, skipped)
      if (genai_histograms.length + metric_samples.length > 0) await spool.append({ genai_histograms, metric_samples })
      streams.commit()
      return skipped
    } catch (error) {
      streams.rollback()
      throw error
    }
  }

  // One request after the other: an increase is known once the point before it is durable.
  return (points) => {
    const done = turn.then(() => store(points))
    turn = done.catch(() => undefined)
    return done
  }
}
