/** A trace: its spans without what they say, one span in full, and what was said in it. */
import { Hono } from 'hono'
import { z } from 'zod'
import { conversation, type TurnCursor } from '../../../storage/queries/conversation.ts'
import { traceRequests } from '../../../storage/queries/trace-requests.ts'
import { maxTraceSpans, spanDetail, traceSpanCount, traceSpans } from '../../../storage/queries/trace.ts'
import type { RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, explained } from '../question.ts'

const cursor = z
  .string()
  .regex(/^\d{1,16}\.[\w-]{0,64}\.[\w-]{0,64}$/, 'expected the `next` of the page before')
  .transform((text): TurnCursor => {
    const [timestamp_us = '', trace_id = '', span_id = ''] = text.split('.')
    return { timestamp_us: Number(timestamp_us), trace_id, span_id }
  })
const said = z
  .strictObject({
    trace_id: z.string().min(1).max(200).optional(),
    session_id: z.string().min(1).max(1000).optional(),
    /** Whole prompts are in the answer: pages are small. */
    limit: z.coerce.number().int().min(1).max(100).default(20),
    after: cursor.optional(),
    explain: z.enum(['0', '1']).optional(),
  })
  .refine(({ trace_id, session_id }) => (trace_id === undefined) !== (session_id === undefined), {
    message: 'expected either trace_id or session_id',
    path: ['trace_id'],
  })

export function tracesRoute({ ask }: RouteContext) {
  return new Hono()
    .get('/api/traces/:trace_id', checked(explained), async (c) => {
      const { trace_id } = c.req.param()
      const answer = await ask(c.req.path, c.req.valid('query').explain === '1', async (db) => {
        const [spans, stored, requests] = await Promise.all([
          traceSpans(db, trace_id),
          traceSpanCount(db, trace_id),
          traceRequests(db, trace_id, maxTraceSpans),
        ])
        return { trace_id, spans, stored, limit: maxTraceSpans, requests }
      })
      if (answer.spans.length === 0 && answer.requests.length === 0)
        throw new ApiError(404, `No trace ${trace_id}`, 'It may be older than the retention')
      return c.json(answer)
    })
    .get('/api/traces/:trace_id/spans/:span_id', checked(explained), async (c) => {
      const { trace_id, span_id } = c.req.param()
      const { span, ...sql } = await ask(c.req.path, c.req.valid('query').explain === '1', async (db) => ({
        span: await spanDetail(db, trace_id, span_id),
      }))
      if (!span) throw new ApiError(404, `No span ${trace_id}/${span_id}`, 'It may be older than the retention')
      return c.json({ span, ...sql })
    })
    .get('/api/conversation', checked(said), async (c) => {
      const { trace_id, session_id = '', limit, after, explain } = c.req.valid('query')
      const group = trace_id === undefined ? { session_id } : { trace_id }
      const key = JSON.stringify([c.req.path, group, limit, after])
      const { next, ...answer } = await ask(key, explain === '1', (db) => conversation(db, group, limit, after ?? null))
      return c.json({ ...answer, next: next && `${next.timestamp_us}.${next.trace_id}.${next.span_id}` })
    })
}
