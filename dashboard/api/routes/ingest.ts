/** Scrape targets and where they are looked for, and the inbox: what ingest refused, cut or doubts, with what to do about it. */
import { Hono } from 'hono'
import { providersNow } from '../../../storage/queries/discovery.ts'
import { ingestIssues } from '../../../storage/queries/ingest.ts'
import { latestTargets } from '../../../storage/queries/targets.ts'
import { askRange, type RouteContext } from '../context.ts'
import { adviceOn } from '../inbox/advice.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})
const maxIssues = 500

export function ingestRoute(context: RouteContext) {
  return new Hono()
    .get('/api/targets', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => {
          const [targets, providers] = await Promise.all([latestTargets(db, range), providersNow(db, range.from)])
          return { ...range, targets, providers }
        }),
      ),
    )
    .get('/api/ingest', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => {
          const rows = await ingestIssues(db, range, maxIssues + 1)
          const issues = rows.slice(0, maxIssues).map((row) => Object.assign(row, adviceOn(row)))
          return { ...range, issues, more: rows.length > maxIssues }
        }),
      ),
    )
}
