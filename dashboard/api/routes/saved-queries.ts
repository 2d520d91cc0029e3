/** Queries that everybody on the instance sees: which there are, and what people do about them. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import type { RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody } from '../question.ts'
import { createSavedQueries, queryCharts } from '../saved-queries.ts'
import { paramName } from './sql.ts'

const maxBodyBytes = 512 * 1024

const text = (most: number) => z.string().trim().min(1, 'must not be empty').max(most)
const params = z
  .record(paramName, z.string().max(10_000))
  .refine((given) => Object.keys(given).length <= 50, 'expected at most 50 of them')

const saving = z.strictObject({
  name: text(120),
  sql: text(100_000),
  params: params.default({}),
  chart: z.enum(queryCharts).default('table'),
  saved_by: text(200),
})
/** No defaults: what is not said stays as it was. */
const changing = saving.extend({ params, chart: z.enum(queryCharts) }).partial()
const hint =
  'Send JSON: { "name": "…", "sql": "SELECT …", "params": { "name": "text" }, "chart": "table" or "chart", "saved_by": "…" }'

export function savedQueriesRoute({ deps, now }: RouteContext) {
  const saved = createSavedQueries({ db: deps.db, writer: deps.writer, now })
  const limited = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new ApiError(413, 'The query is too long', `At most ${maxBodyBytes / 1024} KiB`, 'sql')
    },
  })
  return new Hono()
    .get('/api/saved-queries', checked(z.strictObject({})), async (c) => c.json({ queries: await saved.list() }))
    .post('/api/saved-queries', limited, checkedBody(saving, hint), async (c) =>
      c.json(await saved.save(c.req.valid('json'))),
    )
    .patch('/api/saved-queries/:id', limited, checkedBody(changing, hint), async (c) =>
      c.json(await saved.change(c.req.param('id'), c.req.valid('json'))),
    )
    .delete('/api/saved-queries/:id', async (c) => {
      await saved.remove(c.req.param('id'))
      return c.json({ deleted: true })
    })
}
