/** SQL of people, and what they may ask: the tables with their columns, and questions that are ready to run. */
import { randomUUID } from 'node:crypto'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import { durationPattern } from '../../../records/duration.ts'
import { readyQuestions } from '../../../storage/queries/ready-questions.ts'
import { schema } from '../../../storage/queries/schema.ts'
import type { RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checkedBody, rangeOf } from '../question.ts'
import { createSqlRunner, exportFormats, rowLimit, type ExportFormat, type SqlQuestion } from '../sql.ts'

const maxBodyBytes = 512 * 1024

export const paramName = z.string().regex(/^[A-Za-z_]\w{0,63}$/, 'expected a name of letters, digits and _')
const params = z.record(paramName, z.json()).default({})

/** Either `range` up to now, or `from` and `to` in epoch ms. */
const question = z.strictObject({
  query: z.string().trim().min(1, 'expected a query'),
  params,
  id: z.uuid().optional(),
  range: z.string().regex(durationPattern, 'expected a duration such as 15m, 1h or 7d').optional(),
  from: z.number().min(0).max(9e12).optional(),
  to: z.number().min(0).max(9e12).optional(),
})
const tableQuestion = question.extend({ explain: z.boolean().default(false) })
const fileQuestion = question.extend({ format: z.enum(Object.keys(exportFormats) as [ExportFormat]) })
const hint =
  'Send JSON: { "query": "SELECT …", "range": "1h" }, or from and to in epoch ms; "params": { "name": value } for each {name:Type}'

export function sqlRoute({ deps, ask, now }: RouteContext) {
  const runner = createSqlRunner(deps.sql)
  const limited = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new ApiError(413, 'The query is too long', `At most ${maxBodyBytes / 1024} KiB`, 'query')
    },
  })
  const asked = (c: Context, body: z.output<typeof question>): SqlQuestion => ({
    query: body.query,
    params: body.params,
    id: body.id ?? randomUUID(),
    range: rangeOf(body, now()),
    signal: c.req.raw.signal,
  })
  return new Hono()
    .get('/api/schema', async (c) => {
      const { tables } = await ask(c.req.path, false, async (db) => ({ tables: await schema(db) }))
      return c.json({ tables, questions: readyQuestions, row_limit: rowLimit })
    })
    .post('/api/sql', limited, checkedBody(tableQuestion, hint), async (c) => {
      const body = c.req.valid('json')
      const one = asked(c, body)
      return c.json({ ...(await runner.table(one, body.explain)), ...one.range })
    })
    .post('/api/sql/export', limited, checkedBody(fileQuestion, hint), async (c) => {
      const body = c.req.valid('json')
      const file = await runner.file(asked(c, body), body.format)
      const name = `inferwatch-${new Date(now()).toISOString().slice(0, 19).replaceAll(':', '')}.${body.format}`
      return c.body(file, 200, {
        'content-type': exportFormats[body.format].type,
        'content-disposition': `attachment; filename="${name}"`,
      })
    })
    .delete('/api/sql/:id', (c) => c.json({ cancelled: runner.cancel(c.req.param('id')) }))
}
