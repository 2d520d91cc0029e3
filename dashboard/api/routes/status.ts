/** What there is to show: data or none, versions, and the addresses that the empty state prints. */
import { Hono } from 'hono'
import { presence } from '../../../storage/queries/presence.ts'
import type { RouteContext } from '../context.ts'
import { checked } from '../question.ts'
import { z } from 'zod'

export function statusRoute({ deps, ask }: RouteContext) {
  return new Hono().get('/api/status', checked(z.strictObject({})), async (c) => {
    const known = await ask('status', false, presence)
    return c.json({
      ...known,
      version: deps.version,
      addresses: deps.addresses(),
      demo: deps.demo.state(),
      login: deps.config.api_keys.length > 0,
      /** Null where none is configured. */
      grafana_url: deps.config.grafana_url ?? null,
    })
  })
}
