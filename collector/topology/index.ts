/**
 * Keeps table `topology`: once a minute, and when the configuration changes, concludes from what was scraped and answered lately which
 * endpoint runs on which servers and GPUs, and writes what changed.
 */
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { TopologyPeriod } from '../../records/topology.ts'
import type { Db } from '../../storage/client.ts'
import { gpusSeen, lastScrape, modelsAnswered, serversSeen } from '../../storage/queries/topology-facts.ts'
import { topologySince } from '../../storage/queries/topology.ts'
import { traced } from '../../storage/traced.ts'
import type { IssueLog } from '../issues.ts'
import { systemClock, type Clock } from '../scrape/clock.ts'
import type { EndpointFact, ServerFact, TopologyFacts } from './facts.ts'
import { topologyChanges, type Seen } from './history.ts'
import { resolveTopology } from './resolve.ts'

/** A scrape target, as far as it says where its servers are. */
export interface ScrapedTarget {
  url: string
  labels?: Readonly<Record<string, string>>
}

/** Servers with endpoints of their own, such as those of the demo. */
export interface Fleet {
  endpoints: readonly EndpointFact[]
  targets: readonly ScrapedTarget[]
}

export interface TopologyOptions {
  endpoints: readonly EndpointFact[]
  /** All targets as they are now. */
  targets: () => readonly ScrapedTarget[]
  /** What is scraped beside them into the same tables, and the endpoints that it serves; nothing unless given. */
  beside?: () => Fleet
  db: Db
  issues: Pick<IssueLog, 'add'>
  nextVersion: () => number
  log: Logger
  clock?: Clock
  ownHosts?: readonly string[]
}

export interface TopologyJob {
  /** Concludes now and writes what changed. Throws StorageError. */
  pass(): Promise<void>
  reload(endpoints: readonly EndpointFact[]): void
  /** Waits for the pass that runs. Idempotent. */
  stop(): Promise<void>
}

const everyMs = 60_000
/** Targets have been scraped once by then. */
const firstMs = 15_000
/** What was not seen for this long is not there. */
const memoryMs = 15 * 60_000
/** What was not seen for this long may have been replaced. */
const freshMs = 5 * 60_000
/** Periods that ended before this do not matter to new ones. */
const endedMs = 24 * 3_600_000

export function startTopology(options: TopologyOptions): TopologyJob {
  const { targets, db, issues, nextVersion, log, clock = systemClock, ownHosts = [hostname()] } = options
  const { beside = () => ({ endpoints: [], targets: [] }) } = options
  let { endpoints } = options
  const startedAt = clock.now()
  /** Of former passes: one that is seen no more ends where it was seen last. */
  const seen = new Map<string, Seen>()
  let scrapedBefore: number | null = null
  let working: Promise<void> = Promise.resolve()
  let cancel: () => void = () => undefined
  let stopped = false
  let failing = false

  /** After a start everything counts that was there before the process was down: its targets are only now being scraped. */
  const horizon = async (now: number) => {
    if (now - startedAt >= memoryMs) return now - memoryMs
    scrapedBefore ??= await lastScrape(db, startedAt)
    return Math.min(now, scrapedBefore || now) - memoryMs
  }

  const conclude = async () => {
    const now = clock.now()
    const since = await horizon(now)
    const [servers, gpus, answers, known] = await Promise.all([
      serversSeen(db, since),
      gpusSeen(db, since),
      modelsAnswered(db, Math.max(since, now - memoryMs), now),
      topologySince(db, now - endedMs),
    ])
    const newest = Math.max(0, ...servers.map(({ last_ms }) => last_ms), ...gpus.map(({ last_ms }) => last_ms))
    const fresh = ({ last_ms }: Seen) => last_ms >= newest - freshMs
    const others = beside()
    const labels = labelsOf([...targets(), ...others.targets])
    const facts: TopologyFacts = {
      endpoints: [...endpoints, ...others.endpoints],
      servers: servers.map((server): ServerFact => ({
        server: server.server,
        instance: server.instance,
        model: server.model,
        endpoint: server.endpoint,
        labels: labels.get(server.instance) ?? {},
        gateway: server.role === 'gateway',
        fresh: fresh(server),
      })),
      gpus: gpus.map((gpu) => Object.assign(gpu, { fresh: fresh(gpu) })),
      answers,
      ownHosts,
    }
    const { links, ambiguities } = resolveTopology(facts)
    const there = new Set(servers.map(({ instance }) => instance))
    for (const { instance, first_ms, last_ms } of servers) note(seen, instance, { first_ms, last_ms })
    const changes = topologyChanges(known, links, {
      now_ms: now,
      seen,
      gone: (instance) => instance !== '' && !there.has(instance),
    })
    for (const instance of seen.keys()) if (!there.has(instance)) seen.delete(instance)
    await db.insert(
      'topology',
      changes.map((period) => rowOf(period, nextVersion())),
    )
    for (const { reason, subject, why } of ambiguities) issues.add('topology', reason, 1, why, { subject })
  }

  const pass = () => {
    const next = working.then(() => traced('topology', {}, conclude))
    working = next.catch(() => undefined)
    return next
  }
  const tick = () =>
    void pass()
      .then(
        () => (failing = false),
        (error: unknown) => {
          if (!failing && !stopped) log.warn({ err: error }, 'topology: not brought up to date; it will be tried again')
          failing = true
        },
      )
      .then(() => schedule(everyMs))
  const schedule = (ms: number) => {
    cancel()
    if (!stopped) cancel = clock.after(ms, tick)
  }
  schedule(firstMs)

  return {
    pass,
    reload(next) {
      endpoints = next
      schedule(0)
    },
    async stop() {
      stopped = true
      cancel()
      await working
    },
  }
}

function labelsOf(targets: readonly ScrapedTarget[]): Map<string, Readonly<Record<string, string>>> {
  return new Map(targets.flatMap(({ url, labels }) => (labels ? [[new URL(url).host, labels] as const] : [])))
}

/** A server may serve several models. */
function note(seen: Map<string, Seen>, instance: string, { first_ms, last_ms }: Seen): void {
  const before = seen.get(instance)
  seen.set(instance, {
    first_ms: Math.min(first_ms, before?.first_ms ?? first_ms),
    last_ms: Math.max(last_ms, before?.last_ms ?? last_ms),
  })
}

function rowOf({ valid_from_ms, valid_to_ms, ...link }: TopologyPeriod, version: number) {
  return {
    ...link,
    valid_from: valid_from_ms * 1000,
    valid_to: valid_to_ms === null ? null : valid_to_ms * 1000,
    version,
  }
}
