/** Data points as rows: histograms get columns for what GenAI conventions name, other values are samples like scraped ones. */
import { hash } from 'node:crypto'
import type { GenAiHistogram } from '../../../records/genai-histogram.ts'
import type { MetricSample } from '../../../records/server-sample.ts'
import type { Attributes } from '../../../records/span.ts'
import { attributeText } from '../../../storage/column-kinds.ts'
import { attributesSpan } from '../attributes-span.ts'
import { identifier, text } from '../dialects/attributes.ts'
import { genAi, operationOf } from '../dialects/gen-ai.ts'
import { explicit } from './buckets.ts'
import type { HistogramPoint, MetricPoint, NumberPoint, SummaryPoint } from './point.ts'
import type { Increase } from './streams.ts'

/** Attributes that have a column. */
const columns = new Set([
  'gen_ai.provider.name',
  'gen_ai.system',
  'gen_ai.response.model',
  'gen_ai.operation.name',
  'gen_ai.token.type',
  'server.address',
  'server.port',
  'error.type',
])
/** What of a resource tells processes apart that are the same service. */
const instanceNames = ['service.instance.id', 'host.name', 'k8s.pod.name']

/** Equal for points of one resource, scope, metric and set of attributes, in whatever order those come. */
export function seriesOf({ metric, attributes }: MetricPoint): string {
  const { resource, scope_name, name, unit } = metric
  const told = [sorted(resource.attributes), scope_name, name, unit, sorted(attributes)]
  return hash('sha256', JSON.stringify(told)).slice(0, 32)
}

/** Null when nothing was observed: an interval without observations is no row. */
export function histogramRow(
  point: HistogramPoint,
  { distribution, since }: Increase,
  series: string,
  version: number,
): GenAiHistogram | null {
  const { metric, attributes, time } = point
  const { count, sum, min, max, buckets } = distribution
  if (count === 0) return null
  const call = genAi.toRequest(attributesSpan(attributes, { resource_attributes: metric.resource.attributes }))
  const operation = identifier(attributes, ['gen_ai.operation.name'])
  return {
    timestamp: time,
    interval_ms: since === null ? null : (time - since) / 1000,
    name: metric.name,
    unit: metric.unit,
    service: metric.resource.service,
    environment: metric.resource.environment,
    provider: call.provider,
    model: call.model,
    operation: operation === '' ? '' : operationOf(operation),
    token_type: identifier(attributes, ['gen_ai.token.type']),
    server_address: call.instance,
    error_type: identifier(attributes, ['error.type']),
    attributes: new Map([...instance(metric.resource.attributes), ...others(attributes)]),
    count,
    sum,
    min,
    max,
    ...explicit(buckets),
    series,
    version,
  }
}

export function numberRow(point: NumberPoint): MetricSample {
  const { temporality, value, metric } = point
  return sample(point, metric.name, value, temporality === null ? [] : [['otel.temporality', temporality]])
}

/** As Prometheus spells a summary. */
export function summaryRows(point: SummaryPoint): MetricSample[] {
  const { name } = point.metric
  const quantiles = point.quantiles.filter(([, value]) => Number.isFinite(value))
  return [
    ...quantiles.map(([quantile, value]) => sample(point, name, value, [['quantile', String(quantile)]])),
    sample(point, `${name}_sum`, point.sum),
    sample(point, `${name}_count`, point.count),
  ]
}

function sample(
  { metric, attributes, time }: MetricPoint,
  name: string,
  value: number,
  more: readonly (readonly [string, string])[] = [],
): MetricSample {
  const { resource, unit } = metric
  const labels = new Map([...instance(resource.attributes), ...texts(attributes), ...more])
  if (resource.environment !== '') labels.set('deployment.environment.name', resource.environment)
  if (unit !== '') labels.set('otel.unit', unit)
  return { timestamp: time, target: `otlp:${resource.service}`, name, labels, value }
}

/** The model that was asked for is kept beside the one that answered, which has the column. */
function others(attributes: Attributes): [string, string][] {
  const asked = attributes.has('gen_ai.response.model') ? '' : 'gen_ai.request.model'
  return texts(attributes).filter(([key]) => !columns.has(key) && key !== asked)
}

function instance(resource: Attributes): [string, string][] {
  return instanceNames
    .map((name): [string, string] => [name, text(resource, [name])])
    .filter(([, value]) => value !== '')
}

const texts = (attributes: Attributes) =>
  [...attributes].map(([key, value]): [string, string] => [key, attributeText(value)])

const sorted = (attributes: Attributes) => texts(attributes).sort(([a], [b]) => (a < b ? -1 : 1))
