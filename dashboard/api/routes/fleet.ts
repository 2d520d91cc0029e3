/** GPUs and inference servers. Filters of requests do not apply to them and are ignored. */
import { Hono } from 'hono'
import { z } from 'zod'
import { fleetMeasures, gpuFleet, gpuHistory } from '../../../storage/queries/gpu-fleet.ts'
import { gpuSeries, gpusNow } from '../../../storage/queries/gpu.ts'
import { jobQueues } from '../../../storage/queries/job-queues.ts'
import { serversNow } from '../../../storage/queries/server.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const question = questionSchema({})
const fleetQuestion = questionSchema({ of: z.enum(fleetMeasures).default('utilization_ratio') })
const placeQuestion = questionSchema({ host: z.string(), gpu: z.string(), mig_id: z.string().default('') })

export type { FleetMeasure } from '../../../storage/queries/gpu-fleet.ts'

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
    .get('/api/gpus/fleet', checked(fleetQuestion), async (c) => {
      const query = c.req.valid('query')
      return c.json(await askRange(context, c, query, (db, { range }) => gpuFleet(db, range, query.of), query.of))
    })
    .get('/api/gpus/one', checked(placeQuestion), async (c) => {
      const query = c.req.valid('query')
      const { host, gpu, mig_id } = query
      const place = { host, gpu, mig_id }
      return c.json(
        await askRange(context, c, query, (db, { range }) => gpuHistory(db, place, range), JSON.stringify(place)),
      )
    })
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
