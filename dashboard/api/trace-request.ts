import { SpanKind } from '@opentelemetry/api'
import type { MiddlewareHandler } from 'hono'
import { traced } from '../../storage/traced.ts'

/** A span per API request, for those who trace Inferwatch itself. Ids leave the name, so that names stay few. */
export const traceRequest: MiddlewareHandler = (c, next) => {
  const path = c.req.path.replaceAll(/\/[0-9a-f]{16,}/g, '/:id')
  const attributes = { 'http.request.method': c.req.method, 'http.route': path }
  return traced(`${c.req.method} ${path}`, attributes, next, SpanKind.SERVER)
}
