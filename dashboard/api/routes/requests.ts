/** The list of requests, one request, and the first spans of its trace. */
import { Hono } from 'hono'
import { z } from 'zod'
import { latestRequests, requestDetail, type Cursor } from '../../../storage/queries/requests.ts'
import { traceSpans } from '../../../storage/queries/trace.ts'
import { askRange, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { brushShape, insideBrush } from '../brush.ts'
import { checked, questionSchema } from '../question.ts'

const cursor = z
  .string()
  .regex(/^\d{1,16}\.[\w-]{0,64}\.[\w-]{0,64}$/, 'expected the `next` of the page before')
  .transform((text): Cursor => {
    const [timestamp_us = '', trace_id = '', span_id = ''] = text.split('.')
    return { timestamp_us: Number(timestamp_us), trace_id, span_id }
  })

const list = questionSchema({
  ...brushShape,
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: cursor.optional(),
})
/** Of its trace beside a request: the page of the trace has them all. */
const drawnSpans = 1000
const explained = z.strictObject({ explain: z.enum(['0', '1']).optional() })

export function requestsRoute(context: RouteContext) {
  return new Hono()
    .get('/api/requests', checked(list), async (c) => {
      const query = c.req.valid('query')
      const page = askRange(
        context,
        c,
        query,
        async (db, asked) => {
          const { filter, range } = insideBrush(asked, query)
          const read_at = context.now()
          const page = await latestRequests(db, filter, range, query.limit, query.after ?? null)
          const { next } = page
          return {
            ...asked.range,
            ...page,
            read_at,
            next: next && `${next.timestamp_us}.${next.trace_id}.${next.span_id}`,
          }
        },
        JSON.stringify([query.limit, query.after, query.brush, query.measure]),
      )
      return c.json(await page)
    })
    .get('/api/requests/:trace_id/:span_id', checked(explained), async (c) => {
      const { trace_id, span_id } = c.req.param()
      const explain = c.req.valid('query').explain === '1'
      const answer = await context.ask(c.req.path, explain, async (db) => {
        const [request, spans] = await Promise.all([
          requestDetail(db, trace_id, span_id),
          traceSpans(db, trace_id, drawnSpans),
        ])
        return { request, spans }
      })
      const { request } = answer
      if (!request) throw new ApiError(404, `No request ${trace_id}/${span_id}`, 'It may be older than the retention')
      return c.json({ ...answer, request })
    })
}
