/** Probes of endpoints: each on its interval, one at a time, into table `probes`. */
import type { Logger } from 'pino'
import { durationMs } from '../../records/duration.ts'
import type { LlmRequest } from '../../records/llm-request.ts'
import type { Probe } from '../../records/probe.ts'
import type { EndpointConfig } from '../config.ts'
import type { IssueLog } from '../issues.ts'
import type { Clock } from '../scrape/clock.ts'
import type { Spool } from '../spool/index.ts'
import type { ProbeConfig } from './config.ts'
import { runProbe, type ProbedEndpoint } from './probe.ts'

export interface ProbesOptions {
  endpoints: readonly EndpointConfig[]
  spool: Pick<Spool, 'append'>
  /** Fills the costs of a call in place, with the prices of now. */
  price: (request: LlmRequest) => void
  issues: Pick<IssueLog, 'add'>
  clock: Clock
  log: Logger
}

export interface Probes {
  /** Probes that stay as they are go on; the others stop or start. */
  reload(endpoints: readonly EndpointConfig[]): void
  /** Ends what is under way. Idempotent. */
  stop(): Promise<void>
}

/** Former probes that say what is usual. */
const maxUsual = 20
/** Rows that wait for room in the spool. */
const maxWaiting = 1_000

/** Starts every configured probe; the first of each runs at once. */
export function startProbes(options: ProbesOptions): Probes {
  const { spool, price, issues, clock, log } = options
  const running = new Map<string, { stop(): Promise<void> }>()
  const ending = new Set<Promise<void>>()
  let waiting: Probe[] = []

  const store = async (row: Probe) => {
    waiting.push(row)
    const rows = waiting
    waiting = []
    try {
      await spool.append({ probes: rows })
    } catch {
      waiting = [...rows, ...waiting]
      const excess = waiting.length - maxWaiting
      if (excess <= 0) return
      waiting.splice(0, excess)
      issues.add('probes', 'probes_not_stored', excess, row.endpoint)
    }
  }

  const start = (endpoint: ProbedEndpoint, probe: ProbeConfig) => {
    const stopping = new AbortController()
    const usual: number[] = []
    let last = ''
    let cancel = () => undefined as void
    let current: Promise<void> | null = null
    const once = async () => {
      const services = { now: () => clock.now(), price, signal: stopping.signal }
      const row = await runProbe(endpoint, probe, usual, services)
      if (stopping.signal.aborted) return
      if (row.ok && row.cold_start === '' && row.ttft_ms !== null) usual.push(row.ttft_ms)
      if (usual.length > maxUsual) usual.shift()
      if (row.error !== last) {
        const about = { endpoint: row.endpoint, probe: row.probe }
        if (row.ok) log.info(about, 'probe: up')
        else log.warn({ ...about, error: row.error }, 'probe: down')
      }
      last = row.error
      await store(row)
    }
    const tick = () => {
      cancel = clock.after(durationMs(probe.interval), tick)
      // A probe ends within its interval, but its row may wait for a disk: probes that pile up would all be paid for.
      current ??= once()
        .catch((error: unknown) => log.error({ err: error }, 'probe: internal error'))
        .finally(() => (current = null))
    }
    tick()
    return {
      async stop() {
        cancel()
        stopping.abort()
        await current
      },
    }
  }

  const apply = (endpoints: readonly EndpointConfig[]) => {
    const wanted = new Map<string, [ProbedEndpoint, ProbeConfig]>()
    for (const endpoint of endpoints) {
      const { upstream } = endpoint
      if (upstream === undefined) continue
      for (const probe of endpoint.probes ?? [])
        wanted.set(JSON.stringify([{ ...endpoint, probes: [] }, probe]), [{ ...endpoint, upstream }, probe])
    }
    for (const [key, loop] of running)
      if (!wanted.has(key)) {
        running.delete(key)
        const done = loop.stop().finally(() => ending.delete(done))
        ending.add(done)
      }
    for (const [key, [endpoint, probe]] of wanted) if (!running.has(key)) running.set(key, start(endpoint, probe))
  }

  apply(options.endpoints)
  return {
    reload: apply,
    async stop() {
      apply([])
      await Promise.all(ending)
    },
  }
}
