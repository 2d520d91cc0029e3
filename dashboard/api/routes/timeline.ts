/** Requests around the range, for the strip that one drags it on. */
import { Hono } from 'hono'
import { timeline } from '../../../storage/queries/timeline.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})

export function timelineRoute(context: RouteContext) {
  return new Hono().get('/api/timeline', checked(question), async (c) =>
    c.json(await askRange(context, c, c.req.valid('query'), (db, { filter, range }) => timeline(db, filter, range))),
  )
}
