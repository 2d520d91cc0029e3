/** What changed: deploys and other marks, versions, restarts, prices, alerts; the charts' marks and the overview's list. */
import { Hono } from 'hono'
import { mostChanges, recentChanges } from '../../../storage/queries/changes.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

export function changesRoute(context: RouteContext) {
  return new Hono().get('/api/changes', checked(questionSchema({})), async (c) =>
    c.json(
      await askRange(context, c, c.req.valid('query'), async (db, { range, filter }) => {
        const changes = await recentChanges(db, filter, range)
        return { ...range, changes: [...changes], most: mostChanges }
      }),
    ),
  )
}
