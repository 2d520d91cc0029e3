/** The demo: a fleet of stand-ins and clients in a child process, scraped and traced like a real one, and a past. */
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Db } from '../../storage/client.ts'
import type { EndpointConfig, PricesConfig, ScrapeConfig } from '../config.ts'
import { discoveryConfig } from '../scrape/discovery/config.ts'
import { startScraper, type Scraper } from '../scrape/index.ts'
import type { Spool } from '../spool/index.ts'
import type { FleetMessage, FleetOptions } from './messages.ts'
import { backfill } from './past/index.ts'
import { defaultFaults, gpuHost, vllmEndpoint, type FaultPlan } from './scenario.ts'

export interface DemoOptions {
  db: Db
  /** What the scraper of the demo's targets writes to. */
  spool: Pick<Spool, 'append'>
  /** Base URL of our OTLP/HTTP receiver. */
  otlpUrl: string
  prices: PricesConfig
  /** Interval and limits hold for the demo's targets too. */
  scrape: ScrapeConfig
  log: Logger
  /** Hours of past that are filled in; 24 unless given, 0 for none. */
  backfillHours?: number
  faults?: FaultPlan
  /** Multiplies the rate of requests. */
  pace?: number
}

export type DemoState = 'off' | 'starting' | 'running' | 'failed'

export interface Demo {
  state(): DemoState
  /** Resolves once the fleet serves and is scraped; the past is filled in meanwhile. Rejects when it cannot start. */
  start(): Promise<void>
  /** Ends the fleet and its process; what was stored stays. Idempotent, and safe before start. */
  stop(): Promise<void>
  /** Resolves with the rows of the past, once they are stored; at once with 0 while the demo is off. */
  backfilled(): Promise<number>
  /** What is scraped of the fleet; none while it is off. */
  targets(): ScrapeConfig['targets']
  /** What it serves; none while it is off. */
  endpoints(): EndpointConfig[]
}

/** Keys, proxies and exporters of this process's environment are not for SDKs that play with local stand-ins. */
const passedOn = new Set(['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LD_LIBRARY_PATH'])
const readyWithinMs = 120_000
const stopWithinMs = 3_000

interface Running {
  child: ChildProcess
  scraper: Scraper
  targets: ScrapeConfig['targets']
  ending: AbortController
  past: Promise<number>
}

/** Nothing runs until `start`. */
export function startDemo(options: DemoOptions): Demo {
  const { log } = options
  let state: DemoState = 'off'
  let running: Running | null = null
  let changing: Promise<void> = Promise.resolve()

  const launch = async () => {
    if (running) return
    state = 'starting'
    try {
      running = await run(options, () => {
        log.error('the demo fleet ended by itself; start it again from the dashboard')
        state = 'failed'
        void end()
      })
      state = 'running'
    } catch (error) {
      state = 'failed'
      throw error
    }
  }
  const end = async () => {
    const ended = running
    running = null
    if (!ended) return
    ended.ending.abort()
    await Promise.all([ended.scraper.stop(), endChild(ended.child), ended.past])
  }
  /** One change at a time: a stop waits for the start before it. */
  const change = (step: () => Promise<void>) => {
    changing = changing.catch(() => undefined).then(step)
    return changing
  }
  return {
    state: () => state,
    start: () => change(launch),
    stop: () =>
      change(async () => {
        await end()
        state = 'off'
      }),
    backfilled: () => running?.past ?? Promise.resolve(0),
    targets: () => running?.targets ?? [],
    endpoints: () => (running ? demoEndpoints : []),
  }
}

const demoEndpoints: EndpointConfig[] = [
  { name: vllmEndpoint, kind: 'openai', gpus: { host: gpuHost }, gpu_hour_usd: 2.5 },
  { name: 'demo-openai', kind: 'openai' },
  { name: 'demo-anthropic', kind: 'anthropic' },
]

async function run(options: DemoOptions, onExit: () => void): Promise<Running> {
  const {
    db,
    spool,
    otlpUrl,
    prices,
    scrape,
    log,
    backfillHours: hours = 24,
    faults = defaultFaults,
    pace = 1,
  } = options
  const { child, ready } = await startFleet({ otlp_url: otlpUrl, faults, pace }, log)
  const { vllm_metrics: vllm_url, dcgm_metrics: dcgm_url } = ready
  const targets = [
    { url: vllm_url, kind: 'vllm', endpoint: vllmEndpoint, labels: { host: gpuHost } },
    { url: dcgm_url, kind: 'dcgm', labels: { host: gpuHost } },
  ]
  const config = { ...scrape, targets, discovery: discoveryConfig.parse({}), nvidia_smi: 'off' as const }
  const scraper = startScraper({ config, endpoints: demoEndpoints, spool, db, log })
  const ending = new AbortController()
  const { signal } = ending
  child.once('exit', () => {
    if (!signal.aborted) onExit()
  })
  const past =
    hours > 0
      ? backfill({ db, prices, hours, vllm_url, dcgm_url, signal }).catch((error: unknown) => {
          if (!signal.aborted) log.warn(`the demo's past is not filled in: ${String(error)}`)
          return 0
        })
      : Promise.resolve(0)
  return { child, scraper, targets, ending, past }
}

type Ready = Extract<FleetMessage, { type: 'ready' }>

function startFleet(options: FleetOptions, log: Logger): Promise<{ child: ChildProcess; ready: Ready }> {
  const child = fork(fileURLToPath(new URL('fleet.ts', import.meta.url)), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.has(name))),
  })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(-2000)))
  return new Promise((done, fail) => {
    const refuse = (why: string) => {
      child.kill('SIGKILL')
      fail(new Error(`the demo fleet did not start: ${why}`))
    }
    const timer = setTimeout(() => refuse(`not ready after ${readyWithinMs / 1000} s`), readyWithinMs)
    child.once('error', (error) => refuse(error.message))
    child.once('exit', (code) => refuse(`ended with ${code}: ${complaint.trim().split('\n').at(-1) ?? ''}`))
    child.on('message', (message: FleetMessage) => {
      if (message.type === 'fault') log.debug({ fault: message.fault }, 'demo fault')
      else {
        clearTimeout(timer)
        child.removeAllListeners('exit')
        done({ child, ready: message })
      }
    })
  })
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise<void>((done) => child.once('exit', () => done()))
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  if (child.connected) child.disconnect()
  await exit
  clearTimeout(timer)
}
