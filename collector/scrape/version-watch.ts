/** Which version a target's servers are of, and the driver of its GPUs: asked rarely, kept when it changed. What is not told stays unknown. */
import type { Logger } from 'pino'
import type { ServerVersion } from '../../records/server-version.ts'
import type { Db } from '../../storage/client.ts'
import type { Clock } from './clock.ts'
import { fetchJson, type FetchOptions } from './fetch-page.ts'
import type { ReadPage } from './page-reader.ts'
import type { VersionSource } from './server.ts'
import { servers } from './servers/index.ts'

/** A server that was not seen to restart is asked this often. */
const everyMs = 5 * 60_000
/** What did not change is kept again this often, so that retention does not forget what still runs. */
const keptForMs = 86_400_000
/** Some answers hold all that the server was configured with. */
const maxBytes = 1 << 20

/** Of which the page tells, but not the version. */
type Told = Omit<ServerVersion, 'timestamp' | 'version'>
export type Ask = Omit<FetchOptions, 'maxBytes'>

interface VersionWatchOptions {
  db: Pick<Db, 'insert'>
  clock: Clock
  log: Logger
}

export class VersionWatch {
  readonly #url: string
  readonly #options: VersionWatchOptions
  /** By server and instance, what was last kept. */
  readonly #kept = new Map<string, ServerVersion>()
  #askedAt: number | null = null
  #asking: Promise<void> | null = null

  /** `url` of the page; it may hold credentials. */
  constructor(url: string, options: VersionWatchOptions) {
    this.#url = url
    this.#options = options
  }

  /** Call it with each page that was read. It neither waits nor throws. */
  look({ rows: { server_samples: samples, gpu_samples: gpus } }: Pick<ReadPage, 'rows'>, ask: Ask): void {
    if (this.#asking) return
    const now = this.#options.clock.now()
    const restarted = samples.some((sample) => sample.restarted)
    if (this.#askedAt !== null && Math.abs(now - this.#askedAt) < everyMs && !restarted) return
    const told = new Map(samples.map(({ server, instance, endpoint }) => [server, { server, instance, endpoint }]))
    // Some of a host's GPUs may not say.
    const driven = gpus.filter(({ driver_version }) => driver_version !== '')
    const drivers = new Map(driven.map(({ host, driver_version }) => [host, driver_version]))
    if (told.size + drivers.size === 0) return
    this.#askedAt = now
    this.#asking = this.#keepAll([...told.values()], drivers, now, ask).finally(() => (this.#asking = null))
  }

  /** What is under way is over. Never rejects. */
  async stop(): Promise<void> {
    await this.#asking
  }

  async #keepAll(
    told: readonly Told[],
    drivers: ReadonlyMap<string, string>,
    timestamp: number,
    ask: Ask,
  ): Promise<void> {
    const asked = told.map(async (one) => ({ ...one, timestamp, version: await this.#versionOf(one.server, ask) }))
    const found: ServerVersion[] = [...drivers].map(([instance, version]) => ({
      timestamp,
      server: 'gpu-driver',
      instance,
      endpoint: '',
      version,
    }))
    found.push(...(await Promise.all(asked)))
    await this.#keep(found.filter((one) => this.#isNews(one)))
  }

  /** Empty when it does not say. */
  async #versionOf(server: string, ask: Ask): Promise<string> {
    const sources = servers.find(({ name }) => name === server)?.version ?? []
    for (const source of sources) {
      const version = await fetchJson(besidePage(this.#url, source), { ...ask, maxBytes }).then(
        (answer) => versionIn(answer, source),
        () => '',
      )
      if (version !== '') return version
    }
    return ''
  }

  #isNews({ version, endpoint, timestamp, ...who }: ServerVersion): boolean {
    const before = this.#kept.get(keyOf(who))
    if (version === '') return false
    return version !== before?.version || endpoint !== before.endpoint || timestamp - before.timestamp >= keptForMs
  }

  async #keep(news: readonly ServerVersion[]): Promise<void> {
    const { db, log } = this.#options
    if (news.length === 0) return
    try {
      await db.insert(
        'server_versions',
        news.map(({ timestamp, ...one }) => ({ ...one, timestamp: new Date(timestamp) })),
      )
      for (const one of news) this.#kept.set(keyOf(one), one)
    } catch (error) {
      // The next look has it again.
      this.#askedAt = null
      log.debug({ err: error }, 'scrape: versions not stored')
    }
  }
}

const keyOf = ({ server, instance }: Pick<ServerVersion, 'server' | 'instance'>) => JSON.stringify([server, instance])

/** The page's query stays: it may hold the key to the server. */
export function besidePage(url: string, { path }: Pick<VersionSource, 'path'>): string {
  const beside = new URL(url)
  beside.pathname = beside.pathname.replace(/(\/v1|\/prometheus)?\/metrics\/?$/, '').replace(/\/$/, '') + path
  return beside.href
}

/** Of an answer that may hold secrets nothing else is looked at. */
function versionIn(answer: unknown, { field }: Pick<VersionSource, 'field'>): string {
  const version: unknown = answer !== null && typeof answer === 'object' ? Reflect.get(answer, field) : undefined
  return typeof version === 'string' && /^[\w.+:~-]{1,100}$/.test(version) ? version : ''
}
