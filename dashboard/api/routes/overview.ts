/** Is it well: totals and what is full, every endpoint, who stands out, and what today cost so far. */
import { Hono } from 'hono'
import { z } from 'zod'
import { isTimeZone } from '../../../records/calendar.ts'
import { contextShare } from '../../../storage/queries/context-share.ts'
import { endpointsHealth } from '../../../storage/queries/endpoint-health.ts'
import { models } from '../../../storage/queries/models.ts'
import { offenderKinds, offenders } from '../../../storage/queries/offenders.ts'
import { overview } from '../../../storage/queries/overview.ts'
import { todaySpend } from '../../../storage/queries/today-spend.ts'
import { vram } from '../../../storage/queries/vram.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, filterOf, questionSchema } from '../question.ts'

export type { OffenderKind } from '../../../storage/queries/offenders.ts'

const question = questionSchema({})
const offendersQuestion = questionSchema({ by: z.enum(offenderKinds).default('model') })
const todayQuestion = questionSchema({
  time_zone: z.string().refine(isTimeZone, 'expected a time zone such as UTC or Europe/Berlin').default('UTC'),
})

export function overviewRoute(context: RouteContext) {
  return new Hono()
    .get('/api/overview', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, { filter, range }) => overview(db, filter, range))),
    )
    .get('/api/overview/fill', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { filter, range }) => {
          // GPUs run for everybody: filters of requests say nothing of them.
          const [memory, windows] = await Promise.all([vram(db, range), contextShare(db, filter, range)])
          return { ...range, vram: memory, context: windows }
        }),
      ),
    )
    .get('/api/overview/endpoints', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), (db, { filter, range }) => endpointsHealth(db, filter, range)),
      ),
    )
    .get('/api/overview/offenders', checked(offendersQuestion), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, q) => offenders(db, query.by, q.filter, q.range), query.by)
      return c.json(await answer)
    })
    .get('/api/overview/today', checked(todayQuestion), async (c) => {
      const query = c.req.valid('query')
      const now = Math.ceil(context.now() / 1000) * 1000
      const filter = filterOf(query)
      const key = JSON.stringify([c.req.path, now, filter, query.time_zone])
      return c.json(await context.ask(key, query.explain === '1', (db) => todaySpend(db, filter, now, query.time_zone)))
    })
    .get('/api/models', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, { filter, range }) => models(db, filter, range))),
    )
}
