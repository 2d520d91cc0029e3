/**
 * Calls through the proxy, against none, a bare node:http pass-through, and others, taking turns:
 * `npm run bench -- proxy [seconds] [rounds] [case …] [--kinds a,b] [--peers folder]`. Kinds: ours (nothing is observed), observed
 * (the records go nowhere), recorded (the whole collector; its engine is a process of its own, on the same CPU). The peers, undici and
 * Portkey's gateway, are installed into their folder when they are not there yet. Portkey listens on every interface: all runs in a
 * network namespace without any but loopback, and where that is not to be had, without Portkey.
 */
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpuUs, peakRssBytes } from './support/processes.ts'
import type { Load, Measured } from './support/proxy-load.ts'
import { installPeers, isAlone, portkeyIn, runAlone } from './support/proxy-peers.ts'

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

const allKinds = ['direct', 'node:http', 'undici', 'ours', 'observed', 'recorded', 'portkey'] as const
type Kind = (typeof allKinds)[number]

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: { peers: { type: 'string' }, kinds: { type: 'string' } },
})
const [seconds = 4, rounds = 3] = positionals.slice(0, 2).map(Number)
const chosen = positionals.length > 2 ? positionals.slice(2) : Object.keys(cases)
const peers = values.peers ?? join(import.meta.dirname, '../test/.output/proxy-peers')
const asked = values.kinds?.split(',') ?? allKinds
const kinds = new Set(allKinds.filter((kind) => asked.includes(kind)))
if (kinds.has('undici') || kinds.has('portkey')) prepare()

/** Leaves out what cannot be had, and says so. */
function prepare(): void {
  const missing = installPeers(peers)
  if (missing !== null) {
    print(missing)
    kinds.delete('undici')
    kinds.delete('portkey')
  }
  if (!kinds.has('portkey') || isAlone()) return
  const status = runAlone()
  if (status !== null) process.exit(status)
  print('No network namespace is to be had here: without Portkey.')
  kinds.delete('portkey')
}

interface Round extends Measured {
  rps: number
  /** CPU of the process in front, µs an answer. */
  cpuUs: number
  /** The most it ever held. */
  rssMb: number
}

interface Front {
  load: Pick<Load, 'port' | 'path' | 'headers'>
  usage(): { cpuUs: number; rssMb: number }
  stop(): Promise<void>
}

print(`${rounds} rounds of ${seconds} s each way, taking turns; medians. In front: CPU 0; upstream and load: CPU 1.\n`)
for (const name of chosen) {
  const { title, ...load } = cases[name] ?? fail(`no such case: ${name}; there are ${Object.keys(cases).join(', ')}`)
  const all = new Map<Kind, Round[]>([...kinds].map((kind) => [kind, []]))
  for (let round = 0; round < rounds; round++) for (const kind of kinds) all.get(kind)?.push(await measure(kind, load))
  report(title, all)
}

async function measure(kind: Kind, load: Omit<Case, 'title'>): Promise<Round> {
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
  const before = front.usage()
  const measured = await ask(seconds)
  const after = front.usage()
  await Promise.all([front.stop(), ended(standIn.process), ended(loader)])
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
    usage: () => ({ cpuUs: 0, rssMb: 0 }),
    stop: () => Promise.resolve(),
  }
}

async function inFront(kind: Kind, upstream: number): Promise<Front> {
  if (kind === 'portkey') return startPortkey(upstream)
  const { process: child, port } = await start(kind, [String(upstream), peers], 0)
  const path = kind === 'node:http' || kind === 'undici' ? '' : '/proxy/stand-in'
  return { load: { port, path, headers: {} }, usage: () => usageOf(child), stop: () => ended(child) }
}

async function start(kind: string, args: string[], cpu: number): Promise<{ process: ChildProcess; port: number }> {
  const child = fork(new URL('support/proxy-process.ts', import.meta.url), [kind, ...args])
  pin(child, cpu)
  const [port] = (await once(child, 'message')) as [number]
  return { process: child, port }
}

async function startPortkey(upstream: number): Promise<Front> {
  const port = await freePort()
  const env = { ...process.env, NODE_ENV: 'production' }
  const child = spawn(process.execPath, [portkeyIn(peers), `--port=${port}`, '--headless'], { stdio: 'ignore', env })
  pin(child, 0)
  while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => null))) {
    if (child.exitCode !== null) fail(`Portkey's gateway exited with ${child.exitCode}`)
    await new Promise((done) => setTimeout(done, 50))
  }
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream}/v1` }
  return { load: { port, path: '', headers }, usage: () => usageOf(child), stop: () => ended(child) }
}

function usageOf({ pid = 0 }: ChildProcess): { cpuUs: number; rssMb: number } {
  return { cpuUs: cpuUs(pid), rssMb: peakRssBytes(pid) / 2 ** 20 }
}

/** Those of ours end by themselves once nobody is connected, with what they started. */
async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  if (child.connected) child.disconnect()
  else child.kill()
  await exited
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

function report(title: string, all: ReadonlyMap<Kind, Round[]>): void {
  const roundsOf = (kind: Kind) => all.get(kind) ?? []
  const of = (kind: Kind, value: (round: Round) => number) => median(roundsOf(kind).map(value))
  /** Of two that took turns: a machine that was busy for a while was so for both. */
  const ratio = (kind: Kind, to: Kind, value: (round: Round) => number) =>
    median(
      roundsOf(kind).map((round, i) => value(round) / (all.has(to) ? value(all.get(to)?.[i] ?? round) : Number.NaN)),
    )
  const first = (quantile: number) => (round: Round) => at(round.first, quantile)
  const whole = (quantile: number) => (round: Round) => at(round.whole, quantile)
  const added = (kind: Kind, value: (round: Round) => number) => of(kind, value) - of('direct', value)
  const yardsticks = (['node:http', 'undici', 'portkey'] as const).filter((kind) => all.has(kind))
  print(`### ${title}\n`)
  const columns = [
    'answers/s',
    ...yardsticks.map((kind) => `of ${kind}`),
    'first byte p50, ms',
    'added',
    'whole p50, ms',
    'p99',
    'added',
    ...(all.has('portkey') ? ["of portkey's"] : []),
    'CPU, µs/answer',
    'of node:http',
    'RSS at most, MB',
    'failed',
  ]
  print(`| | ${columns.join(' | ')} |`)
  print(`|${'---|'.repeat(columns.length + 1)}`)
  for (const kind of all.keys()) {
    const cells = [
      text(
        of(kind, (round) => round.rps),
        0,
      ),
      ...yardsticks.map((to) => text(ratio(kind, to, (round) => round.rps))),
      text(of(kind, first(0.5))),
      text(added(kind, first(0.5))),
      text(of(kind, whole(0.5))),
      text(of(kind, whole(0.99))),
      text(added(kind, whole(0.99))),
      ...(all.has('portkey') ? [text(added(kind, whole(0.99)) / added('portkey', whole(0.99)))] : []),
      text(
        of(kind, (round) => round.cpuUs),
        0,
      ),
      text(ratio(kind, 'node:http', (round) => round.cpuUs)),
      text(
        of(kind, (round) => round.rssMb),
        0,
      ),
      String(roundsOf(kind).reduce((sum, round) => sum + round.failed, 0)),
    ]
    print(`| ${kind} | ${cells.join(' | ')} |`)
  }
  print('')
}

/** What needs a way that was not run is not a number. */
function text(value: number, digits = 2): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** Of sorted times. */
function at(times: readonly number[], quantile: number): number {
  return times[Math.floor((times.length - 1) * quantile)] ?? Number.NaN
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
