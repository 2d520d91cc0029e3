/**
 * The child process of the demo: servers that stand in for a vLLM server, a DCGM exporter, OpenAI and Anthropic, and clients that
 * call them. It ends when it is told to, and when its parent is gone.
 */
import { createClients } from './clients.ts'
import type { FleetMessage, FleetOptions } from './messages.ts'
import { liveFault, type Fault } from './scenario.ts'
import { startAnthropic } from './stand-ins/anthropic.ts'
import { startDcgm } from './stand-ins/dcgm.ts'
import { startOpenAi } from './stand-ins/openai.ts'
import { startVllm } from './stand-ins/vllm.ts'
import { startEngineTraces } from './stand-ins/vllm-traces.ts'
import { startClientTelemetry } from './telemetry.ts'
import { startTraffic } from './traffic.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as FleetOptions
const send = (message: FleetMessage) => process.send?.(message)

const telemetry = startClientTelemetry(options.otlp_url)
const traces = startEngineTraces(options.otlp_url)
const [vllm, openai, anthropic] = await Promise.all([
  startVllm((call) => traces.record(call)),
  startOpenAi(),
  startAnthropic(),
])
const { engine } = vllm
let fault: Fault | null = null
const dcgm = await startDcgm((ms) => ({
  duty: engine.takeLoad(ms),
  batch: Math.min(engine.running / 16, 1),
  kv: engine.kvUsage,
  throttled: fault === 'gpu_throttling',
}))
const clients = createClients({ openai: openai.url, anthropic: anthropic.url, vllm: vllm.url })
const traffic = startTraffic(clients, () => fault, options.pace)

const started = performance.now()
const weather = setInterval(() => {
  const next = liveFault(options.faults, performance.now() - started)
  if (next === fault) return
  fault = next
  // What is left serves less than what comes in: the queue grows until requests wait longer than the shipped rule allows.
  engine.capacity = fault === 'queue_saturation' ? 0.08 : 1
  engine.slowdown = fault === 'gpu_throttling' ? 2.4 : 1
  openai.provider.limited = fault === 'rate_limit'
  send({ type: 'fault', fault })
}, 500)

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  clearInterval(weather)
  traffic.stop()
  await Promise.all([vllm.close(), openai.close(), anthropic.close(), dcgm.close()])
  // The receiver may be gone already: what cannot be sent in a second is not worth waiting for.
  await Promise.race([Promise.all([telemetry.stop(), traces.stop()]), new Promise((done) => setTimeout(done, 1000))])
  process.exit(0)
}
process.on('disconnect', () => void stop())
process.on('message', () => void stop())
// A terminal sends Ctrl-C to the whole group; the parent decides.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => void stop())

send({ type: 'ready', vllm_metrics: vllm.metricsUrl, dcgm_metrics: dcgm.metricsUrl })
