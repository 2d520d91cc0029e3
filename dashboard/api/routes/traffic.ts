/** Models and endpoints: lists of them, and one of them over time, which is a filter like any other. `compare=1` adds the period before. */
import { Hono, type Context } from 'hono'
import { z } from 'zod'
import type { TimeRange } from '../../../records/time-range.ts'
import type { Db } from '../../../storage/client.ts'
import { breakdown, breakdownDimensions } from '../../../storage/queries/breakdown.ts'
import { concurrency } from '../../../storage/queries/concurrency.ts'
import { contextUse } from '../../../storage/queries/context-use.ts'
import { errorClasses } from '../../../storage/queries/error-classes.ts'
import { withPeriodBefore } from '../../../storage/queries/previous.ts'
import type { SeriesFrame } from '../../../storage/queries/series.ts'
import { trafficLatency, trafficVolume } from '../../../storage/queries/traffic-series.ts'
import { traffic, trafficBy } from '../../../storage/queries/traffic.ts'
import type { Filter } from '../../../storage/queries/where.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const compared = questionSchema({ compare: z.enum(['0', '1']).optional() })
type ComparedQuery = z.output<typeof compared>
const list = questionSchema({ by: z.enum(trafficBy) })
const dimension = questionSchema({ by: z.enum(breakdownDimensions), compare: z.enum(['0', '1']).optional() })

export function trafficRoute(context: RouteContext) {
  /** Of all requests that a filter leaves, with the period before where one compares. */
  const answer = <S extends SeriesFrame>(
    c: Context,
    query: ComparedQuery,
    series: (db: Db, filter: Filter, range: TimeRange, like: TimeRange) => Promise<S>,
  ) =>
    askRange(
      context,
      c,
      query,
      (db, { filter, range }) =>
        withPeriodBefore((asked, like) => series(db, filter, asked, like), range, query.compare === '1'),
      query.compare,
    )
  return new Hono()
    .get('/api/traffic', checked(list), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, q) => traffic(db, query.by, q.filter, q.range), query.by)
      return c.json(await answer)
    })
    .get('/api/traffic/latency', checked(compared), async (c) =>
      c.json(await answer(c, c.req.valid('query'), trafficLatency)),
    )
    .get('/api/traffic/volume', checked(compared), async (c) =>
      c.json(await answer(c, c.req.valid('query'), trafficVolume)),
    )
    .get('/api/traffic/concurrency', checked(compared), async (c) =>
      c.json(await answer(c, c.req.valid('query'), concurrency)),
    )
    .get('/api/traffic/errors', checked(compared), async (c) =>
      c.json(await answer(c, c.req.valid('query'), errorClasses)),
    )
    .get('/api/traffic/context', checked(compared), async (c) =>
      c.json(await answer(c, c.req.valid('query'), contextUse)),
    )
    .get('/api/breakdown', checked(dimension), async (c) => {
      const query = c.req.valid('query')
      const compare = query.compare === '1'
      const answer = askRange(
        context,
        c,
        query,
        (db, q) => breakdown(db, query.by, q.filter, q.range, compare),
        `${query.by} ${compare}`,
      )
      return c.json(await answer)
    })
}
