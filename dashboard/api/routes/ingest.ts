/** Scrape targets, and what ingest refused. */
import { Hono } from 'hono'
import { ingestIssues } from '../../../storage/queries/ingest.ts'
import { latestTargets } from '../../../storage/queries/targets.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})

export function ingestRoute(context: RouteContext) {
  return new Hono()
    .get('/api/targets', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => ({
          targets: await latestTargets(db, range.from),
        })),
      ),
    )
    .get('/api/ingest', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => ({
          ...range,
          issues: await ingestIssues(db, range),
        })),
      ),
    )
}
