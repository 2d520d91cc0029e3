/** Models and endpoints: lists of them, and one of them over time, which is a filter like any other. */
import { Hono } from 'hono'
import { z } from 'zod'
import { breakdown, breakdownDimensions } from '../../../storage/queries/breakdown.ts'
import { concurrency } from '../../../storage/queries/concurrency.ts'
import { contextUse } from '../../../storage/queries/context-use.ts'
import { errorClasses } from '../../../storage/queries/error-classes.ts'
import { trafficLatency, trafficVolume } from '../../../storage/queries/traffic-series.ts'
import { traffic, trafficBy } from '../../../storage/queries/traffic.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})
const list = questionSchema({ by: z.enum(trafficBy) })
const dimension = questionSchema({ by: z.enum(breakdownDimensions) })

export function trafficRoute(context: RouteContext) {
  return new Hono()
    .get('/api/traffic', checked(list), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, q) => traffic(db, query.by, q.filter, q.range), query.by)
      return c.json(await answer)
    })
    .get('/api/traffic/latency', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => trafficLatency(db, q.filter, q.range))),
    )
    .get('/api/traffic/volume', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => trafficVolume(db, q.filter, q.range))),
    )
    .get('/api/traffic/concurrency', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => concurrency(db, q.filter, q.range))),
    )
    .get('/api/traffic/errors', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => errorClasses(db, q.filter, q.range))),
    )
    .get('/api/traffic/context', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, q) => contextUse(db, q.filter, q.range))),
    )
    .get('/api/breakdown', checked(dimension), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, q) => breakdown(db, query.by, q.filter, q.range), query.by)
      return c.json(await answer)
    })
}
