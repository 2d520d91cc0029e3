/** For probes and scrapers: alive, ready, and the process's own metrics. */
import { Hono } from 'hono'
import type { RouteContext } from '../context.ts'

/** /healthz says that the process runs; /readyz that a query and an insert succeed and the spool has room. */
export function probeRoute({ deps }: RouteContext) {
  return new Hono()
    .get('/healthz', (c) => c.json({ ok: true, version: deps.version }))
    .get('/readyz', async (c) => {
      const [storage, collector] = await Promise.all([deps.storageReady(), deps.collectorReady()])
      const ok = storage.ok && collector.ok
      return c.json({ ok, storage, collector }, ok ? 200 : 503)
    })
}

export function metricsRoute({ deps }: RouteContext) {
  return new Hono().get('/metrics', async (c) =>
    c.text(await deps.metricsText(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  )
}
