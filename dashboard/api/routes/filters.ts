/** The values that a filter may take in a range. */
import { Hono } from 'hono'
import { filterValues } from '../../../storage/queries/filters.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})

export function filtersRoute(context: RouteContext) {
  return new Hono().get('/api/filters', checked(question), async (c) =>
    c.json(
      await askRange(context, c, c.req.valid('query'), async (db, { range }) => ({
        values: await filterValues(db, range),
      })),
    ),
  )
}
