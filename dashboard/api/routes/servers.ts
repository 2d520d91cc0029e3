/** Inference servers over time, and what runs where. Filters of requests do not apply to them, those of servers do. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { TimeRange } from '../../../records/time-range.ts'
import { gpusOfInstances } from '../../../storage/queries/gpus-of-instance.ts'
import { serverLatencies, serverLatencySeries } from '../../../storage/queries/server-latency.ts'
import type { ServersQuestion } from '../../../storage/queries/server-rows.ts'
import { serverSeries } from '../../../storage/queries/server-series.ts'
import { serverTotals } from '../../../storage/queries/server-totals.ts'
import { gpusUnderRequest, topologyOver } from '../../../storage/queries/topology.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const servers = {
  by: z.enum(['instance', 'endpoint']).default('instance'),
  server: z.string().optional(),
}
const totals = questionSchema(servers)
const latency = questionSchema({ ...servers, of: z.enum(serverLatencies) })
const instances = questionSchema({ instance: z.union([z.string(), z.array(z.string()).max(100)]) })
const plain = questionSchema({})
const explained = z.strictObject({ explain: z.enum(['0', '1']).optional() })

export function serversRoute(context: RouteContext) {
  return new Hono()
    .get('/api/servers/totals', checked(totals), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, { range }) => serverTotals(db, about(query, range)), extra(query))
      return c.json(await answer)
    })
    .get('/api/servers/series', checked(totals), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, { range }) => serverSeries(db, about(query, range)), extra(query))
      return c.json(await answer)
    })
    .get('/api/servers/latency', checked(latency), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        (db, { range }) => serverLatencySeries(db, about(query, range), query.of),
        extra(query),
      )
      return c.json(await answer)
    })
    .get('/api/servers/gpus', checked(instances), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(context, c, query, (db, { range }) => gpusOfInstances(db, [query.instance].flat(), range))
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

const extra = (query: Asked & { of?: string }) => JSON.stringify([query.by, query.server, query.of])
