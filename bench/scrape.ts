/**
 * Scraping with the whole product, against Debian's Prometheus with the same targets, taking turns; then a thousand targets that
 * must not be asked all at once, and the parser alone: `npm run bench -- scrape [seconds] [shape …]`. Shapes are models (20 models
 * a page), vllm (one model), plain (every series into metric_samples). BENCH_PROFILE names a folder for CPU profiles of ours.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ExpositionParser } from '../collector/scrape/exposition.ts'
import { capture, capturedPages } from '../collector/scrape/testing.ts'
import { ClickhouseDb } from '../storage/client.ts'
import { prometheus, setUpDebianTools } from '../test/support/debian.ts'
import { instanceFolder, removeFolder, startInstance } from '../test/support/instance.ts'
import { cpuSeconds, rssBytes } from './support/processes.ts'
import type { Asked, Shape } from './support/scrape-targets.ts'

const targets = 50
const series = 500
const warmSeconds = 5
const [seconds = 60] = process.argv.slice(3, 4).map(Number)
const shapes = (process.argv.length > 4 ? process.argv.slice(4) : ['models', 'vllm', 'plain']) as Shape[]

interface Scraping {
  /** Named processes, whose CPU and memory count. */
  pids: Record<string, number>
  /** What it holds on disk. */
  storedBytes(): Promise<number>
  stop(): Promise<unknown>
}

interface Measured {
  /** CPU of one core, in percent, by process. */
  cpu: Record<string, number>
  total: number
  rssMb: number
  storedMb: number
  scrapes: number
  missed: number
}

const notices = prometheus() ? [] : await setUpDebianTools(new URL('../test/.output', import.meta.url).pathname)
for (const notice of notices) print(`${notice}\n`)

print(
  `${targets} targets, ${series} series each, every second for ${seconds} s after ${warmSeconds} s; CPU in % of one core.\n`,
)
print('| page | by | CPU | of it | of Prometheus | RSS, MB | stored, MB | scrapes | missed |')
print('|---|---|---|---|---|---|---|---|---|')
for (const shape of shapes) {
  const peer = prometheus() ? await measure(shape, startPrometheus) : null
  if (peer) report(shape, 'Prometheus', peer, peer)
  report(shape, 'Inferwatch', await measure(shape, startOurs), peer)
}
await herd()
parsers()

async function measure(shape: Shape, start: (urls: string[]) => Promise<Scraping>): Promise<Measured> {
  const standIn = fork(new URL('support/scrape-targets.ts', import.meta.url), [shape, `${targets}`, `${series}`])
  const [port] = (await once(standIn, 'message')) as [number]
  const urls = Array.from({ length: targets }, (_, index) => `http://127.0.0.1:${port}/${index}/metrics`)
  const scraping = await start(urls)
  try {
    await sleep(warmSeconds * 1000)
    await asked(standIn)
    const cpuNow = () => Object.fromEntries(Object.entries(scraping.pids).map(([name, pid]) => [name, cpuSeconds(pid)]))
    const before = cpuNow()
    const storedBefore = await scraping.storedBytes()
    const started = performance.now()
    await sleep(seconds * 1000)
    const after = cpuNow()
    const elapsed = (performance.now() - started) / 1000
    const { times } = await asked(standIn)
    const cpu = Object.fromEntries(
      Object.entries(after).map(([name, value]) => [name, ((value - (before[name] ?? 0)) / elapsed) * 100]),
    )
    return {
      cpu,
      total: sum(Object.values(cpu)),
      rssMb: sum(Object.values(scraping.pids).map(rssBytes)) / 2 ** 20,
      storedMb: ((await scraping.storedBytes()) - storedBefore) / 2 ** 20,
      scrapes: sum(times.map(({ length }) => length)),
      missed: sum(times.map((of) => missed(of, 1000, elapsed * 1000))),
    }
  } finally {
    await scraping.stop()
    standIn.disconnect()
  }
}

/** A gap of two intervals is one scrape missed. */
function missed(times: readonly number[], intervalMs: number, elapsedMs: number): number {
  if (times.length === 0) return Math.floor(elapsedMs / intervalMs)
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time))
  return sum(gaps.map((gap) => Math.max(Math.round(gap / intervalMs) - 1, 0)))
}

async function asked(standIn: ChildProcess): Promise<Asked> {
  standIn.send('asked')
  const [answer] = (await once(standIn, 'message')) as [Asked]
  return answer
}

