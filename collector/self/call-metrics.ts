/** The series of calls as the exporter of /metrics takes them, one metric of the conventions after the other. */
import { ValueType, type Attributes } from '@opentelemetry/api'
import { emptyResource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  DataPointType,
  type DataPoint,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics'
import type { CallSeries, Series } from './call-series.ts'
import type { Histogram } from './histogram.ts'

type Points<T> = readonly (readonly [Attributes, T])[]

/** The exporter adds no units to names, as it should for Prometheus: they stand in the names. */
export function callMetrics(calls: CallSeries): MetricProducer {
  const startTime = hrTime(Date.now())
  const scope = { name: 'inferwatch' }
  return {
    collect() {
      const metrics = metricsOf(calls, startTime, hrTime(Date.now()))
      return Promise.resolve({
        resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope, metrics }] },
        errors: [],
      })
    },
  }
}

function metricsOf(calls: CallSeries, startTime: HrTime, endTime: HrTime): MetricData[] {
  const all = calls.all()
  const of = <T>(points: (series: Series) => Points<T>) => all.flatMap(points)
  const dataPoints = <T>(points: Points<T>): DataPoint<T>[] =>
    points.map(([attributes, value]) => ({ startTime, endTime, attributes, value }))
  const counter = (name: string, unit: string, description: string, points: Points<number>): MetricData => ({
    ...described(name, unit, description),
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: dataPoints(points),
  })
  const gauge = (name: string, unit: string, description: string, value: number): MetricData => ({
    ...described(name, unit, description),
    dataPointType: DataPointType.GAUGE,
    dataPoints: dataPoints([[{}, value]]),
  })
  const histogram = (name: string, unit: string, description: string, points: Points<Histogram>): MetricData => ({
    ...described(name, unit, description),
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: dataPoints(
      points
        .filter(([, { count }]) => count > 0)
        .map(([attributes, { bounds, counts, sum, count }]) => [
          attributes,
          { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count },
        ]),
    ),
  })
  return [
    counter(
      'inferwatch.requests',
      '{request}',
      'Calls of models by how they ended, each counted once',
      of(({ attributes, byStatus }) => [...byStatus].map(([status, n]) => [{ ...attributes, status }, n])),
    ),
    histogram(
      'gen_ai.client.operation.duration_seconds',
      's',
      'Duration of calls of models; error_type says why they failed',
      of(({ attributes, durations }) =>
        [...durations].map(([type, each]) => [type === '' ? attributes : { ...attributes, 'error.type': type }, each]),
      ),
    ),
    histogram(
      'gen_ai.client.token.usage',
      '{token}',
      'Tokens of a call; cached ones are input, reasoning is output',
      of(({ attributes, inputTokens, outputTokens }) => [
        [{ ...attributes, 'gen_ai.token.type': 'input' }, inputTokens],
        [{ ...attributes, 'gen_ai.token.type': 'output' }, outputTokens],
      ]),
    ),
    histogram(
      'gen_ai.server.time_to_first_token_seconds',
      's',
      'Time to the first token of a streamed answer',
      of(({ attributes, ttft }) => [[attributes, ttft]]),
    ),
    histogram(
      'gen_ai.server.time_per_output_token_seconds',
      's',
      'Time per token after the first one, one observation a call',
      of(({ attributes, tpot }) => [[attributes, tpot]]),
    ),
    counter(
      'inferwatch.cost_usd',
      '{USD}',
      'Cost of the calls whose price is known, in US dollars',
      of(({ attributes, priced, costUsd }) => (priced > 0 ? [[attributes, costUsd]] : [])),
    ),
    counter(
      'inferwatch.requests_unpriced',
      '{request}',
      'Calls whose cost is unknown, and in no sum',
      of(({ attributes, unpriced }) => (unpriced > 0 ? [[attributes, unpriced]] : [])),
    ),
    gauge('inferwatch.call_series', '{series}', 'Combinations of names that calls are kept apart by', calls.size),
    counter(
      'inferwatch.call_series.overflowed',
      '{request}',
      'Calls counted without their names, under otel_metric_overflow, since there were too many to keep apart',
      [[{}, calls.overflowed]],
    ),
  ].filter((metric) => metric.dataPoints.length > 0)
}

const described = (name: string, unit: string, description: string) => ({
  descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
  aggregationTemporality: AggregationTemporality.CUMULATIVE,
})

type HrTime = [seconds: number, nanos: number]
const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)]
