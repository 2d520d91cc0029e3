/** What fires or is about to, how every rule fared last, how the channels are, and what fired and was told before. */
import { Hono } from 'hono'
import { stringify } from 'yaml'
import { z } from 'zod'
import { kinds } from '../../../alerts/kinds/index.ts'
import { deliveries, firings } from '../../../storage/queries/alert-history.ts'
import { activeAlertStates } from '../../../storage/queries/alert-state.ts'
import { askRange, remembered, type RouteContext } from '../context.ts'
import { ApiError } from '../errors.ts'
import { checked, checkedBody, explained, questionSchema } from '../question.ts'

const ruleQuestion = z.strictObject({ group: z.string(), id: z.string() })
const testBody = z.strictObject({ receiver: z.string().min(1) })

export function alertsRoute(context: RouteContext) {
  const { alerts } = context.deps
  return new Hono()
    .get('/api/alerts', checked(explained), async (c) => {
      const answer = {
        active: alerts.active(),
        // Parameters are unknown values, which no typed client can carry: the SQL's text is what people read.
        rules: alerts
          .rules()
          .map(({ params, evaluations: _evaluations, yaml: _yaml, ...rule }) =>
            Object.assign(rule, { params: params && JSON.stringify(params) }),
          ),
        channels: alerts.channels(),
        lease: alerts.lease(),
      }
      return c.json(await remembered(context, c, c.req.valid('query'), answer, activeAlertStates))
    })
    .get('/api/alerts/rule', checked(ruleQuestion), (c) => {
      // What only those who look at one rule want: of all rules it would be megabytes.
      const { group, id } = c.req.valid('query')
      const found = alerts.rules().find((rule) => rule.group === group && rule.id === id)
      if (!found) throw new ApiError(404, `There is no rule ${id} in group ${group}`, '/api/alerts lists them', 'id')
      const { yaml, evaluations, interval_ms } = found
      return c.json({ yaml, evaluations, interval_ms })
    })
    .get('/api/alerts/kinds', checked(z.strictObject({})), (c) =>
      c.json({ kinds: kinds.map(({ name, example }) => ({ name, yaml: stringify(example).trimEnd() })) }),
    )
    .get('/api/alerts/history', checked(questionSchema({})), async (c) =>
      c.json(
        await askRange(context, c, c.req.valid('query'), async (db, { range }) => {
          const [fired, told] = await Promise.all([firings(db, range), deliveries(db, range)])
          return { ...range, firings: fired, deliveries: told }
        }),
      ),
    )
    .post('/api/alerts/test', checkedBody(testBody, 'Send { "receiver": "…" }'), async (c) => {
      const { receiver } = c.req.valid('json')
      try {
        return c.json({ channels: await alerts.testNotification(receiver) })
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        throw new ApiError(404, `There is no receiver "${receiver}"`, 'alerts.receivers lists them', 'receiver')
      }
    })
}
