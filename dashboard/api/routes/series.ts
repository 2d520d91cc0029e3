/** Lines over time, at most 300 points and 12 lines; `source` says which table answered. `compare=1` adds the period before. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { TimeRange } from '../../../records/time-range.ts'
import type { Db } from '../../../storage/client.ts'
import { latencySeries } from '../../../storage/queries/latency.ts'
import { withPrevious } from '../../../storage/queries/previous.ts'
import type { Line, SeriesFrame } from '../../../storage/queries/series.ts'
import { spendSeries } from '../../../storage/queries/spend.ts'
import { throughputSeries } from '../../../storage/queries/throughput.ts'
import type { Filter } from '../../../storage/queries/where.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'
import type { Context } from 'hono'

const question = questionSchema({ compare: z.enum(['0', '1']).optional() })
type SeriesQuery = z.output<typeof question>

export function seriesRoute(context: RouteContext) {
  const answer = <S extends SeriesFrame & { lines: Line[] }>(
    c: Context,
    query: SeriesQuery,
    series: (db: Db, filter: Filter, range: TimeRange, like: TimeRange) => Promise<S>,
  ) =>
    askRange(
      context,
      c,
      query,
      (db, { filter, range }) =>
        withPrevious((asked, like) => series(db, filter, asked, like), range, query.compare === '1'),
      query.compare,
    )
  return new Hono()
    .get('/api/series/latency', checked(question), async (c) =>
      c.json(await answer(c, c.req.valid('query'), latencySeries)),
    )
    .get('/api/series/throughput', checked(question), async (c) =>
      c.json(await answer(c, c.req.valid('query'), throughputSeries)),
    )
    .get('/api/series/spend', checked(question), async (c) =>
      c.json(await answer(c, c.req.valid('query'), spendSeries)),
    )
}
