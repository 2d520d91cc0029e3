/**
 * What counting a call for /metrics costs, against the SDK's instruments and against the rest of the pipeline's work on it:
 * `npm run bench -- call-series [seconds]`.
 */
import { CallSeries } from '../collector/self/call-series.ts'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { emptyRequest, type LlmRequest } from '../records/llm-request.ts'

const [seconds = 2] = process.argv.slice(3).map(Number)

const calls: LlmRequest[] = Array.from({ length: 1024 }, (_, index) => ({
  ...emptyRequest(),
  provider: index % 3 === 0 ? 'anthropic' : 'openai',
  operation: 'chat',
  requested_model: `model-${index % 50}-2026-01-01`,
  model: `model-${index % 50}`,
  endpoint: `endpoint-${index % 5}`,
  status: index % 40 === 0 ? 'rate_limited' : 'ok',
  duration_ms: 100 + index * 7,
  ttft_ms: 20 + index,
  tpot_ms: 10 + (index % 40),
  input_tokens: index * 13,
  output_tokens: index,
  cost_usd: index / 1e6,
}))

function instruments(): (call: LlmRequest) => void {
  class Reader extends MetricReader {
    protected override onForceFlush = () => Promise.resolve()
    protected override onShutdown = () => Promise.resolve()
  }
  const meter = new MeterProvider({ readers: [new Reader()] }).getMeter('bench')
  const requests = meter.createCounter('requests')
  const cost = meter.createCounter('cost')
  const [duration, ttft, tpot, tokens] = ['duration', 'ttft', 'tpot', 'tokens'].map((name) =>
    meter.createHistogram(name),
  )
  return (call) => {
    const attributes = {
      'gen_ai.provider.name': call.provider,
      'gen_ai.operation.name': call.operation,
      'gen_ai.request.model': call.requested_model,
      'gen_ai.response.model': call.model,
      endpoint: call.endpoint,
    }
    requests.add(1, { ...attributes, status: call.status })
    duration?.record((call.duration_ms ?? 0) / 1000, attributes)
    ttft?.record((call.ttft_ms ?? 0) / 1000, attributes)
    tpot?.record((call.tpot_ms ?? 0) / 1000, attributes)
    tokens?.record(call.input_tokens ?? 0, { ...attributes, 'gen_ai.token.type': 'input' })
    tokens?.record(call.output_tokens ?? 0, { ...attributes, 'gen_ai.token.type': 'output' })
    cost.add(call.cost_usd ?? 0, attributes)
  }
}

/** Nanoseconds a call. */
function cost(work: (call: LlmRequest) => void): number {
  for (let round = 0; round < 20; round++) for (const call of calls) work(call)
  let done = 0
  const start = performance.now()
  let now = start
  for (; now < start + seconds * 1000; now = performance.now()) {
    for (const call of calls) work(call)
    done += calls.length
  }
  return ((now - start) * 1e6) / done
}

const series = new CallSeries()
process.stdout.write(`CallSeries            ${cost((call) => series.count(call)).toFixed(0)} ns a call\n`)
process.stdout.write(`instruments of the SDK ${cost(instruments()).toFixed(0)} ns a call\n`)
