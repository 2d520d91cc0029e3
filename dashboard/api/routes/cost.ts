/** Why one request costs what it costs: tokens × rates = dollars. */
import { Hono } from 'hono'
import { costExplanation } from '../../../storage/queries/cost.ts'
import type { RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, explained } from '../question.ts'

export type { CostExplanation, CostLine } from '../../../records/cost-explanation.ts'

export function costRoute({ ask }: RouteContext) {
  const answer = async (path: string, explain: boolean, traceId: string, spanId: string) => {
    const { cost, ...sql } = await ask(path, explain, async (db) => ({
      cost: await costExplanation(db, traceId, spanId),
    }))
    if (!cost) throw new ApiError(404, `No request ${traceId}/${spanId}`, 'It may be older than the retention')
    return { ...cost, ...sql }
  }
  return (
    new Hono()
      .get('/api/requests/:trace_id/:span_id/cost', checked(explained), async (c) => {
        const { trace_id, span_id } = c.req.param()
        return c.json(await answer(c.req.path, c.req.valid('query').explain === '1', trace_id, span_id))
      })
      // Both ids as one, as pages and lists write them.
      .get('/api/requests/:id/cost', checked(explained), async (c) => {
        const { id } = c.req.param()
        const [, traceId, spanId] = /^([^.:]+?)[.:-]([^.:-]+)$/.exec(id) ?? []
        if (traceId === undefined || spanId === undefined)
          throw new ApiError(
            400,
            `"${id}" names no request`,
            'Write <trace_id>.<span_id>, or both with a / between',
            'id',
          )
        return c.json(await answer(c.req.path, c.req.valid('query').explain === '1', traceId, spanId))
      })
  )
}
