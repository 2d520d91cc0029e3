/** Which version a target's servers are of, and the driver of its GPUs: asked rarely, kept when it changed. What is not told stays unknown. */
import type { Logger } from 'pino'
import type { ServerVersion } from '../../records/server-version.ts'
import type { Db } from '../../storage/client.ts'
import type { Clock } from './clock.ts'
import { fetchJson, withoutCredentials, type FetchOptions } from './fetch-page.ts'
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

  /** Call it with each page that was read, and with where the server itself answers if that is said. It neither waits nor throws. */
  look({ rows }: Pick<ReadPage, 'rows'>, ask: Ask, apiUrl?: string): void {
    const { server_samples: samples, gpu_samples: gpus } = rows
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
    const versionOf = (server: string) => this.#versionOf(server, ask, apiUrl)
    this.#asking = this.#keepAll([...told.values()], drivers, now, versionOf).finally(() => (this.#asking = null))
  }

  /** What is under way is over. Never rejects. */
  async stop(): Promise<void> {
    await this.#asking
  }

  async #keepAll(
    told: readonly Told[],
    drivers: ReadonlyMap<string, string>,
    timestamp: number,
    versionOf: (server: string) => Promise<string>,
  ): Promise<void> {
    const asked = told.map(async (one) => ({ ...one, timestamp, version: await versionOf(one.server) }))
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
  async #versionOf(server: string, ask: Ask, apiUrl: string | undefined): Promise<string> {
    const sources = servers.find(({ name }) => name === server)?.version ?? []
    for (const source of sources) {
      const place = placeOf(this.#url, source, apiUrl)
      if (!place) continue
      const access = place.itself ? ask : { ...ask, ...withoutCredentials(ask) }
      const version = await fetchJson(place.url, { ...access, maxBytes }).then(
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

interface Place {
  url: string
  /** Somebody said that the server itself is there, or it is beside its page: it may be told who asks. */
  itself: boolean
}

/** Where a server is asked; null where that is not known. */
export function placeOf(page: string, source: Omit<VersionSource, 'field'>, apiUrl?: string): Place | null {
  const { path, ports } = source
  if (apiUrl !== undefined) return { url: below(new URL(apiUrl), path), itself: true }
  const at = new URL(page)
  if (ports)
    return at.port === ports.page ? { url: `${at.protocol}//${at.hostname}:${ports.api}${path}`, itself: false } : null
  at.pathname = at.pathname.replace(/(\/v1|\/prometheus)?\/metrics\/?$/, '')
  return { url: below(at, path), itself: true }
}

/** The query stays: it may hold the key to the server. */
function below(base: URL, path: string): string {
  base.pathname = base.pathname.replace(/\/$/, '') + path
  return base.href
}

/** Of an answer that may hold secrets nothing else is looked at. */
function versionIn(answer: unknown, { field, named }: Pick<VersionSource, 'field' | 'named'>): string {
  if (answer === null || typeof answer !== 'object') return ''
  if (named && Reflect.get(answer, named.field) !== named.as) return ''
  const version: unknown = Reflect.get(answer, field)
  return typeof version === 'string' && /^[\w.+:~-]{1,100}$/.test(version) ? version : ''
}
