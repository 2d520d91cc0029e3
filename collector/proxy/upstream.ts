/** Where the calls to one endpoint go, and the connections kept for them. */
import { readFileSync } from 'node:fs'
import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { getCACertificates } from 'node:tls'
import { durationMs } from '../../records/duration.ts'
import type { EndpointConfig, ProxyConfig } from '../config.ts'
import { HttpAgent, HttpsAgent, letGo } from './agents.ts'
import { Http2Request } from './http2/request.ts'
import { Sessions } from './http2/sessions.ts'

export type ProxiedEndpoint = EndpointConfig & { upstream: string }

/** A request on its way, whatever the protocol. */
export interface UpstreamRequest extends Pick<ClientRequest, 'destroyed' | 'writableEnded' | 'reusedSocket'> {
  readonly socket: Socket | null
  write(chunk: Buffer | string, encoding?: BufferEncoding): boolean
  end(chunk?: Buffer): unknown
  addTrailers(trailers: [string, string][]): void
  destroy(): unknown
  on(event: 'response', listener: (answer: UpstreamAnswer) => void): unknown
  on(event: 'information', listener: (info: { statusCode: number; rawHeaders: string[] }) => void): unknown
  on(event: 'upgrade', listener: (answer: IncomingMessage, socket: Socket, head: Buffer) => void): unknown
  on(event: 'socket', listener: (socket: Socket) => void): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
  on(event: 'drain' | 'close', listener: () => void): this
}

/** Its answer; `complete` once all of it came. */
export interface UpstreamAnswer extends Pick<
  IncomingMessage,
  'statusCode' | 'statusMessage' | 'rawHeaders' | 'headers' | 'rawTrailers' | 'complete'
> {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  pause(): unknown
  resume(): unknown
}

/** What of the configuration is built into connections. */
export type ConnectionConfig = Pick<ProxyConfig, 'timeouts' | 'max_header_bytes'>

/** Connections that nobody uses are kept for this many calls at once. */
const maxIdle = 256

export class Upstream {
  readonly endpoint: ProxiedEndpoint
  readonly config: ConnectionConfig
  /** Its value of Host. */
  readonly host: string
  /** Path before that of every call, without a slash at its end. */
  readonly base: string
  readonly secure: boolean
  /** Calls under way. */
  active = 0
  private readonly agent: HttpAgent
  /** Null where HTTP/2 is not asked for. */
  private readonly sessions: Sessions | null
  private readonly at: RequestOptions

  /** Throws the system's error when `ca_file` cannot be read. */
  constructor(endpoint: ProxiedEndpoint, config: ConnectionConfig) {
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
    const authorities = this.secure ? trusted(endpoint.ca_file) : {}
    const address = { hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (this.secure ? 443 : 80) }
    this.agent = this.secure ? new HttpsAgent({ ...keep, ...authorities }) : new HttpAgent(keep)
    this.sessions = endpoint.http2
      ? new Sessions({
          ...address,
          ...authorities,
          secure: this.secure,
          connectMs: durationMs(timeouts.connect),
          keepAliveMs: keep.timeout,
          maxHeaderBytes: max_header_bytes,
        })
      : null
    this.at = {
      agent: this.agent,
      protocol,
      ...address,
      // Neither Connection nor a length nor chunks that the client did not send.
      setDefaultHeaders: false,
      maxHeaderSize: max_header_bytes,
    }
  }

  /** Resolves once it is known which protocol it speaks; null when it is. Rejects when it cannot be reached. */
  settling(): Promise<void> | null {
    return this.sessions && this.sessions.protocol === null ? this.sessions.agree() : null
  }

  /** Throws for what node:http takes from a client and would not send itself. Upgrades are HTTP/1.1's. */
  request(method: string, path: string, headers: string[], { upgrades }: { upgrades: boolean }): UpstreamRequest {
    const { sessions, secure, host, at } = this
    if (sessions?.protocol === 'h2' && !upgrades) {
      const head = { method, path, scheme: secure ? 'https' : 'http', authority: host } as const
      return new Http2Request(sessions, head, headers)
    }
    const options = { ...at, method, path, headers }
    const request = secure ? requestHttps(options) : requestHttp(options)
    // Their size is bounded: none may be left out for their number.
    request.maxHeadersCount = 0
    return request
  }

  /** Ends the connections that are kept; those in use end with their calls. */
  close(): void {
    letGo(this.agent)
    this.sessions?.close()
  }
}

/** A private authority is trusted besides the public ones. */
export function trusted(file: string | undefined): { ca?: string[] } {
  return file === undefined ? {} : { ca: [...getCACertificates('default'), readFileSync(file, 'utf8')] }
}
