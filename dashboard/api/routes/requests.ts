/** The list of requests, by time or the first by a measure, one request, and the first spans of its trace. */
import { Hono } from 'hono'
import { z } from 'zod'
import {
  requestMeasures,
  topRequests,
  type RequestMeasure,
  type TopCursor,
} from '../../../storage/queries/request-top.ts'
import { latestRequests, requestDetail, type Cursor } from '../../../storage/queries/requests.ts'
import { traceSpans } from '../../../storage/queries/trace.ts'
import { askRange, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { brushShape, insideBrush } from '../brush.ts'
import { checked, explained, questionSchema } from '../question.ts'

/** Of the list by time; with the measure and the start of what was sorted in front, of one by a measure. */
const cursor = z
  .string()
  .regex(
    /^(-?\d{1,26}(\.\d{1,20})?(e[+-]?\d{1,3})?,\d{1,16},)?\d{1,16}\.[\w-]{0,64}\.[\w-]{0,64}$/,
    'expected the `next` of the page before',
  )
  // No measure is that high, and storage knows no higher money.
  .refine((text) => Math.abs(Number(/^(.*?),/.exec(text)?.[1] ?? 0)) < 1e25, 'expected the `next` of the page before')
  .transform((text): { byTime: Cursor } | { byMeasure: TopCursor } => {
    const [position = '', from, value] = text.split(',').toReversed()
    const [timestamp_us = '', trace_id = '', span_id = ''] = position.split('.')
    const at = { timestamp_us: Number(timestamp_us), trace_id, span_id }
    return value === undefined ? { byTime: at } : { byMeasure: { ...at, value, from: Number(from) } }
  })

const textOf = ({ timestamp_us, trace_id, span_id }: Cursor) => `${timestamp_us}.${trace_id}.${span_id}`
const topTextOf = ({ value, from, ...position }: TopCursor) => `${value},${from},${textOf(position)}`

const list = questionSchema({
  ...brushShape,
  limit: z.coerce.number().int().min(1).max(500).default(50),
  after: cursor.optional(),
  sort: z
    .string()
    .regex(
      new RegExp(`^-?(${requestMeasures.join('|')})$`),
      `expected one of ${requestMeasures.join(', ')}; a minus in front begins with the highest`,
    )
    .transform((text) => ({ measure: text.replace('-', '') as RequestMeasure, down: text.startsWith('-') }))
    .optional(),
})
/** Of its trace beside a request: the page of the trace has them all. */
const drawnSpans = 1000

export function requestsRoute(context: RouteContext) {
  return new Hono()
    .get('/api/requests', checked(list), async (c) => {
      const query = c.req.valid('query')
      const { sort, after } = query
      if (after && (sort ? 'byTime' in after : 'byMeasure' in after))
        throw new ApiError(400, 'Parameter after: of a list in another order', 'Begin with the first page', 'after')
      const page = askRange(
        context,
        c,
        query,
        async (db, asked) => {
          const { filter, range } = insideBrush(asked, query)
          const read_at = context.now()
          if (sort) {
            const { measure, down } = sort
            const position = after && 'byMeasure' in after ? after.byMeasure : null
            const { next, ...top } = await topRequests(db, filter, range, measure, {
              down,
              limit: query.limit,
              after: position,
            })
            return { ...asked.range, ...top, read_at, next: next && topTextOf(next), searched_from: null }
          }
          const position = after && 'byTime' in after ? after.byTime : null
          const { next, ...page } = await latestRequests(db, filter, range, query.limit, position)
          return { ...asked.range, ...page, read_at, sorted_from: null, next: next && textOf(next) }
        },
        JSON.stringify([query.limit, query.after, query.sort, query.brush, query.measure]),
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