async function startOurs(urls: string[], interval = '1s'): Promise<Scraping> {
  const scrape = { interval, timeout: interval, targets: urls.map((url) => ({ url })) }
  const folder = instanceFolder({ scrape })
  const profile = process.env['BENCH_PROFILE']
  const env = profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } : {}
  const instance = await startInstance(folder, [], env)
  const password = readFileSync(join(folder, 'data', 'keys', 'writer'), 'utf8').trim()
  const db = new ClickhouseDb({ url: instance.urls.clickhouse, database: 'inferwatch', username: 'writer', password })
  return {
    pids: { collector: instance.pid, engine: instance.enginePid() ?? 0 },
    // Of what the engine has merged so far; what it replaced lies there for some minutes more.
    async storedBytes() {
      const [row] = await db.query<{ bytes: number }>(
        'select sum(bytes_on_disk) as bytes from system.parts where active',
      )
      return row?.bytes ?? 0
    },
    async stop() {
      await db.close()
      await instance.stop()
      removeFolder(folder)
    },
  }
}

async function startPrometheus(urls: string[]): Promise<Scraping> {
  const folder = mkdtempSync(join(tmpdir(), 'inferwatch-prometheus-'))
  const data = join(folder, 'data')
  mkdirSync(data)
  const jobs = urls.map((url) => {
    const { host, pathname } = new URL(url)
    return { targets: [host], labels: { __metrics_path__: pathname, instance: pathname } }
  })
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [{ job_name: 'bench', static_configs: jobs }],
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${await freePort()}`,
  ]
  const child = spawn(prometheus() ?? '', args, { stdio: 'ignore' })
  return {
    pids: { prometheus: child.pid ?? 0 },
    storedBytes: () => Promise.resolve(folderBytes(data)),
    async stop() {
      child.kill()
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A thousand targets every 15 s: how many are asked in the same tenth of a second, at the start and later. */
async function herd(): Promise<void> {
  const many = 1000
  const standIn = fork(new URL('support/scrape-targets.ts', import.meta.url), ['vllm', `${many}`, '13'])
  const [port] = (await once(standIn, 'message')) as [number]
  const urls = Array.from({ length: many }, (_, index) => `http://127.0.0.1:${port}/${index}/metrics`)
  const ours = await startOurs(urls, '15s')
  try {
    await sleep(Math.min(seconds, 15) * 1000)
    const first = (await asked(standIn)).times.flat()
    const before = cpuSeconds(ours.pids['collector'] ?? 0)
    await sleep(Math.min(seconds, 30) * 1000)
    const { times } = await asked(standIn)
    const cpu = cpuSeconds(ours.pids['collector'] ?? 0) - before
    const later = times.flat()
    print(`\n${many} targets of 13 series, every 15 s\n`)
    print(
      '| asked in a tenth of a second, at most | after the start | later | later, on average | collector CPU a scrape, ms |',
    )
    print('|---|---|---|---|---|')
    const mean = (many / 15 / 10).toFixed(1)
    print(`| | ${busiest(first)} | ${busiest(later)} | ${mean} | ${((cpu / later.length) * 1000).toFixed(2)} |`)
  } finally {
    await ours.stop()
    standIn.disconnect()
  }
}

function busiest(times: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const time of times) counts.set(Math.floor(time / 100), (counts.get(Math.floor(time / 100)) ?? 0) + 1)
  return Math.max(...counts.values())
}

/** The second and later pages of one target, as a scrape every few seconds has them; and the first. */
function parsers(): void {
  const pages = capturedPages()
  if (pages.length === 0) return print('\nThe parser on real pages: there are none in ../shared')
  print('\n| page | kB | samples | first, MB/s | again, MB/s | again, ns/sample |')
  print('|---|---|---|---|---|---|')
  for (const name of pages) {
    const bytes = Buffer.from(capture(name))
    const parser = new ExpositionParser()
    const { samples } = parser.parse(bytes.toString())
    const first = cpuMicros(() => new ExpositionParser().parse(bytes.toString()))
    const again = cpuMicros(() => parser.parse(bytes.toString()))
    const cells = [bytes.length / 1000, samples, bytes.length / first, bytes.length / again, (again / samples) * 1000]
    print(`| ${name} | ${cells.map((value) => value.toFixed(0)).join(' | ')} |`)
  }
}

/** CPU of one call in µs, over a fifth of a second. */
function cpuMicros(work: () => unknown): number {
  let calls = 0
  const end = performance.now() + 200
  const before = process.cpuUsage()
  for (; performance.now() < end; calls++) work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

function report(shape: Shape, name: string, measured: Measured, peer: Measured | null): void {
  const parts = Object.entries(measured.cpu).map(([part, value]) => `${part} ${value.toFixed(1)}`)
  const cells = [
    measured.total.toFixed(1),
    parts.join(', '),
    peer ? (measured.total / peer.total).toFixed(2) : '?',
    measured.rssMb.toFixed(0),
    measured.storedMb.toFixed(1),
    measured.scrapes,
    measured.missed,
  ]
  print(`| ${shape} | ${name} | ${cells.join(' | ')} |`)
}

/** On disk; what is gone since it was listed counts nothing. */
function folderBytes(path: string): number {
  try {
    const found = statSync(path)
    if (!found.isDirectory()) return found.blocks * 512
    return sum(readdirSync(path).map((name) => folderBytes(join(path, name))))
  } catch {
    return 0
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
