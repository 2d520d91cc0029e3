/** Spend of a calendar period against an amount: each threshold is told once in the period, whatever the forecast does later. */
import { z } from 'zod'
import { calendarPeriods, isTimeZone, periodAt } from '../../records/calendar.ts'
import { alertBudget, type BudgetThreshold } from '../../storage/queries/alert-budget.ts'
import { alertPresence } from '../../storage/queries/alert-scan.ts'
import { budgetQuestion, type Budget } from '../budget.ts'
import { thresholdSchema } from '../threshold.ts'
import { defineKind, ownShape, scanShape } from './kind.ts'

const day = 86_400_000
const longestMs = { day: 25 / 24, week: 7 + 1 / 24, month: 31 + 1 / 24, quarter: 92 + 1 / 24 }

const { min_requests: _, ...filterShape } = scanShape

const dollars = z.union([z.string(), z.number()]).transform((written, context) => {
  const amount = Number(/^\$?\s*(\d+(?:\.\d+)?)$/.exec(String(written).trim())?.[1])
  if (amount > 0) return amount
  context.addIssue({ code: 'custom', message: 'expected dollars, such as $1000 or 1000' })
  return z.NEVER
})

const shares = z.array(thresholdSchema('ratio').refine((ratio) => ratio > 0, 'expected more than 0%'))

export const timeZone = z
  .string()
  .default('UTC')
  .refine(isTimeZone, 'expected a time zone such as UTC or Europe/Berlin')
  .describe('Where days begin')

export const budget = defineKind({
  name: 'budget',
  unit: 'ratio',
  threshold: 'none',
  schema: z.strictObject({
    ...ownShape(),
    ...filterShape,
    kind: z.literal('budget'),
    amount: dollars.describe('Dollars per period; with `by`, for each group'),
    period: z.enum(calendarPeriods).default('month').describe('Calendar period that it is for'),
    time_zone: timeZone,
    thresholds: shares.default([0.5, 0.8, 1]).describe('Shares of the amount that are told once spent'),
    forecast: shares.default([1]).describe('Shares that are told once the period is expected to end with them'),
  }),
  example: {
    alert: 'TeamBudget',
    kind: 'budget',
    amount: '$1000',
    period: 'month',
    time_zone: 'Europe/Berlin',
    by: ['team'],
    thresholds: ['50%', '80%', '100%'],
    forecast: ['100%'],
  },
  windowMs: ({ period }) => longestMs[period] * day,
  presence: ({ where }, range) => alertPresence({ where, range }),
  question(rule, _threshold, { to }) {
    return alertBudget({
      ...budgetQuestion(budgetOf(rule), to),
      amount_usd: rule.amount,
      amount: amountLabel(rule.amount),
      thresholds: thresholdsOf(rule),
      limit: rule.limit,
    })
  },
  budget: budgetOf,
  /** Until the period ends, the amount changes or the threshold goes. */
  latched(rule, { period, amount, basis, threshold }, at) {
    return (
      period === periodAt(rule.period, at, rule.time_zone).name &&
      amount === amountLabel(rule.amount) &&
      thresholdsOf(rule).some((known) => known.basis === basis && known.text === threshold)
    )
  },
  /** More of the same budget is spent; what is spent is no forecast any more. */
  outranks(rule, labels, others) {
    const same = [...rule.by, 'period', 'amount'].every((name) => labels[name] === others[name])
    const [own, other] = [labels, others].map(({ basis, threshold }) =>
      thresholdsOf(rule).find((known) => known.basis === basis && known.text === threshold),
    )
    if (!same || !own || !other) return false
    if (own.basis !== other.basis) return own.basis === 'actual' && own.ratio >= other.ratio
    return own.ratio > other.ratio
  },
})

type BudgetFields = Pick<Budget, 'by' | 'where' | 'period' | 'time_zone'> & { amount: number }

function budgetOf({ by, where, period, time_zone, amount }: BudgetFields): Budget {
  return { by, where, period, time_zone, amount_usd: amount }
}

const amountLabel = (dollarsOf: number) => `$${dollarsOf}`

function thresholdsOf(rule: { thresholds: number[]; forecast: number[] }): BudgetThreshold[] {
  const as = (basis: BudgetThreshold['basis']) => (ratio: number) => ({ basis, ratio, text: percent(ratio) })
  return [...rule.thresholds.map(as('actual')), ...rule.forecast.map(as('forecast'))]
}

const percent = (ratio: number) => `${Number((ratio * 100).toFixed(6))}%`
