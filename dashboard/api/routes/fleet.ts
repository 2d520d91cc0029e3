/** GPUs and inference servers. Filters of requests do not apply to them and are ignored. `compare=1` adds the period before. */
import { Hono } from 'hono'
import { z } from 'zod'
import { fleetMeasures, gpuFleet, gpuHistory, type GpuHistory } from '../../../storage/queries/gpu-fleet.ts'
import { gpuSeries, gpusNow } from '../../../storage/queries/gpu.ts'
import { jobQueues } from '../../../storage/queries/job-queues.ts'
import { rangeBefore, withPeriodBefore, type Compared } from '../../../storage/queries/previous.ts'
import { serversNow } from '../../../storage/queries/server.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const compare = z.enum(['0', '1']).optional()
const question = questionSchema({})
const gpusQuestion = questionSchema({ compare })
const fleetQuestion = questionSchema({ of: z.enum(fleetMeasures).default('utilization_ratio') })
const placeQuestion = questionSchema({ host: z.string(), gpu: z.string(), mig_id: z.string().default(''), compare })

export type { FleetMeasure } from '../../../storage/queries/gpu-fleet.ts'

export function fleetRoute(context: RouteContext) {
  return new Hono()
    .get('/api/gpus', checked(gpusQuestion), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        async (db, { range }) => {
          const compared = withPeriodBefore((asked, like) => gpuSeries(db, asked, like), range, query.compare === '1')
          const [gpus, series] = await Promise.all([gpusNow(db, range), compared])
          return { ...range, gpus, series }
        },
        query.compare,
      )
      return c.json(await answer)
    })
    .get('/api/gpus/fleet', checked(fleetQuestion), async (c) => {
      const query = c.req.valid('query')
      return c.json(await askRange(context, c, query, (db, { range }) => gpuFleet(db, range, query.of), query.of))
    })
    .get('/api/gpus/one', checked(placeQuestion), async (c) => {
      const query = c.req.valid('query')
      const { host, gpu, mig_id } = query
      const place = { host, gpu, mig_id }
      const answer = askRange(
        context,
        c,
        query,
        async (db, { range }): Promise<Compared<GpuHistory>> => {
          const history = await gpuHistory(db, place, range)
          if (query.compare !== '1') return history
          return { ...history, previous: await gpuHistory(db, place, rangeBefore(history), range) }
        },
        JSON.stringify([place, query.compare]),
      )
      return c.json(await answer)
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
