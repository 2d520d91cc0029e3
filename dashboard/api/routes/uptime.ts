/** Endpoints as their probes see them: over the calendar month, in UTC, that the end of the range is in. */
import { Hono } from 'hono'
import { outages, uptime } from '../../../storage/queries/uptime.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})

export function uptimeRoute(context: RouteContext) {
  return new Hono().get('/api/uptime', checked(question), async (c) =>
    c.json(
      await askRange(context, c, c.req.valid('query'), async (db, { range }) => {
        const month = monthOf(range.to - 1)
        const [probes, broken] = await Promise.all([uptime(db, month, range.to), outages(db, month)])
        return { ...month, now: range.to, probes, outages: broken }
      }),
    ),
  )
}

function monthOf(at: number): { from: number; to: number } {
  const day = new Date(at)
  const [year, month] = [day.getUTCFullYear(), day.getUTCMonth()]
  return { from: Date.UTC(year, month), to: Date.UTC(year, month + 1) }
}
