/** Alert groups: who is in them, who was told, and what people do about them. */
import { Hono, type Context, type MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { NotStoredError } from '../../../alerts/routing/index.ts'
import { openAlertGroups } from '../../../storage/queries/alert-state.ts'
import { remembered, type RouteContext } from '../context.ts'
import type { DashboardDeps } from '../deps.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody, explained } from '../question.ts'

const said = z.strictObject({
  who: z.string().trim().min(1, 'must not be empty').max(200),
  comment: z.string().trim().max(2_000).default(''),
})
const remark = said.extend({ comment: z.string().trim().min(1, 'must not be empty').max(2_000) })
const hint = 'Send JSON: { "who": "…", "comment": "…" }'

/** Throws 503 where alerts run in another process. */
export function routingOf({ alerts: { routing } }: DashboardDeps) {
  if (routing) return routing
  throw new ApiError(
    503,
    'Alerts do not run in this process',
    'Run serve with alerts, or let both use one ClickHouse: clickhouse.url',
  )
}

/** Answers a change only when it is stored: what somebody was told holds, over a crash too. */
export const whenStored =
  (deps: DashboardDeps): MiddlewareHandler =>
  async (c, next) => {
    const { routing } = deps.alerts
    await next()
    if (c.req.method !== 'GET') await routing?.stored().catch(unavailable)
  }

/** Throws 503 for what is not stored. */
export function unavailable(error: unknown): never {
  if (!(error instanceof NotStoredError)) throw error
  throw new ApiError(503, error.message, 'Try again')
}

export function alertGroupsRoute(context: RouteContext) {
  const { deps } = context
  type Act = 'acknowledge' | 'unacknowledge' | 'comment'
  const act = (c: Context, action: Act, body: z.output<typeof said>) => {
    const group = routingOf(deps).act(c.req.param('id') ?? '', { action, ...body })
    if (group) return c.json(group)
    throw new ApiError(404, 'There is no such alert group; it may be over', '/api/alerts/groups lists them', 'id')
  }
  return new Hono()
    .use('/api/alerts/groups/*', whenStored(deps))
    .get('/api/alerts/groups', checked(explained), async (c) => {
      const answer = { groups: routingOf(deps).groups() }
      return c.json(await remembered(context, c, c.req.valid('query'), answer, openAlertGroups))
    })
    .post('/api/alerts/groups/:id/acknowledge', checkedBody(said, hint), (c) =>
      act(c, 'acknowledge', c.req.valid('json')),
    )
    .post('/api/alerts/groups/:id/unacknowledge', checkedBody(said, hint), (c) =>
      act(c, 'unacknowledge', c.req.valid('json')),
    )
    .post('/api/alerts/groups/:id/comment', checkedBody(remark, hint), (c) => act(c, 'comment', c.req.valid('json')))
}
