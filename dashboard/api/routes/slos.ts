/** Service level objectives: budget left, burn, windows and course of each, as of now. */
import { Hono } from 'hono'
import { z } from 'zod'
import { sloStatus } from '../../../alerts/slo/status.ts'
import type { RouteContext } from '../context.ts'
import { checked } from '../question.ts'

const question = z.strictObject({
  rule: z.string().optional(),
  group: z.string().optional(),
  explain: z.enum(['0', '1']).optional(),
})

export function slosRoute({ deps: { alerts }, ask, now }: RouteContext) {
  return new Hono().get('/api/slos', checked(question), async (c) => {
    const { rule, group, explain } = c.req.valid('query')
    const at = Math.ceil(now() / 1000) * 1000
    const watched = alerts
      .rules()
      .flatMap(({ id, name, group: of, slo }) => (slo ? [{ id, rule: name, group: of, slo }] : []))
      .filter((known) => (rule ?? known.rule) === known.rule && (group ?? known.group) === known.group)
    const key = JSON.stringify([c.req.path, at, watched])
    return c.json(
      await ask(key, explain === '1', async (db) => ({
        now: at,
        slos: await Promise.all(watched.map(async (one) => Object.assign(await sloStatus(db, one.slo, at), one))),
      })),
    )
  })
}
