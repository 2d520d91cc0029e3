/** The connections to all targets, kept open from one scrape to the next; one pool for each way of trusting a server. */
import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { createSecureContext, getCACertificates } from 'node:tls'
import type { TlsConfig } from './target-config.ts'
import { unreadableFile } from './credentials.ts'
import { ScrapeError } from './scrape-error.ts'

/** An unused connection is closed after this; a target with a longer interval is connected to afresh. */
const idleMs = 60_000
const keep = { keepAlive: true, timeout: idleMs }

interface Pool {
  /** What its files said. */
  texts: string
  agent: HttpsAgent
}

export class Connections {
  readonly #plain = new HttpAgent(keep)
  readonly #pools = new Map<string, Pool>()

  /** The pool for `url`. Files are read each time, since certificates are replaced while we run. Throws ScrapeError. */
  async agentFor(url: URL, tls: TlsConfig = {}): Promise<HttpAgent> {
    if (url.protocol === 'http:') return this.#plain
    const [ca, cert, key] = await Promise.all([tls.ca_file, tls.cert_file, tls.key_file].map(textOf))
    const settings = JSON.stringify(tls)
    const texts = [ca, cert, key].join('\n')
    const known = this.#pools.get(settings)
    if (known?.texts === texts) return known.agent
    if (known) closeIdle(known.agent)
    const agent = new HttpsAgent({
      ...keep,
      secureContext: contextOf(ca, cert, key),
      rejectUnauthorized: tls.insecure_skip_verify !== true,
      ...(tls.server_name !== undefined && { servername: tls.server_name }),
    })
    this.#pools.set(settings, { texts, agent })
    return agent
  }

  /** Ends the connections that are kept; those in use end with their scrapes. */
  close(): void {
    for (const agent of [this.#plain, ...[...this.#pools.values()].map((pool) => pool.agent)]) closeIdle(agent)
  }
}

function closeIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

/** Made once a pool: reading the public authorities takes milliseconds. */
function contextOf(ca: string | undefined, cert: string | undefined, key: string | undefined) {
  try {
    return createSecureContext({ ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }), cert, key })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ScrapeError('tls', `the files of scrape.tls are not usable: ${why}`, { cause })
  }
}

async function textOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw unreadableFile(file, cause)
  }
}
