/** The proxy on a port of its own, where no dashboard runs. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Proxy } from './index.ts'
import { prefix } from './target.ts'

export interface ProxyServer {
  /** host:port that it is bound to. */
  address: string
  /** Idempotent; calls that are still under way are cut. */
  stop(): Promise<void>
}

/** Rejects with the system's error (EADDRINUSE, EACCES) when it cannot listen. */
export async function startProxyServer(proxy: Proxy, listen: string): Promise<ProxyServer> {
  const colon = listen.lastIndexOf(':')
  const server = createServer(proxy.serverOptions)
  proxy.attach(server, nothingElse)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server
    .once('error', reject)
    .listen(Number(listen.slice(colon + 1)), listen.slice(0, colon).replace(/^\[|\]$/g, ''), resolve)
  await promise
  const { port } = server.address() as AddressInfo
  let stopped: Promise<void> | null = null
  async function close(): Promise<void> {
    const closed = new Promise((done) => server.close(done))
    await proxy.stop(0)
    server.closeAllConnections()
    await closed
  }
  return {
    address: listen.slice(0, colon + 1) + port,
    stop: () => (stopped ??= close()),
  }
}

const nothingElse: RequestListener = (_, response) => {
  response.writeHead(404, { 'content-type': 'text/plain' }).end(`only ${prefix}<endpoint>/… is served here\n`)
}
