/**
 * A steady load for a long while: does memory or the spool grow, and how long after its ack can a span be queried?
 * `npm run bench -- soak [minutes] [spans/s]`. The load generator shares the machine.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonRequest, jsonSpan, toProtobuf } from '../collector/otlp/testing.ts'
import { ClickhouseDb } from '../storage/client.ts'
import type { Ask, Started } from './support/collector-process.ts'
import { llmSpans } from './support/llm-spans.ts'
import { childrenOf, rssBytes } from './support/processes.ts'

const spansPerRequest = 500
const connections = 8
const sampleMs = 1_000
const markerMs = 200
const pollMs = 50
const [minutes = 10, spansPerSecond = 10_000] = process.argv.slice(3, 5).map(Number)
/** A mark that no query saw this long after the end is lost. */
const patienceMs = 60_000
let endsAt = Infinity

interface Sample {
  collector_mb: number
  engine_mb: number
  spool_mb: number
}

const dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-soak-'))
const child = fork(new URL('support/collector-process.ts', import.meta.url), [dataDir, 'redacted'], { execArgv: [] })
const agent = new Agent({ keepAlive: true, maxSockets: connections + 1 })
try {
  const [started] = (await once(child, 'message')) as [Started]
  const { otlp_http: otlp, clickhouse, password } = started
  const db = new ClickhouseDb({ url: clickhouse, database: 'inferwatch', username: 'writer', password })
  const samples: Sample[] = []
  endsAt = performance.now() + minutes * 60_000
  const [load, visible] = await Promise.all([pacedLoad(otlp), markers(otlp, db), sampleWhile(child.pid ?? 0, samples)])
  await db.close()
  report(load, visible, samples)
} finally {
  agent.destroy()
  if (child.connected) child.send({ type: 'stop' } satisfies Ask)
  await once(child, 'exit')
  await rm(dataDir, { recursive: true, force: true })
}

interface LoadResult {
  spans: number
  ack_ms: number[]
  /** Requests that could not be sent when they were due, every connection being busy, and by how much at most. */
  late: number
  most_late_ms: number
}

/** Requests become due at an even pace, whether the ones before are answered or not. */
async function pacedLoad(address: string): Promise<LoadResult> {
  const result: LoadResult = { spans: 0, ack_ms: [], late: 0, most_late_ms: 0 }
  const everyMs = (spansPerRequest / spansPerSecond) * 1000
  const begun = performance.now()
  let number = 0
  const connection = async (seed: number) => {
    const body = llmSpans(spansPerRequest, 0, seed)
    for (;;) {
      const due = begun + number++ * everyMs
      if (due >= endsAt) return
      const early = due - performance.now()
      if (early > 0) await sleep(early)
      else if (early < -everyMs) {
        result.late++
        result.most_late_ms = Math.max(result.most_late_ms, -early)
      }
      body.renew()
      result.ack_ms.push(await post(address, body.bytes))
      result.spans += body.spans
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => connection(index + 1)))
  return result
}

/** Single spans among the load: ms from the ack to a query that sees them. */
async function markers(address: string, db: ClickhouseDb): Promise<number[]> {
  const pending = new Map<string, number>()
  const visible_ms: number[] = []
  let sent = 0
  const send = async () => {
    while (performance.now() < endsAt) {
      const traceId = (++sent).toString(16).padStart(32, 'd')
      const now = `${Date.now()}000000`
      const span = jsonSpan({ traceId, startTimeUnixNano: now, endTimeUnixNano: now })
      await post(address, toProtobuf(jsonRequest([span])))
      pending.set(traceId, performance.now())
      await sleep(markerMs)
    }
  }
  const sending = send()
  while (performance.now() < endsAt || pending.size > 0) {
    if (performance.now() > endsAt + patienceMs) throw new Error(`${pending.size} acked spans cannot be queried`)
    const rows = await db.query<{ trace_id: string }>(
      'SELECT trace_id FROM spans WHERE timestamp > now() - 120 AND has({ids:Array(String)}, trace_id)',
      { ids: [...pending.keys()] },
      { settings: { final: 0 } },
    )
    for (const { trace_id } of rows) {
      const ackedAt = pending.get(trace_id)
      if (ackedAt !== undefined) visible_ms.push(performance.now() - ackedAt)
      pending.delete(trace_id)
    }
    await sleep(pollMs)
  }
  await sending
  return visible_ms
}

async function sampleWhile(pid: number, samples: Sample[]): Promise<void> {
  const mebibytes = (bytes: number) => bytes / 2 ** 20
  while (performance.now() < endsAt) {
    samples.push({
      collector_mb: mebibytes(rssBytes(pid)),
      engine_mb: mebibytes(childrenOf(pid).reduce((sum, one) => sum + rssBytes(one), 0)),
      spool_mb: mebibytes(directoryBytes(join(dataDir, 'spool'))),
    })
    await sleep(sampleMs)
  }
}

function directoryBytes(directory: string): number {
  // Segments come and go while this looks.
  const sizeOf = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0
  return readdirSync(directory).reduce((sum, name) => sum + sizeOf(name), 0)
}

/** Ms until it was acknowledged. Throws on any other answer: the load is one that must be taken. */
async function post(address: string, body: Buffer): Promise<number> {
  const started = performance.now()
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
  const call = request(`http://${address}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode ?? 0))
  })
  call.on('error', reject)
  call.end(body)
  const status = await promise
  if (status !== 200) throw new Error(`answered ${status}`)
  return performance.now() - started
}

function report(load: LoadResult, visible_ms: number[], samples: Sample[]): void {
  const third = Math.ceil(samples.length / 3)
  const first = samples.slice(0, third)
  const last = samples.slice(-third)
  const mean = (part: Sample[], field: keyof Sample) =>
    part.reduce((sum, sample) => sum + sample[field], 0) / part.length
  const rate = Math.round(load.spans / (minutes * 60))
  print(`${minutes} min at ${spansPerSecond} spans/s: ${load.spans} spans acked, ${rate} a second.`)
  print(`${load.late} requests of ${load.ack_ms.length} were sent late, ${Math.round(load.most_late_ms)} ms at most.\n`)
  print('| | first third, mean | last third, mean | growth | most |')
  print('|---|---|---|---|---|')
  for (const [name, field] of Object.entries({
    'collector RSS, MiB': 'collector_mb',
    'engine RSS, MiB': 'engine_mb',
    'spool, MiB': 'spool_mb',
  } satisfies Record<string, keyof Sample>)) {
    const [before, after] = [mean(first, field), mean(last, field)]
    const most = Math.max(...samples.map((sample) => sample[field]))
    const growth = `${(((after - before) / before) * 100).toFixed(1)} %`
    print(`| ${name} | ${before.toFixed(1)} | ${after.toFixed(1)} | ${growth} | ${most.toFixed(1)} |`)
  }
  print('\n| | p50, ms | p99, ms | most, ms |')
  print('|---|---|---|---|')
  print(`| ack | ${quantiles(load.ack_ms)} |`)
  print(`| from ack to visible in a query (${visible_ms.length} marks) | ${quantiles(visible_ms)} |`)
}

function quantiles(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) =>
    Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN)
  return [at(0.5), at(0.99), at(1)].join(' | ')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
