/** A proxy on loopback before one upstream, for tests. */
import { pino } from 'pino'
import { endpointConfig, proxyConfig } from '../config.ts'
import { IssueLog } from '../issues.ts'
import { createProxy, unobserved, type Proxy } from './index.ts'
import type { Keys } from './keys/index.ts'
import type { CallObservation, CallObserver } from './observer.ts'
import { startProxyServer } from './server.ts'

export interface Proxied {
  proxy: Proxy
  issues: IssueLog
  port: number
  /** Below which the upstream is. */
  url: string
  stop(): Promise<void>
}

export interface ProxiedOptions {
  config?: object
  /** Of the endpoint `stand-in`. */
  endpoint?: object
  /** Besides it. */
  endpoints?: object[]
  observer?: CallObserver
  keys?: Keys
  listen?: string
}

export async function startProxied(upstream: string, options: ProxiedOptions = {}): Promise<Proxied> {
  const { config = {}, endpoint = {}, endpoints = [], observer = unobserved, listen = '127.0.0.1:0' } = options
  const issues = new IssueLog()
  const proxy = createProxy({
    config: proxyConfig.parse(config),
    endpoints: [{ name: 'stand-in', upstream, ...endpoint }, ...endpoints].map((one) => endpointConfig.parse(one)),
    observer,
    ...(options.keys ? { keys: options.keys } : {}),
    issues,
    log: pino({ level: 'silent' }),
  })
  const server = await startProxyServer(proxy, listen)
  const port = Number(server.address.split(':').at(-1))
  return { proxy, issues, port, url: `http://127.0.0.1:${port}/proxy/stand-in`, stop: () => server.stop() }
}

/** Takes note of nothing and changes nothing. */
export const quiet: CallObservation = {
  addedHeaders: {},
  wantsBody: false,
  requestBody: () => null,
  requestChunk: () => undefined,
  responseHead: () => undefined,
  responseChunk: (chunk) => chunk,
  end: () => undefined,
}
