/** What fires or is about to, how every rule fared last, and how the channels are. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { RouteContext } from '../context.ts'
import { checked } from '../question.ts'

export function alertsRoute({ deps: { alerts } }: RouteContext) {
  return new Hono().get('/api/alerts', checked(z.strictObject({})), (c) =>
    c.json({
      active: alerts.active(),
      // Parameters are unknown values, which no typed client can carry: the SQL's text is what people read.
      rules: alerts.rules().map((rule) => {
        const { params, evaluations: _, ...rest } = rule
        return Object.assign(rest, { params: params && JSON.stringify(params) })
      }),
      channels: alerts.channels(),
    }),
  )
}
