/** Views of pages that everybody on the instance sees: which there are, and what people do about them. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { z } from 'zod'
import type { RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody } from '../question.ts'
import { createSavedViews } from '../saved-views.ts'

const maxBodyBytes = 32 * 1024

const text = (most: number) => z.string().trim().min(1, 'must not be empty').max(most)
const page = z.string().regex(/^\/[\w/-]{0,99}$/, 'expected the path of a page: /requests')

const saving = z.strictObject({ page, name: text(120), search: z.string().max(8000), saved_by: text(200) })
const changing = saving.omit({ page: true }).partial()
const hint = 'Send JSON: { "page": "/requests", "name": "…", "search": "q=duration%3E2s", "saved_by": "…" }'

export function savedViewsRoute({ deps, now }: RouteContext) {
  const saved = createSavedViews({ db: deps.db, writer: deps.writer, now })
  const limited = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new ApiError(413, 'The view is too long', `At most ${maxBodyBytes / 1024} KiB`, 'search')
    },
  })
  return new Hono()
    .get('/api/saved-views', checked(z.strictObject({ page })), async (c) =>
      c.json({ views: await saved.list(c.req.valid('query').page) }),
    )
    .post('/api/saved-views', limited, checkedBody(saving, hint), async (c) =>
      c.json(await saved.save(c.req.valid('json'))),
    )
    .patch('/api/saved-views/:id', limited, checkedBody(changing, hint), async (c) =>
      c.json(await saved.change(c.req.param('id'), c.req.valid('json'))),
    )
    .delete('/api/saved-views/:id', async (c) => {
      await saved.remove(c.req.param('id'))
      return c.json({ deleted: true })
    })
}
