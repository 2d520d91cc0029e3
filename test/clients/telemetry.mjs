/** What the clients share: a provider that exports as OTEL_EXPORTER_OTLP_* say, and scenarios that are a trace each. */
import { SpanKind, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

const exporters = {
  grpc: '@opentelemetry/exporter-trace-otlp-grpc',
  'http/protobuf': '@opentelemetry/exporter-trace-otlp-proto',
  'http/json': '@opentelemetry/exporter-trace-otlp-http',
}

/** For whom all calls are made: only the span around them says so. */
export const user = `user-of-${process.env.CLIENT}`

/** Must run before the client is loaded, as in an application. Processors replace the exporter of the environment. */
export async function startTelemetry(spanProcessors) {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
    spanProcessors: spanProcessors ?? [new BatchSpanProcessor(await exporterOfEnvironment())],
  })
  provider.register()
  return provider
}

async function exporterOfEnvironment() {
  const { OTLPTraceExporter } = await import(exporters[process.env.OTEL_EXPORTER_OTLP_PROTOCOL])
  return new OTLPTraceExporter()
}

/**
 * Runs all scenarios at once, each in a trace of its own and against a path of the endpoint of its own, flushes, and
 * prints `{ <scenario>: { trace_id, error } }`. A scenario gets its base URL.
 */
export async function runScenarios(provider, scenarios) {
  // Where an instrumentation leaves a failed stream unhandled, an application would end; its other traces are still wanted.
  process.on('unhandledRejection', () => {})
  const { CLIENT: client, ENDPOINT: endpoint } = process.env
  const tracer = trace.getTracer('application')
  const ended = Object.entries(scenarios).map(([name, scenario]) =>
    tracer.startActiveSpan(
      `POST /${name}`,
      { kind: SpanKind.SERVER, attributes: { 'user.id': user } },
      async (root) => {
        const error = await scenario(`${endpoint}/${client}-${name}`).then(
          () => '',
          (reason) => String(reason),
        )
        root.end()
        return [name, { trace_id: root.spanContext().traceId, error }]
      },
    ),
  )
  const traces = Object.fromEntries(await Promise.all(ended))
  await provider.shutdown()
  process.stdout.write(JSON.stringify(traces))
}
