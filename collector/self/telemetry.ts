/**
 * The product's own spans and metrics. Metrics are read at /metrics; spans are exported only where OTEL_TRACES_EXPORTER
 * asks for it. OTEL_EXPORTER_OTLP_ENDPOINT alone does not: people set it in their shell, to our own receiver, for their
 * applications, and the product must not trace itself into its own tables by accident.
 */
import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { startNodeSdk } from '@opentelemetry/sdk-node'
import { callMetrics } from './call-metrics.ts'
import { CallSeries } from './call-series.ts'

export interface Telemetry {
  /** The Prometheus exposition of every instrument. */
  metricsText(): Promise<string>
  /** For the collector: what it counts is in `metricsText`. */
  calls: CallSeries
  /** Nothing is registered any more: the next one may start. */
  stop(): Promise<void>
}

/**
 * Registers the global meter and tracer providers: call it before any room starts, since an instrument that is made
 * earlier stays a no-op.
 */
export function startTelemetry(version: string, env: NodeJS.ProcessEnv = process.env): Telemetry {
  const calls = new CallSeries()
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [callMetrics(calls)] })
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true)
  const exportsSpans = env['OTEL_TRACES_EXPORTER'] !== undefined
  const sdk = startNodeSdk({
    logLevel: 'error',
    resourceAttributes: { 'service.name': 'inferwatch', 'service.version': version },
    // Detectors would publish the command line and the host's name.
    resourceDetectors: [],
    metricReaders: [exporter],
    logRecordProcessors: [],
    ...(exportsSpans ? {} : { spanProcessors: [] }),
  })
  observeProcess()
  return {
    calls,
    async metricsText() {
      const { resourceMetrics, errors } = await exporter.collect()
      if (errors.length > 0) throw new AggregateError(errors, 'some instruments could not be read')
      return serializer.serialize(resourceMetrics)
    },
    async stop() {
      await sdk.shutdown()
      for (const registered of [metrics, trace, context, propagation]) registered.disable()
    },
  }
}

/** What every Prometheus dashboard asks of a process, under the usual names. */
function observeProcess(): void {
  const meter = metrics.getMeter('inferwatch')
  meter
    .createObservableGauge('process.resident_memory_bytes', {
      unit: 'By',
      description: 'Resident memory of the main process',
    })
    .addCallback((result) => result.observe(process.memoryUsage.rss()))
  meter
    .createObservableCounter('process.cpu_seconds', {
      unit: 's',
      description: 'User and system CPU time of the main process',
    })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage()
      result.observe((user + system) / 1e6)
    })
  const started = Date.now() / 1000 - process.uptime()
  meter
    .createObservableGauge('process.start_time_seconds', {
      unit: 's',
      description: 'When the main process started, since 1970 UTC',
    })
    .addCallback((result) => result.observe(started))
}
