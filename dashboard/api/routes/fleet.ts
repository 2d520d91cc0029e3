/** GPUs and inference servers. Filters of requests do not apply to them and are ignored. */
import { Hono } from 'hono'
import { gpuSeries, gpusNow } from '../../../storage/queries/gpu.ts'
import { jobQueues } from '../../../storage/queries/job-queues.ts'
import { serversNow } from '../../../storage/queries/server.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})

export function fleetRoute(context: RouteContext) {
  return new Hono()
    .get('/api/gpus', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => {
          const [gpus, series] = await Promise.all([gpusNow(db, range), gpuSeries(db, range)])
          return { ...range, gpus, series }
        }),
      ),
    )
    .get('/api/servers', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => ({
          ...range,
          servers: await serversNow(db, range),
        })),
      ),
    )
    .get('/api/queues', checked(question), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => ({
          ...range,
          queues: await jobQueues(db, range),
        })),
      ),
    )
}
