/** What real exporters of logs and metrics send, taken as a receiver takes it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api'
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto'
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter as JsonMetrics,
} from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LogEvent } from '../../records/log-event.ts'
import type { Batch, Spool } from '../spool/index.ts'
import { createVersions } from '../versions.ts'
import { contentTypes, exportBody } from './answer.ts'
import { applyLogEvents } from './logs/apply.ts'
import { logs } from './logs/index.ts'
import { createLogStore } from './logs/store.ts'
import { metrics } from './metrics/index.ts'
import { createMetricStore } from './metrics/store.ts'
import { emptyRequest } from '../../records/llm-request.ts'

const resource = resourceFromAttributes({ 'service.name': 'shop', 'deployment.environment.name': 'test' })
let batches: Batch[] = []
const nextVersion = createVersions(Date.now)
const spool: Spool = { append: async (batch) => void batches.push(batch) }
const signals = [
  logs(createLogStore({ spool, nextVersion, redact: (event) => event })),
  metrics(createMetricStore({ spool, nextVersion }), () => 'genai'),
]
let server: Server
let url = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    const signal = signals.find(({ paths }) => paths.includes(request.url ?? ''))
    const encoding = request.headers['content-type'] === contentTypes.json ? 'json' : 'protobuf'
    const answer = async () => {
      if (!signal) throw new Error(`no signal at ${request.url}`)
      const options = { max_attribute_bytes: 2 ** 18, now: Date.now() * 1000 }
      const { rejected } = await signal.take(await buffer(request), encoding, options, () => undefined)
      response.setHeader('content-type', contentTypes[encoding])
      response.end(exportBody(encoding, rejected.items, signal.rejectedField, [...rejected.keys()].join()))
    }
    answer().catch((error: Error) => response.writeHead(500).end(error.message))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

beforeEach(() => void (batches = []))
afterAll(() => new Promise((resolve) => server.close(resolve)))

const spanContext = {
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  traceFlags: TraceFlags.SAMPLED,
}

test.each([
  ['JSON', () => new JsonLogs({ url: `${url}/v1/logs` })],
  ['protobuf', () => new ProtoLogs({ url: `${url}/v1/logs` })],
])('log records as %s', async (_, exporter) => {
  const provider = new LoggerProvider({
    resource,
    processors: [new SimpleLogRecordProcessor({ exporter: exporter() })],
  })
  const logger = provider.getLogger('app')
  const context = trace.setSpanContext(ROOT_CONTEXT, spanContext)
  logger.emit({ eventName: 'gen_ai.user.message', body: { content: 'Capital of France?' }, context })
  logger.emit({
    attributes: { 'event.name': 'gen_ai.choice' },
    body: { index: 0, finish_reason: 'stop', message: { content: 'Paris' } },
    context,
  })
  logger.emit({ body: 'listening on 8080', attributes: { port: 8080 } })
  await provider.forceFlush()
  await provider.shutdown()
  const events: LogEvent[] = batches.flatMap(({ log_events = [] }) => log_events)
  expect(events).toHaveLength(2)
  for (const event of events)
    expect(event).toMatchObject({
      trace_id: spanContext.traceId,
      span_id: spanContext.spanId,
      service: 'shop',
      environment: 'test',
      scope_name: 'app',
    })
  const request = { ...emptyRequest(), span_id: spanContext.spanId }
  applyLogEvents(request, events)
  expect(request).toMatchObject({
    input: '[{"role":"user","content":"Capital of France?"}]',
    output: '[{"role":"assistant","content":"Paris","finish_reason":"stop"}]',
    finish_reason: 'stop',
  })
})

test.each([
  ['JSON, cumulative', () => new JsonMetrics({ url: `${url}/v1/metrics` })],
  ['protobuf, cumulative', () => new ProtoMetrics({ url: `${url}/v1/metrics` })],
  [
    'protobuf, delta',
    () => new ProtoMetrics({ url: `${url}/v1/metrics`, temporalityPreference: AggregationTemporalityPreference.DELTA }),
  ],
])('metrics as %s', async (_, exporter) => {
  const reader = new PeriodicExportingMetricReader({ exporter: exporter(), exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({
    resource,
    readers: [reader],
    views: [{ instrumentName: '*.token.usage', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  })
  const meter = provider.getMeter('app')
  const duration = meter.createHistogram('gen_ai.client.operation.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [1, 2] },
  })
  const usage = meter.createHistogram('gen_ai.client.token.usage', { unit: '{token}' })
  const counter = meter.createCounter('gen_ai.client.inference.usage.input_tokens')
  const call = { 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' }
  const ask = (seconds: number, tokens: number) => {
    duration.record(seconds, call)
    usage.record(tokens, { ...call, 'gen_ai.token.type': 'input' })
    counter.add(tokens, call)
    meter.createHistogram('http.client.request.duration').record(seconds)
  }
  ask(0.5, 100)
  // An SDK that collects in the very millisecond of the first record says that it knows no start.
  await new Promise((resolve) => setTimeout(resolve, 5))
  await provider.forceFlush()
  ask(1.5, 1000)
  ask(9, 0)
  await provider.forceFlush()
  await provider.shutdown()
  const rows = batches.flatMap(({ genai_histograms = [] }) => genai_histograms)
  const of = (name: string) => rows.filter((row) => row.name === name)
  expect(of('gen_ai.client.operation.duration')).toMatchObject([
    { provider: 'openai', model: 'gpt-4o', count: 1, sum: 0.5, bounds: [1, 2], counts: [1, 0, 0] },
    { provider: 'openai', model: 'gpt-4o', count: 2, sum: 10.5, bounds: [1, 2], counts: [0, 1, 1] },
  ])
  expect(of('gen_ai.client.token.usage')).toMatchObject([
    { token_type: 'input', count: 1, sum: 100 },
    { token_type: 'input', count: 2, sum: 1000 },
  ])
  const [first, second] = of('gen_ai.client.token.usage')
  expect([bucketOf(first, 100), bucketOf(second, 1000), bucketOf(second, 0)]).toEqual([1, 1, 1])
  expect(new Set(rows.map(({ name }) => name)).size).toBe(2)
  const samples = batches.flatMap(({ metric_samples = [] }) => metric_samples)
  expect(samples.map(({ name, target }) => [name, target])).toContainEqual([
    'gen_ai.client.inference.usage.input_tokens',
    'otlp:shop',
  ])
})

/** Observations in the bucket that holds a value. */
function bucketOf(row: { bounds: number[]; counts: number[] } | undefined, value: number): number | undefined {
  const at = row?.bounds.findIndex((bound) => value <= bound) ?? -1
  return row?.counts.at(at)
}
