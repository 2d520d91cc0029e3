/** Listens: the API of app.ts, and the built web app beside it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { createApp } from './app.ts'
import type { DashboardDeps } from './deps.ts'
import { createLive } from './live.ts'
import { isLoopback } from './security.ts'

/** What else is served on the same port, below paths of its own: it sees every request before the app does. */
export interface Neighbour {
  serverOptions: ServerOptions
  attach(server: Server, otherwise: RequestListener): void
}

export interface DashboardOptions {
  deps: DashboardDeps
  /** host:port; port 0 picks a free one. */
  listen: string
  /** Folder of the built web app. */
  web: string
  neighbour?: Neighbour | undefined
  /** What time it is, epoch ms: of relative ranges, today and this month. */
  now?: (() => number) | undefined
}

export interface Dashboard {
  /** host:port as it really listens. */
  address: string
  url: string
  /** Ends open streams and frees the port. Idempotent. */
  stop(): Promise<void>
}

/** Rejects with the system's error (EADDRINUSE, EACCES) when it cannot listen. */
export async function startDashboard({ deps, listen, web, neighbour, now }: DashboardOptions): Promise<Dashboard> {
  const { host, port } = splitAddress(listen)
  let address = listen
  const live = createLive(deps.db)
  const known = { ...deps, addresses: () => ({ ...deps.addresses(), dashboard: address }) }
  const app = createApp(known, { live, ...(now && { now }) })
  const site = new Hono()
  // On this machine's own loopback, compressing costs more than it saves.
  if (!isLoopback(listen)) site.use('/api/*', compress())
  site.route('/', app).route('/', webRoute(web))
  const server = await listening(site, neighbour, { host, port })
  const bound = server.address()
  if (bound !== null && typeof bound === 'object') address = listen.replace(/:\d*$/, `:${bound.port}`)
  let stopped: Promise<void> | undefined
  return {
    address,
    url: `http://${address.replace(/^(0\.0\.0\.0|\[::\]):/, 'localhost:')}`,
    stop: () => (stopped ??= close(server, live)),
  }
}

/** Hashed assets never change; index.html is asked for each time; unknown paths are the app's own routes. */
function webRoute(web: string) {
  const site = new Hono()
  site.get(
    '/assets/*',
    serveStatic({
      root: web,
      precompressed: true,
      onFound: (_path, c) => c.header('cache-control', 'public, max-age=31536000, immutable'),
    }),
    (c) => c.text('no such asset', 404),
  )
  site.get('/:file{.+\\.(js|svg|ico|txt|webmanifest)}', serveStatic({ root: web }))
  site.get('*', async (c) =>
    c.html(await readFile(join(web, 'index.html'), 'utf8'), 200, { 'cache-control': 'no-cache' }),
  )
  return site
}

function listening(app: Hono, neighbour: Neighbour | undefined, at: { host: string; port: number }): Promise<Server> {
  const server = createServer(neighbour?.serverOptions ?? {})
  const answer = getRequestListener(app.fetch, { hostname: at.host })
  const listener: RequestListener = (request, response) => void answer(request, response)
  if (neighbour) neighbour.attach(server, listener)
  else server.on('request', listener)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, () => resolve(server))
  })
}

async function close(server: Server, live: ReturnType<typeof createLive>): Promise<void> {
  live.stop()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
}
