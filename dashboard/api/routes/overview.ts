import { Hono } from 'hono'
import { models } from '../../../storage/queries/models.ts'
import { overview } from '../../../storage/queries/overview.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})

export function overviewRoute(context: RouteContext) {
  return new Hono()
    .get('/api/overview', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, { filter, range }) => overview(db, filter, range))),
    )
    .get('/api/models', checked(question), async (c) =>
      c.json(await askRange(context, c, c.req.valid('query'), (db, { filter, range }) => models(db, filter, range))),
    )
}
