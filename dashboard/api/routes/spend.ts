/** Spend by what, this month and where it will end, budgets, and lines to charge it back by. `compare=1` adds what the time before cost, over time. */
import { Hono } from 'hono'
import { z } from 'zod'
import { budgetQuestion } from '../../../alerts/budget.ts'
import { calendarPeriods, isTimeZone } from '../../../records/calendar.ts'
import { noSpending, spendChanges, sumOfChanges, type Spending } from '../../../records/spend-change.ts'
import { activeUsersCompared } from '../../../storage/queries/active-users.ts'
import { budgetSpending } from '../../../storage/queries/alert-budget.ts'
import { chargeback } from '../../../storage/queries/chargeback.ts'
import { costBefore, costBreakdown, costDimensions, type CostTotals } from '../../../storage/queries/cost-breakdown.ts'
import { monthSpend } from '../../../storage/queries/month-spend.ts'
import { askRange, type RouteContext } from '../context.ts'
import { checked, explained, filterOf, questionSchema } from '../question.ts'

export type { CostDimension, CostTotals } from '../../../storage/queries/cost-breakdown.ts'
export type { SpendChange } from '../../../records/spend-change.ts'

const dimension = z.enum(costDimensions)
const timeZone = z.string().refine(isTimeZone, 'expected a time zone such as UTC or Europe/Berlin').default('UTC')
const breakdownQuestion = questionSchema({
  by: dimension.default('model'),
  compare: z.enum(['0', '1']).optional(),
})
const usersQuestion = questionSchema({ compare: z.enum(['0', '1']).optional() })
const monthQuestion = questionSchema({ time_zone: timeZone })
const chargebackQuestion = questionSchema({
  by: z
    .union([dimension.transform((one) => [one]), z.array(dimension).max(costDimensions.length)])
    .default(['team', 'model']),
  period: z.enum(calendarPeriods).default('month'),
  time_zone: timeZone,
})

export function spendRoute(context: RouteContext) {
  const { alerts } = context.deps
  return new Hono()
    .get('/api/spend', checked(breakdownQuestion), async (c) => {
      const query = c.req.valid('query')
      const answer = askRange(
        context,
        c,
        query,
        async (db, { filter, range }) => {
          const { groups, ...breakdown } = await costBreakdown(db, filter, range, query.by)
          const before = query.compare === '1' ? await costBefore(db, filter, breakdown) : null
          const changes = spendChanges(
            groups.map(({ previous, current }) => ({ before: spendingOf(previous), now: spendingOf(current) })),
          )
          return {
            ...breakdown,
            before,
            by: query.by,
            // Of groups beyond the limit nothing is said: their part would be the difference to the totals.
            change: sumOfChanges(changes),
            groups: groups.map((group, index) => Object.assign(group, { change: changes[index] ?? null })),
          }
        },
        JSON.stringify([query.by, query.compare]),
      )
      return c.json(await answer)
    })
    .get('/api/spend/users', checked(usersQuestion), async (c) => {
      const query = c.req.valid('query')
      const compare = query.compare === '1'
      const answer = askRange(
        context,
        c,
        query,
        (db, { filter, range }) => activeUsersCompared(db, filter, range, compare),
        query.compare,
      )
      return c.json(await answer)
    })
    .get('/api/spend/month', checked(monthQuestion), async (c) => {
      const query = c.req.valid('query')
      const now = Math.ceil(context.now() / 1000) * 1000
      const filter = filterOf(query)
      const key = JSON.stringify([c.req.path, now, filter, query.time_zone])
      return c.json(await context.ask(key, query.explain === '1', (db) => monthSpend(db, filter, now, query.time_zone)))
    })
    .get('/api/spend/budgets', checked(explained), async (c) => {
      const now = Math.ceil(context.now() / 1000) * 1000
      const watched = alerts
        .rules()
        .flatMap(({ id, name, group, budget }) => (budget ? [{ id, rule: name, group, budget }] : []))
      const explain = c.req.valid('query').explain === '1'
      return c.json(
        await context.ask(JSON.stringify([c.req.path, now, watched]), explain, async (db) => ({
          now,
          budgets: await Promise.all(
            watched.map(async (one) => {
              const asked = budgetQuestion(one.budget, now)
              return Object.assign(one, { period: asked.period, groups: await budgetSpending(db, asked) })
            }),
          ),
        })),
      )
    })
    .get('/api/spend/chargeback', checked(chargebackQuestion), async (c) => {
      const query = c.req.valid('query')
      const { by, period, time_zone } = query
      const answer = askRange(
        context,
        c,
        query,
        async (db, { filter, range }) => ({
          ...range,
          by,
          lines: await chargeback(db, filter, range, { by, period, time_zone }),
        }),
        JSON.stringify([by, period, time_zone]),
      )
      return c.json(await answer)
    })
}

/** What has no known price has no part in why the spend changed. */
function spendingOf(totals: CostTotals): Spending {
  if (totals.priced === 0) return noSpending
  const { priced, input_tokens, output_tokens, cost_usd, input_cost_usd, output_cost_usd } = totals
  return {
    requests: priced,
    input_tokens: input_tokens ?? 0,
    output_tokens: output_tokens ?? 0,
    cost_usd: cost_usd ?? 0,
    input_cost_usd: input_cost_usd ?? 0,
    output_cost_usd: output_cost_usd ?? 0,
  }
}
