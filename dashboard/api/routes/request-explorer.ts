/** Around the list of requests: facets, the heatmap, what the brushed differ in, and how many came since. */
import { Hono } from 'hono'
import { z } from 'zod'
import { requestDiffers } from '../../../storage/queries/request-differs.ts'
import { facetColumns, requestFacets } from '../../../storage/queries/request-facets.ts'
import { requestHeatmap } from '../../../storage/queries/request-heatmap.ts'
import { newRequests } from '../../../storage/queries/requests.ts'
import { brushShape, insideBrush } from '../brush.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, questionSchema } from '../question.ts'

const { measure } = brushShape
const heatmap = questionSchema({ measure })
const differs = questionSchema({ measure, brush: brushShape.brush.unwrap() })
const facets = questionSchema({
  ...brushShape,
  facet: z.enum(facetColumns).optional(),
  text: z.string().max(200).default(''),
})
const fresh = questionSchema({ ...brushShape, since: z.coerce.number().int().min(0).max(9e12) })

export function requestExplorerRoute(context: RouteContext) {
  return new Hono()
    .get('/api/requests/heatmap', checked(heatmap), async (c) => {
      const query = c.req.valid('query')
      return c.json(
        await askRange(
          context,
          c,
          query,
          (db, { filter, range }) => requestHeatmap(db, filter, range, query.measure),
          query.measure,
        ),
      )
    })
    .get('/api/requests/facets', checked(facets), async (c) => {
      const query = c.req.valid('query')
      const { facet: column, text, brush } = query
      return c.json(
        await askRange(
          context,
          c,
          query,
          (db, asked) => {
            const { filter, range } = insideBrush(asked, query)
            return requestFacets(db, filter, range, { column, text }, column === undefined ? 20 : 50)
          },
          JSON.stringify([column, text, brush, query.measure]),
        ),
      )
    })
    .get('/api/requests/differs', checked(differs), async (c) => {
      const query = c.req.valid('query')
      return c.json(
        await askRange(
          context,
          c,
          query,
          (db, { filter, range }) => requestDiffers(db, filter, range, query.brush, query.measure),
          JSON.stringify([query.brush, query.measure]),
        ),
      )
    })
    .get('/api/requests/new', checked(fresh), async (c) => {
      const query = c.req.valid('query')
      return c.json(
        await askRange(
          context,
          c,
          query,
          async (db, asked) => {
            const { filter, range } = insideBrush(asked, query)
            return { requests: await newRequests(db, filter, range, query.since) }
          },
          JSON.stringify([query.since, query.brush, query.measure]),
        ),
      )
    })
}
