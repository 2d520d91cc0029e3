/**
 * Calls through the proxy, against none, a bare node:http pass-through, and others, taking turns:
 * `npm run bench -- proxy [seconds] [rounds] [case …] [--peers folder] [--observer module]`. In the folder, `npm i undici
 * @portkey-ai/gateway` adds those two (Portkey listens on all interfaces: run it under `unshare -n`, with `lo` up). The module
 * exports the `observer` of the kind observed.
 */
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import type { Load, Measured } from './support/proxy-load.ts'

interface Case extends Pick<Load, 'connections' | 'stream' | 'gapMs'> {
  title: string
}

const cases: Record<string, Case> = {
  plain: { title: 'plain answers', connections: 32, stream: false, gapMs: 0 },
  one: { title: 'plain answers, one at a time', connections: 1, stream: false, gapMs: 0 },
  streams: { title: 'streams of 100 events', connections: 16, stream: true, gapMs: 0 },
  paced: { title: 'streams with an event every 10 ms', connections: 50, stream: true, gapMs: 10 },
  slow: { title: '1,000 streams with an event every 100 ms', connections: 1_000, stream: true, gapMs: 100 },
}

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: { peers: { type: 'string' }, observer: { type: 'string' } },
})
const [seconds = 4, rounds = 3] = positionals.slice(0, 2).map(Number)
const chosen = positionals.length > 2 ? positionals.slice(2) : Object.keys(cases)
const portkey = `${values.peers}/node_modules/@portkey-ai/gateway/build/start-server.js`
const kinds = [
  'direct',
  'node:http',
  ...(values.peers && existsSync(`${values.peers}/node_modules/undici`) ? ['undici'] : []),
  'ours',
  ...(values.observer ? ['observed'] : []),
  ...(values.peers && existsSync(portkey) ? ['portkey'] : []),
]

interface Round extends Measured {
  rps: number
  /** CPU of what stands in front, µs an answer. */
  cpuUs: number
  rssMb: number
}

interface Front {
  load: Pick<Load, 'port' | 'path' | 'headers'>
  usage(): Promise<{ cpuUs: number; rssMb: number }>
  stop(): void
}

print(`${rounds} rounds of ${seconds} s each way, taking turns; medians. In front: CPU 0; upstream and load: CPU 1.\n`)
for (const name of chosen) {
  const { title, ...load } = cases[name] ?? fail(`no such case: ${name}; there are ${Object.keys(cases).join(', ')}`)
  const all = new Map<string, Round[]>(kinds.map((kind) => [kind, []]))
  for (let round = 0; round < rounds; round++) for (const kind of kinds) all.get(kind)?.push(await measure(kind, load))
  report(title, all)
}

async function measure(kind: string, load: Omit<Case, 'title'>): Promise<Round> {
  const standIn = await start('stand-in', [], 1)
  const front = kind === 'direct' ? direct(standIn.port) : await inFront(kind, standIn.port)
  const loader = fork(new URL('support/proxy-load.ts', import.meta.url), [])
  pin(loader, 1)
  const ask = async (howLong: number): Promise<Measured> => {
    loader.send({ ...front.load, ...load, seconds: howLong } satisfies Load)
    const [measured] = (await once(loader, 'message')) as [Measured]
    return measured
  }
  await ask(load.gapMs > 0 ? 0.1 : 1)
  const before = await front.usage()
  const measured = await ask(seconds)
  const after = await front.usage()
  front.stop()
  standIn.process.kill()
  loader.kill()
  return {
    ...measured,
    rps: measured.answers / measured.seconds,
    cpuUs: (after.cpuUs - before.cpuUs) / measured.answers,
    rssMb: after.rssMb,
  }
}

function direct(port: number): Front {
  return {
    load: { port, path: '', headers: {} },
    usage: () => Promise.resolve({ cpuUs: 0, rssMb: 0 }),
    stop: () => undefined,
  }
}

async function inFront(kind: string, upstream: number): Promise<Front> {
  if (kind === 'portkey') return startPortkey(upstream)
  const extra = kind === 'undici' ? values.peers : kind === 'observed' ? values.observer : ''
  const { process: child, port } = await start(kind, [String(upstream), extra ?? ''], 0)
  const path = kind === 'ours' || kind === 'observed' ? '/proxy/stand-in' : ''
  return {
    load: { port, path, headers: {} },
    async usage() {
      child.send('usage')
      const [{ cpu, rss }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage; rss: number }]
      return { cpuUs: cpu.user + cpu.system, rssMb: rss / 2 ** 20 }
    },
    stop: () => void child.kill(),
  }
}

async function start(kind: string, args: string[], cpu: number): Promise<{ process: ChildProcess; port: number }> {
  const child = fork(new URL('support/proxy-process.ts', import.meta.url), [kind, ...args])
  pin(child, cpu)
  const [port] = (await once(child, 'message')) as [number]
  return { process: child, port }
}

async function startPortkey(upstream: number): Promise<Front> {
  const port = await freePort()
  const child = spawn(process.execPath, [portkey, `--port=${port}`, '--headless'], { stdio: 'ignore' })
  pin(child, 0)
  while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => null)))
    await new Promise((done) => setTimeout(done, 50))
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream}/v1` }
  const usage = () => Promise.resolve({ cpuUs: Number.NaN, rssMb: Number.NaN })
  return { load: { port, path: '', headers }, usage, stop: () => void child.kill() }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Where taskset is not installed, the system chooses. */
function pin({ pid }: ChildProcess, cpu: number): void {
  spawnSync('taskset', ['-acp', String(cpu), String(pid)])
}

function report(title: string, all: Map<string, Round[]>): void {
  const of = (kind: string, value: (round: Round) => number) => median((all.get(kind) ?? []).map(value))
  const at = (times: readonly number[], quantile: number) =>
    times[Math.floor((times.length - 1) * quantile)] ?? Number.NaN
  const first = (quantile: number) => (round: Round) => at(round.first, quantile)
  print(`### ${title}\n`)
  print(
    '| | answers/s | of node:http | first byte p50, ms | added | p99, ms | added | whole p50, ms | p99 | CPU, µs/answer | RSS, MB | failed |',
  )
  print('|---|---|---|---|---|---|---|---|---|---|---|---|')
  for (const kind of all.keys()) {
    const rps = of(kind, (round) => round.rps)
    const cells = [
      rps.toFixed(0),
      (rps / of('node:http', (round) => round.rps)).toFixed(2),
      of(kind, first(0.5)).toFixed(2),
      (of(kind, first(0.5)) - of('direct', first(0.5))).toFixed(2),
      of(kind, first(0.99)).toFixed(2),
      (of(kind, first(0.99)) - of('direct', first(0.99))).toFixed(2),
      of(kind, (round) => at(round.whole, 0.5)).toFixed(2),
      of(kind, (round) => at(round.whole, 0.99)).toFixed(2),
      of(kind, (round) => round.cpuUs).toFixed(0),
      of(kind, (round) => round.rssMb).toFixed(0),
      String((all.get(kind) ?? []).reduce((sum, round) => sum + round.failed, 0)),
    ]
    print(`| ${kind} | ${cells.join(' | ')} |`)
  }
  print('')
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
