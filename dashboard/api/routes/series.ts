/** Lines over time, at most 300 points and 12 lines; `source` says which table answered. */
import { Hono } from 'hono'
import { latencySeries } from '../../../storage/queries/latency.ts'
import { spendSeries } from '../../../storage/queries/spend.ts'
import { throughputSeries } from '../../../storage/queries/throughput.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})

export function seriesRoute(context: RouteContext) {
  return new Hono()
    .get('/api/series/latency', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => latencySeries(db, q.filter, q.range))),
    )
    .get('/api/series/throughput', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => throughputSeries(db, q.filter, q.range))),
    )
    .get('/api/series/spend', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => spendSeries(db, q.filter, q.range))),
    )
}
