/** OpenTelemetry as an application would set it up: OTLP over protobuf, and baggage copied onto spans. */
import { createContextKey, metrics, propagation, type Context } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai'
import { startNodeSdk } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor, type Span, type SpanProcessor } from '@opentelemetry/sdk-trace'
import { demoEnvironment, demoService } from './scenario.ts'

/** Holds the span of the LLM call that an instrumentation starts within a context: the application may add to it. */
export interface CallSpan {
  span: Span | null
}

export const callSpanKey = createContextKey('demo call span')

/** Must run before an instrumented package is loaded. `otlpUrl` is the receiver's base URL. */
export function startClientTelemetry(otlpUrl: string): { stop(): Promise<void> } {
  const exporter = new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` })
  const openai = new OpenAIInstrumentation()
  // Its instruments are lost when its constructor ends: without them it throws while a stream is read.
  openai.setMeterProvider(metrics.getMeterProvider())
  const sdk = startNodeSdk({
    instrumentations: [openai],
    logLevel: 'none',
    resourceAttributes: {
      'service.name': demoService,
      'service.version': '1.4.0',
      'deployment.environment.name': demoEnvironment,
      'cloud.region': 'eu-central-1',
    },
    resourceDetectors: [],
    metricReaders: [],
    logRecordProcessors: [],
    spanProcessors: [
      new BaggageProcessor(),
      new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1000, maxExportBatchSize: 256 }),
    ],
  })
  return { stop: () => sdk.shutdown() }
}

/** Who asks and for what stands in the baggage of a request; every span below carries it. */
class BaggageProcessor implements SpanProcessor {
  onStart(span: Span, context: Context): void {
    for (const [key, { value }] of propagation.getBaggage(context)?.getAllEntries() ?? []) span.setAttribute(key, value)
    const call = context.getValue(callSpanKey) as CallSpan | undefined
    if (call && isLlmSpan(span)) call.span = span
  }

  onEnd(): void {}

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  shutdown(): Promise<void> {
    return Promise.resolve()
  }
}

const isLlmSpan = ({ attributes }: Span) => 'gen_ai.request.model' in attributes
