/** Marks on time lines: which there are, and what people and their pipelines do about them. */
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { annotationInput, annotationsAbout, createAnnotations } from '../annotations.ts'
import { askRange, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody, questionSchema } from '../question.ts'

const path = '/api/annotations'
const maxBodyBytes = 32 * 1024
const hint =
  'Send JSON: { "title": "vLLM 0.11 rolled out", "kind": "deploy", "labels": { "endpoint": "llama-70b" }, "url": "https://…" }'

/** Whether a request makes a mark, which a key for telemetry is enough for. */
export const isAnnotating = (c: Context) => c.req.method === 'POST' && c.req.path === path

export function annotationsRoute(context: RouteContext) {
  const { deps, now } = context
  const annotations = createAnnotations({ db: deps.db, writer: deps.writer, now })
  const limited = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new ApiError(413, 'The annotation is too long', `At most ${maxBodyBytes / 1024} KiB`, 'text')
    },
  })
  return new Hono()
    .get(path, checked(questionSchema({})), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range, filter }) => ({
          ...range,
          annotations: await annotationsAbout(db, filter, range),
        })),
      ),
    )
    .post(path, limited, checkedBody(annotationInput, hint), async (c) =>
      c.json(await annotations.save(c.req.valid('json'))),
    )
    .delete(`${path}/:id`, async (c) => {
      await annotations.remove(c.req.param('id'))
      return c.json({ deleted: true })
    })
    .post(`${path}/:id/restore`, async (c) => c.json(await annotations.restore(c.req.param('id'))))
}
