/** Where the calls to one endpoint go, and the connections kept for them. */
import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:http'
import { getCACertificates } from 'node:tls'
import { durationMs } from '../../records/duration.ts'
import type { EndpointConfig, ProxyConfig } from '../config.ts'
import { HttpAgent, HttpsAgent } from './agents.ts'

export type ProxiedEndpoint = EndpointConfig & { upstream: string }

/** Connections that nobody uses are kept for this many calls at once. */
const maxIdle = 256

export class Upstream {
  readonly endpoint: ProxiedEndpoint
  readonly config: ProxyConfig
  /** Its value of Host. */
  readonly host: string
  /** Path before that of every call, without a slash at its end. */
  readonly base: string
  readonly secure: boolean
  /** Calls under way. */
  active = 0
  private readonly agent: HttpAgent
  private readonly at: RequestOptions

  /** Throws the system's error when `ca_file` cannot be read. */
  constructor(endpoint: ProxiedEndpoint, config: ProxyConfig) {
    const { timeouts, max_header_bytes } = config
    const { protocol, hostname, port, host, pathname } = new URL(endpoint.upstream)
    this.endpoint = endpoint
    this.config = config
    this.host = host
    this.base = pathname.replace(/\/+$/, '')
    this.secure = protocol === 'https:'
    const keep = {
      keepAlive: true,
      // The one used last is the least likely to have been closed.
      scheduling: 'lifo',
      maxFreeSockets: maxIdle,
      timeout: durationMs(timeouts.keep_alive),
    } as const
    this.agent = this.secure ? new HttpsAgent({ ...keep, ...trusted(endpoint.ca_file) }) : new HttpAgent(keep)
    this.at = {
      agent: this.agent,
      protocol,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || (this.secure ? 443 : 80),
      // Neither Connection nor a length nor chunks that the client did not send.
      setDefaultHeaders: false,
      maxHeaderSize: max_header_bytes,
    }
  }

  options(method: string, path: string, headers: string[]): RequestOptions {
    return { ...this.at, method, path, headers }
  }

  /** Ends the connections that are kept; those in use end with their calls. */
  close(): void {
    for (const sockets of Object.values(this.agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  }
}

/** A private authority is trusted besides the public ones. */
function trusted(file: string | undefined): { ca?: string[] } {
  return file === undefined ? {} : { ca: [...getCACertificates('default'), readFileSync(file, 'utf8')] }
}
