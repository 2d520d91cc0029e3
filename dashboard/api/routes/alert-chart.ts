/** The charts that messages link to. Vendors fetch them without a key: the id in the address can't be guessed. */
import { Hono } from 'hono'
import type { RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'

const maxAgeS = 7 * 24 * 3600

export function alertChartRoute({ deps: { alerts } }: Pick<RouteContext, 'deps'>) {
  return new Hono().get('/api/alerts/chart/:name{[\\w-]+\\.png}', async (c) => {
    const png = await alerts.chart(c.req.param('name').replace(/\.png$/, ''))
    if (!png)
      throw new ApiError(
        404,
        'No such chart',
        'the latest 500 charts are kept, for a week, by the process that told of them',
      )
    const headers = {
      'content-type': 'image/png',
      'cache-control': `public, max-age=${maxAgeS}, immutable`,
      // Some vendors' pages embed it from here.
      'cross-origin-resource-policy': 'cross-origin',
    }
    return c.body(Uint8Array.from(png), 200, headers)
  })
}
