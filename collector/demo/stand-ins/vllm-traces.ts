/** vLLM's own spans, as its tracing sends them: one `llm_request` for each request, with what the engine measured. */
import { SpanKind } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { TracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace'
import { demoEnvironment, vllmModel } from '../scenario.ts'
import type { Timing } from './vllm-engine.ts'

export interface EngineCall extends Timing {
  /** Of the answer, which the client's span has too: no trace context connects the two. */
  id: string
  prompt_tokens: number
  cached_tokens: number
  answer_tokens: number
  finish_reason: string
}

export interface EngineTraces {
  record(call: EngineCall): void
  stop(): Promise<void>
}

/** `otlpUrl` is the receiver's base URL. */
export function startEngineTraces(otlpUrl: string): EngineTraces {
  const exporter = new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'demo-vllm',
      'deployment.environment.name': demoEnvironment,
      'gen_ai.response.model': vllmModel,
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1000, maxExportBatchSize: 256 })],
  })
  const tracer = provider.getTracer('vllm.llm_engine')
  return {
    record(call) {
      const seconds = (from: number, to: number) => (to - from) / 1000
      const { arrived, scheduled, firstToken, ended } = call
      const span = tracer.startSpan('llm_request', {
        kind: SpanKind.SERVER,
        startTime: arrived,
        root: true,
        attributes: {
          'gen_ai.request.id': call.id,
          'gen_ai.usage.prompt_tokens': call.prompt_tokens,
          'gen_ai.usage.cached_tokens': call.cached_tokens,
          'gen_ai.usage.completion_tokens': call.answer_tokens,
          'gen_ai.response.finish_reasons': [call.finish_reason],
          'gen_ai.latency.time_in_queue': seconds(arrived, scheduled),
          'gen_ai.latency.time_to_first_token': seconds(arrived, firstToken),
          'gen_ai.latency.time_in_model_prefill': seconds(scheduled, firstToken),
          'gen_ai.latency.time_in_model_decode': seconds(firstToken, ended),
          'gen_ai.latency.e2e': seconds(arrived, ended),
        },
      })
      span.end(ended)
    },
    stop: () => provider.shutdown(),
  }
}
