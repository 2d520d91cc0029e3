/** Inference servers over time, and what runs where. Filters of requests do not apply to them, those of servers do. `compare=1` adds the period before. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { TimeRange } from '../../../records/time-range.ts'
import { gpusOfInstances } from '../../../storage/queries/gpus-of-instance.ts'
import { heatmapLatencies, serverHeatmap } from '../../../storage/queries/server-heatmap.ts'
import { serverLatencies, serverLatencySeries } from '../../../storage/queries/server-latency.ts'
import { withPeriodBefore } from '../../../storage/queries/previous.ts'
import type { ServersQuestion } from '../../../storage/queries/server-rows.ts'
import { serverSeries } from '../../../storage/queries/server-series.ts'
import { serverTotals } from '../../../storage/queries/server-totals.ts'
import { gpusUnderRequest, topologyOver } from '../../../storage/queries/topology.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, explained, questionSchema } from '../question.ts'

const servers = {
  by: z.enum(['instance', 'endpoint']).default('instance'),
  server: z.string().optional(),
}
const compare = z.enum(['0', '1']).optional()
const totals = questionSchema(servers)
const series = questionSchema({ ...servers, compare })
const latency = questionSchema({ ...servers, of: z.enum(serverLatencies), compare })
const heatmap = questionSchema({ instance: z.string(), of: z.enum(heatmapLatencies).default('e2e_ms') })
const instances = questionSchema({ instance: z.union([z.string(), z.array(z.string()).max(100)]), compare })
const plain = questionSchema({})

export function serversRoute(context: RouteContext) {
  return new Hono()
    .get('/api/servers/totals', checked(totals), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, { range }) => serverTotals(db, about(query, range)), extra(query))
      return c.json(await answer)
    })
    .get('/api/servers/series', checked(series), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        (db, { range }) =>
          withPeriodBefore(
            (asked, like) => serverSeries(db, { ...about(query, asked), like }),
            range,
            query.compare === '1',
          ),
        extra(query),
      )
      return c.json(await answer)
    })
    .get('/api/servers/latency', checked(latency), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        (db, { range }) =>
          withPeriodBefore(
            (asked, like) => serverLatencySeries(db, { ...about(query, asked), like }, query.of),
            range,
            query.compare === '1',
          ),
        extra(query),
      )
      return c.json(await answer)
    })
    .get('/api/servers/heatmap', checked(heatmap), async (c) => {
      const query = c.req.valid('query')
      const { instance, of } = query
      const answer = askRange(
        context,
        c,
        query,
        (db, { range }) => serverHeatmap(db, instance, range, of),
        JSON.stringify([instance, of]),
      )
      return c.json(await answer)
    })
    .get('/api/servers/gpus', checked(instances), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        (db, { range }) =>
          withPeriodBefore(
            (asked) => gpusOfInstances(db, [query.instance].flat(), asked),
            range,
            query.compare === '1',
          ),
        query.compare,
      )
      return c.json(await answer)
    })
    .get('/api/topology', checked(plain), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => ({
          ...range,
          links: await topologyOver(db, range),
        })),
      ),
    )
    .get('/api/topology/:trace_id/:span_id', checked(explained), async (c) => {
      const { trace_id, span_id } = c.req.param()
      const explain = c.req.valid('query').explain === '1'
      return c.json(await context.ask(c.req.path, explain, (db) => gpusUnderRequest(db, trace_id, span_id)))
    })
}

type Asked = Partial<Record<'server' | 'instance' | 'endpoint' | 'model', string | string[] | undefined>> &
  Required<Pick<ServersQuestion, 'by'>>

function about(query: Asked, range: TimeRange): ServersQuestion {
  const columns = (['server', 'instance', 'endpoint', 'model'] as const).filter((column) => query[column] !== undefined)
  const filter = Object.fromEntries(columns.map((column) => [column, [query[column] ?? []].flat()]))
  return { range, by: query.by, filter }
}

const extra = (query: Asked & { of?: string; compare?: '0' | '1' | undefined }) =>
  JSON.stringify([query.by, query.server, query.of, query.compare])
