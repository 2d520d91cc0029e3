/**
 * A short-lived child process that writes the demo's past as RowBinary files, newest hour first, and tells its parent of each: the
 * parent only streams them to ClickHouse and goes on serving.
 */
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import type { LlmRequest } from '../../../records/llm-request.ts'
import { RowBinaryWriter } from '../../../storage/rowbinary.ts'
import { tables, type TableRows } from '../../../storage/tables.ts'
import { createPricer } from '../../pricing.ts'
import type { BackfillFile, BackfillOptions } from '../messages.ts'
import { seeded } from '../random.ts'
import { vllmEndpoint } from '../scenario.ts'
import { pastRequests } from './requests.ts'
import { pastGpuSamples, pastServerSample, sampleMs } from './samples.ts'
import { pastSpans } from './spans.ts'

const minuteMs = 60_000
const chunkMinutes = 60
/** Spans are for looking at single requests: the newest are enough. */
const spanMinutes = 60
/** Files that may wait for the parent. */
const ahead = 2

const options = JSON.parse(process.argv[2] ?? '{}') as BackfillOptions
const pricer = createPricer(options.prices)
const skip = new Set(options.skip)
const writer = new RowBinaryWriter(8 * 1024 * 1024)
const instance = new URL(options.vllm_url).host
/** One for each file, resolved once the parent has stored it. */
const stored: Promise<void>[] = []
const confirm: (() => void)[] = []

// A demo must not slow down what it demonstrates.
setPriority(10)
process.on('message', () => confirm.shift()?.())
process.on('disconnect', () => process.exit(0))

const first = Math.ceil(options.from / minuteMs)
const end = Math.floor(options.to / minuteMs)
for (let to = end; to > first; to -= chunkMinutes) await writeChunk(Math.max(to - chunkMinutes, first), to)
await Promise.all(stored)
process.disconnect()

async function writeChunk(from: number, to: number): Promise<void> {
  const minutes = Array.from({ length: to - from }, (_, at) => from + at).filter((minute) => !skip.has(minute))
  const requests = minutes.map((minute) => pastRequests(minute, { vllm_instance: instance }))
  for (const request of requests.flat()) pricer(request)
  await write('requests', requests.flat())
  const samples = minutes.flatMap((minute, at) => samplesOf(minute, requests[at] ?? []))
  await write(
    'server_samples',
    samples.map(({ server }) => server),
  )
  await write(
    'gpu_samples',
    samples.flatMap(({ gpus }) => gpus),
  )
  if (to > end - spanMinutes) await write('spans', requests.flat().flatMap(pastSpans))
}

function samplesOf(minute: number, requests: readonly LlmRequest[]) {
  const random = seeded(Math.imul(minute, 40_503))
  const own = requests.filter(({ endpoint }) => endpoint === vllmEndpoint)
  return Array.from({ length: minuteMs / sampleMs }, (_, part) => {
    const startMs = minute * minuteMs + part * sampleMs
    const endMs = startMs + sampleMs
    const within = own.filter(({ timestamp }) => timestamp >= startMs * 1000 && timestamp < endMs * 1000)
    const server = pastServerSample(endMs, within, instance)
    return {
      server,
      gpus: pastGpuSamples(endMs, server.running ?? 0, server.kv_cache_ratio ?? 0, options.dcgm_url, random),
    }
  })
}

async function write<T extends keyof TableRows>(table: T, rows: TableRows[T][]): Promise<void> {
  if (rows.length === 0) return
  await stored.at(-ahead)
  writer.reset()
  for (const row of rows) tables[table].encode(writer, row)
  const path = join(options.directory, `${stored.length}-${table}.rowbinary`)
  writeFileSync(path, writer.view())
  stored.push(new Promise((done) => confirm.push(done)))
  const file: BackfillFile = { table, path, rows: rows.length }
  process.send?.(file)
}
