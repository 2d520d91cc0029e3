/**
 * Many metrics pages in one process, `/<n>/metrics`, whose values move with time; told over IPC what to say. It keeps when each
 * page was asked for: that is what shows scrapes that were missed or came all at once.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a page looks like. */
export type Shape = 'models' | 'vllm' | 'plain'

export interface Asked {
  /** Of each target, when it was asked: epoch ms. */
  times: number[][]
}

const bounds = ['0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '30', '+Inf']

const numbers = [
  'num_requests_running',
  'num_requests_waiting',
  'gpu_cache_usage_perc',
  'prompt_tokens_total',
  'generation_tokens_total',
  'request_success_total',
  'num_preemptions_total',
  'cpu_cache_usage_perc',
  'request_errors_total',
  'spec_decode_accepted_total',
  'prefix_cache_hits_total',
  'prefix_cache_queries_total',
  'corrupted_requests_total',
]

const [, , shape = 'models', targets = '50', series = '500'] = process.argv
const pages = Array.from({ length: Number(targets) }, (_, target) => linesOf(shape as Shape, target, Number(series)))
let times: number[][] = pages.map(() => [])
const started = Date.now()

const server = createServer((request, response) => {
  const target = Number(request.url?.split('/')[1])
  times[target]?.push(Date.now())
  const lines = pages[target] ?? []
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(pageOf(lines))
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
// An answer, and the times begin anew.
process.on('message', () => {
  process.send?.({ times } satisfies Asked)
  times = pages.map(() => [])
})
process.on('disconnect', () => process.exit())

function pageOf(lines: readonly string[]): string {
  const seconds = (Date.now() - started) / 1000
  let page = ''
  for (const [index, line] of lines.entries())
    page += line.startsWith('#')
      ? line
      : `${line} ${Math.trunc((index * 1.7 + seconds * (1 + (index % 13))) * 10) / 10}\n`
  return page
}

/** Samples without their values, and the comments between them. */
function linesOf(shape: Shape, target: number, count: number): string[] {
  const lines = shape === 'models' ? manyModels(target) : shape === 'vllm' ? oneModel(target) : plainSeries(target)
  const result: string[] = []
  let samples = 0
  for (const line of lines) {
    if (samples === count) break
    if (!line.startsWith('#')) samples++
    result.push(line)
  }
  return result
}

function* histogram(name: string, labels: string): Generator<string> {
  for (const bound of bounds) yield `${name}_bucket{${labels},le="${bound}"}`
  yield `${name}_count{${labels}}`
  yield `${name}_sum{${labels}}`
}

/** Every 25 series are of another model, as on the page of a router. */
function* manyModels(target: number): Generator<string> {
  yield '# TYPE vllm:e2e_request_latency_seconds histogram\n'
  for (let model = 0; ; model++) {
    const labels = `engine="${target}",model_name="model-${model}"`
    yield* histogram('vllm:e2e_request_latency_seconds', labels)
    for (const name of numbers) yield `vllm:${name}{${labels}}`
  }
}

/** One model with all its histograms, as on the page of one engine. */
function* oneModel(target: number): Generator<string> {
  const labels = `engine="${target}",model_name="model"`
  for (const name of numbers) yield `vllm:${name}{${labels}}`
  for (const name of ['time_to_first_token', 'inter_token_latency', 'e2e_request_latency', 'request_queue_time']) {
    yield `# TYPE vllm:${name}_seconds histogram\n`
    yield* histogram(`vllm:${name}_seconds`, labels)
  }
  for (let index = 0; ; index++) {
    yield `# TYPE vllm:other_${index}_seconds histogram\n`
    yield* histogram(`vllm:other_${index}_seconds`, labels)
  }
}

/** Nothing that has a column anywhere. */
function* plainSeries(target: number): Generator<string> {
  for (let index = 0; ; index++)
    yield `node_metric_${index % 40}{instance="node-${target}",device="device-${index}",mode="user"}`
}
