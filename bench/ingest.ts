/**
 * OTLP/HTTP protobuf → durable → queryable, against raw RowBinary inserts of the same rows into the same engine:
 * `npm run bench -- ingest [seconds] [connections] [case …]`. The load generator shares the machine.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pricesConfig, type ContentMode } from '../collector/config.ts'
import { decodeProtobuf } from '../collector/otlp/decode-protobuf.ts'
import { requestOf } from '../collector/otlp/dialects/index.ts'
import { createPricer } from '../collector/pricing.ts'
import { createRedactor } from '../collector/redact.ts'
import { ClickhouseDb } from '../storage/client.ts'
import { RowBinaryWriter } from '../storage/rowbinary.ts'
import { tables, type Table } from '../storage/tables.ts'
import type { Ask, Counts } from './support/collector-process.ts'
import { llmSpans } from './support/llm-spans.ts'

const spansPerRequest = 500
const segmentBytes = 8 * 2 ** 20
const cases: Record<string, { contentBytes: number; content: ContentMode }> = {
  'no-content': { contentBytes: 0, content: 'redacted' },
  '2kB-redacted': { contentBytes: 2048, content: 'redacted' },
  '2kB-full': { contentBytes: 2048, content: 'full' },
}
const [seconds = 6, connections = 8] = process.argv.slice(3, 5).map(Number)
const chosen = process.argv.length > 5 ? process.argv.slice(5) : Object.keys(cases)

print(
  '| case | acked, spans/s | queryable, spans/s | ack p50, ms | p99, ms | raw inserts, spans/s | ratio | collector, µs/span | engine, µs/span | RSS, MB |',
)
print('|---|---|---|---|---|---|---|---|---|---|')
for (const name of chosen) await measure(name)

async function measure(name: string): Promise<void> {
  const { contentBytes, content } = cases[name] ?? { contentBytes: 0, content: 'redacted' }
  const dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-bench-'))
  const child = fork(new URL('support/collector-process.ts', import.meta.url), [dataDir, content], {
    execArgv: process.env['BENCH_PROFILE'] ? ['--cpu-prof', `--cpu-prof-dir=${process.env['BENCH_PROFILE']}`] : [],
  })
  try {
    const [{ otlp, clickhouse, password }] = (await once(child, 'message')) as [Record<string, string>]
    // One second to warm up; it is drained before the clock starts.
    await load(otlp ?? '', contentBytes, 1)
    await ask(child, { type: 'drained' })
    const before = await ask<Counts>(child, { type: 'counts' })

    const started = performance.now()
    const sent = await load(otlp ?? '', contentBytes, seconds)
    const acked = (performance.now() - started) / 1000
    await ask(child, { type: 'drained' })
    const queryable = (performance.now() - started) / 1000
    const after = await ask<Counts>(child, { type: 'counts' })
    for (const table of ['spans', 'requests'] as const)
      if (after[table] - before[table] !== sent.spans)
        throw new Error(`${sent.spans} spans acknowledged, ${after[table] - before[table]} rows in ${table}`)

    const raw = await rawInserts(clickhouse ?? '', password ?? '', contentBytes, content)
    const perSpan = (cpu: 'collector_cpu_s' | 'engine_cpu_s') => ((after[cpu] - before[cpu]) * 1e6) / sent.spans
    const times = sent.latencies_ms.sort((a, b) => a - b)
    const rate = sent.spans / queryable
    const columns = [
      name,
      whole(sent.spans / acked),
      whole(rate),
      whole(times[Math.floor(times.length / 2)] ?? NaN),
      whole(times[Math.floor(times.length * 0.99)] ?? NaN),
      whole(raw),
      (rate / raw).toFixed(2),
      perSpan('collector_cpu_s').toFixed(1),
      perSpan('engine_cpu_s').toFixed(1),
      whole(after.rss_mb),
    ]
    print(`| ${columns.join(' | ')} |`)
  } finally {
    if (child.connected) child.send({ type: 'stop' } satisfies Ask)
    await once(child, 'exit')
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Every connection posts one request after the other; only what was answered 200 counts. */
async function load(address: string, contentBytes: number, forSeconds: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const end = performance.now() + forSeconds * 1000
  const latencies_ms: number[] = []
  let spans = 0
  const sender = async (seed: number) => {
    const body = llmSpans(spansPerRequest, contentBytes, seed)
    while (performance.now() < end) {
      body.renew()
      const started = performance.now()
      const status = await post(agent, address, body.bytes)
      if (status !== 200) throw new Error(`answered ${status}`)
      latencies_ms.push(performance.now() - started)
      spans += body.spans
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => sender(index + 1)))
  agent.destroy()
  return { spans, latencies_ms }
}

function post(agent: Agent, address: string, body: Buffer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
  const call = request(`http://${address}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode ?? 0))
  })
  call.on('error', reject)
  call.end(body)
  return promise
}

/**
 * The same spans and requests as RowBinary, both tables at once, in bodies of a segment's size; the next bodies are
 * encoded while the engine works on the last. Spans per second.
 */
async function rawInserts(url: string, password: string, contentBytes: number, content: ContentMode): Promise<number> {
  const db = new ClickhouseDb({ url, database: 'inferwatch', username: 'writer', password })
  const { spans, requests } = rowsOf(contentBytes, content)
  const perBatch = Math.round((segmentBytes * spans.length) / encode(tables.spans, spans, 0, spans.length).length)
  const started = performance.now()
  let count = 0
  let inserting: Promise<unknown> = Promise.resolve()
  while (performance.now() - started < seconds * 1000) {
    const bodies = [encode(tables.spans, spans, count, perBatch), encode(tables.requests, requests, count, perBatch)]
    await inserting
    const token = `raw-${count}`
    inserting = Promise.all([
      db.insertRowBinary('spans', columnsOf(tables.spans), bodies[0] as Buffer, token),
      db.insertRowBinary('requests', columnsOf(tables.requests), bodies[1] as Buffer, token),
    ])
    count += perBatch
  }
  await inserting
  const rate = count / ((performance.now() - started) / 1000)
  await db.close()
  return rate
}

/** `rows`, again and again with new ids, until there are `count` of them. */
function encode<Row extends { trace_id: string }>(
  table: Table<Row>,
  rows: readonly Row[],
  first: number,
  count: number,
) {
  const writer = new RowBinaryWriter(segmentBytes * 2)
  for (let i = first; i < first + count; i++) {
    const row = rows[i % rows.length] as Row
    row.trace_id = i.toString(16).padStart(32, 'c')
    table.encode(writer, row)
  }
  return writer.view()
}

function columnsOf<Row>(table: Table<Row>): string[] {
  return table.columns.map((column) => column.name)
}

/** What the collector stores of the load generator's spans. */
function rowsOf(contentBytes: number, content: ContentMode) {
  const body = llmSpans(spansPerRequest, contentBytes)
  body.renew()
  const redactor = createRedactor(content)
  const price = createPricer(pricesConfig.parse({}))
  const now = Date.now() * 1000
  const decoded = decodeProtobuf(body.bytes, { max_attribute_bytes: 2 ** 18, now })
  const requests = decoded.spans.flatMap((span) => {
    const found = requestOf(span)
    if (!found) return []
    price(found)
    redactor.request(found)
    return [found]
  })
  if (requests.length !== body.spans) throw new Error(`${requests.length} requests of ${body.spans} spans`)
  return { spans: decoded.spans.map((span) => redactor.span(span)), requests }
}

async function ask<Answer = unknown>(child: ChildProcess, message: Ask): Promise<Answer> {
  child.send(message)
  return ((await once(child, 'message')) as [Answer])[0]
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
