/**
 * OTLP (protobuf over HTTP and gRPC, JSON) → durable → queryable, against raw RowBinary inserts of the same rows into the same engine:
 * `npm run bench -- ingest [seconds] [rounds] [connections] [case …]`. The load generator shares the machine.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pricesConfig, spoolConfig, type ContentMode } from '../collector/config.ts'
import { decodeProtobuf } from '../collector/otlp/decode-protobuf.ts'
import { requestOf } from '../collector/otlp/dialects/index.ts'
import { createPricer } from '../collector/pricing.ts'
import { createRedactor } from '../collector/redact.ts'
import { ClickhouseDb } from '../storage/client.ts'
import { RowBinaryWriter } from '../storage/rowbinary.ts'
import { tables, type Table } from '../storage/tables.ts'
import type { Ask, Counts, Started } from './support/collector-process.ts'
import { llmSpans } from './support/llm-spans.ts'
import { transports, type Transport } from './support/transports.ts'

const spansPerRequest = 500
const segmentBytes = spoolConfig.parse({}).segment_bytes
interface Case {
  transport: Transport
  /** Prompt and answer of a span together. */
  contentBytes: number
  content: ContentMode
}
const { http, grpc, json } = transports
const cases: Record<string, Case> = {
  'no-content': { transport: http, contentBytes: 0, content: 'redacted' },
  'no-content-grpc': { transport: grpc, contentBytes: 0, content: 'redacted' },
  'no-content-json': { transport: json, contentBytes: 0, content: 'redacted' },
  '2kB-redacted': { transport: http, contentBytes: 2048, content: 'redacted' },
  '2kB-redacted-grpc': { transport: grpc, contentBytes: 2048, content: 'redacted' },
  '2kB-redacted-json': { transport: json, contentBytes: 2048, content: 'redacted' },
  '2kB-full': { transport: http, contentBytes: 2048, content: 'full' },
}
const [seconds = 5, rounds = 3, connections = 8] = process.argv.slice(3, 6).map(Number)
const chosen = process.argv.length > 6 ? process.argv.slice(6) : Object.keys(cases)

print(
  `${rounds} rounds of ${seconds} s each way, taking turns; medians. ${connections} connections, ${spansPerRequest} spans a request.\n`,
)
print(
  '| case | acked, spans/s | queryable, spans/s | ack p50, ms | p99, ms | raw inserts, spans/s | ratio | collector, µs/span | engine, µs/span | RSS, MB |',
)
print('|---|---|---|---|---|---|---|---|---|---|')
for (const name of chosen) await measure(name)

interface Round {
  acked: number
  queryable: number
  p50: number
  p99: number
  raw: number
  ratio: number
  collector: number
  engine: number
  rss: number
}

async function measure(name: string): Promise<void> {
  const setting = cases[name]
  if (!setting) throw new Error(`no case ${name}: ${Object.keys(cases).join(', ')}`)
  const dataDir = await mkdtemp(join(tmpdir(), 'inferwatch-bench-'))
  const profile = process.env['BENCH_PROFILE']
  const child = fork(new URL('support/collector-process.ts', import.meta.url), [dataDir, setting.content], {
    execArgv: profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [],
  })
  try {
    const [started] = (await once(child, 'message')) as [Started]
    // One second to warm up; it is drained before the clock starts.
    await load(started, setting, 1)
    await ask(child, { type: 'drained' })
    const all: Round[] = []
    for (let round = 0; round < rounds; round++) {
      const taken = await takeIn(child, started, setting)
      const raw = await rawInserts(started, setting, round)
      all.push({ ...taken, raw, ratio: taken.queryable / raw })
    }
    const median = (field: keyof Round) => all.map((round) => round[field]).sort((a, b) => a - b)[rounds >> 1] ?? NaN
    const cells = (['acked', 'queryable', 'p50', 'p99', 'raw'] as const).map((field) => whole(median(field)))
    cells.push(
      median('ratio').toFixed(2),
      median('collector').toFixed(1),
      median('engine').toFixed(1),
      whole(median('rss')),
    )
    print(`| ${name} | ${cells.join(' | ')} |`)
  } finally {
    if (child.connected) child.send({ type: 'stop' } satisfies Ask)
    await once(child, 'exit')
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** One round through the collector; throws unless every acknowledged span is there. */
async function takeIn(child: ChildProcess, addresses: Started, setting: Case) {
  const before = await ask<Counts>(child, { type: 'counts' })
  const started = performance.now()
  const sent = await load(addresses, setting, seconds)
  const acked_s = (performance.now() - started) / 1000
  await ask(child, { type: 'drained' })
  const queryable_s = (performance.now() - started) / 1000
  const after = await ask<Counts>(child, { type: 'counts' })
  for (const table of ['spans', 'requests'] as const) {
    const stored = after[table] - before[table]
    if (stored !== sent.spans) throw new Error(`${sent.spans} spans acknowledged, ${stored} rows in ${table}`)
  }
  const perSpan = (cpu: 'collector_cpu_s' | 'engine_cpu_s') => ((after[cpu] - before[cpu]) * 1e6) / sent.spans
  const times = sent.latencies_ms.sort((a, b) => a - b)
  return {
    acked: sent.spans / acked_s,
    queryable: sent.spans / queryable_s,
    p50: times[Math.floor(times.length / 2)] ?? NaN,
    p99: times[Math.floor(times.length * 0.99)] ?? NaN,
    collector: perSpan('collector_cpu_s'),
    engine: perSpan('engine_cpu_s'),
    rss: after.rss_mb,
  }
}

/** Every connection sends one request after the other; only what was acknowledged counts. */
async function load(addresses: Started, { transport, contentBytes }: Case, forSeconds: number) {
  const end = performance.now() + forSeconds * 1000
  const latencies_ms: number[] = []
  let spans = 0
  const sender = async (seed: number) => {
    const body = llmSpans(spansPerRequest, contentBytes, seed, transport.encoding)
    const connection = transport.connect(addresses)
    while (performance.now() < end) {
      body.renew()
      const started = performance.now()
      await connection.send(body.bytes)
      latencies_ms.push(performance.now() - started)
      spans += body.spans
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, (_, index) => sender(index + 1)))
  return { spans, latencies_ms }
}

/**
 * The same spans and requests as RowBinary, both tables at once, in bodies of a segment's size; the next bodies are
 * encoded while the engine works on the last. Spans per second.
 */
async function rawInserts({ clickhouse, password }: Started, setting: Case, round: number): Promise<number> {
  const db = new ClickhouseDb({ url: clickhouse, database: 'inferwatch', username: 'writer', password })
  const { spans, requests } = rowsOf(setting)
  const perBatch = Math.round((segmentBytes * spans.length) / encode(tables.spans, spans, 0, spans.length).length)
  const started = performance.now()
  let count = 0
  let inserting: Promise<unknown> = Promise.resolve()
  while (performance.now() - started < seconds * 1000) {
    const bodies = [encode(tables.spans, spans, count, perBatch), encode(tables.requests, requests, count, perBatch)]
    await inserting
    const token = `raw-${round}-${count}`
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
function rowsOf({ contentBytes, content }: Case) {
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
  return { spans: decoded.spans.map((span) => redactor.span(span, '')), requests }
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
